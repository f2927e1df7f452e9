# What leads to what. `terraform test` needs no account: the provider is mocked.

mock_provider "aws" {
  source = "./tests/mocks"
}

provider "aws" {
  alias                       = "secrets"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  generate_parameters = false # nothing that is ephemeral can be mocked
  parameter_values    = { pseudonym_key = "taken over from another deployment" }
}

run "a_first_deployment" {
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.rule : target.arn == aws_sfn_alias.live[target.target_id].arn])
    error_message = "Rules start the alias, so that one shift moves everybody."
  }
  assert {
    condition     = alltrue([for name, schedule in aws_scheduler_schedule.schedule : one(schedule.target).arn == aws_sfn_alias.live[local.description.schedules[name].state_machine].arn])
    error_message = "Schedules start the alias, too."
  }
  assert {
    condition     = one(aws_scheduler_schedule.schedule["every_midnight"].target).input == "{\"scheduled\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "Scheduler finds what it is to put in."
  }
  assert {
    condition     = alltrue([for name, pipe in aws_pipes_pipe.pipe : pipe.target == aws_sfn_alias.live[local.description.pipes[name].state_machine].arn])
    error_message = "Pipes start the alias, too."
  }
  assert {
    condition     = alltrue([for name, pipe in aws_pipes_pipe.pipe : pipe.enrichment == aws_lambda_function.function[local.description.pipes[name].enrichment].qualified_arn])
    error_message = "A pipe's enrichment is a version of its function."
  }
  assert {
    condition     = aws_lambda_function.function["notify"].environment[0].variables.TRANSACTIONS_URL == aws_sqs_queue.queue["transactions"].url
    error_message = "Notify asks for digests where the stream reads."
  }
  assert {
    condition     = aws_sqs_queue.queue["transactions"].max_message_size == 262144
    error_message = "Providers before 6.8 take no more."
  }
  assert {
    condition     = alltrue([for alias in aws_sfn_alias.live : one(alias.routing_configuration).weight == 100])
    error_message = "The alias leads to one version."
  }
  assert {
    condition     = one(aws_sfn_alias.live["ingest"].routing_configuration).state_machine_version_arn == aws_sfn_state_machine.state_machine["ingest"].state_machine_version_arn
    error_message = "The alias leads to the newest version."
  }
  assert {
    condition     = strcontains(aws_sfn_state_machine.state_machine["ingest"].definition, aws_lambda_function.function["notify"].qualified_arn)
    error_message = "Definitions name versions of functions."
  }
  assert {
    condition     = !strcontains(aws_sfn_state_machine.state_machine["ingest"].definition, "$${")
    error_message = "No placeholder is left."
  }
  assert {
    condition     = output.environment.STATE_MACHINE_ARN == aws_sfn_alias.live["ingest"].arn
    error_message = "Commands start the alias, too."
  }
  assert {
    condition     = aws_s3_bucket.bucket["raw"].bucket == "statewright-raw-000000000000-us-east-1"
    error_message = "Names of buckets are unique in all of AWS."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.bucket : !bucket.force_destroy]) && alltrue([for table in aws_dynamodb_table.table : table.deletion_protection_enabled])
    error_message = "A first deployment is protected."
  }
  assert {
    condition     = length(aws_budgets_budget.monthly) == 0 && length(aws_sns_topic_subscription.alarms) == 0
    error_message = "What nobody asked for is not there."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.reserved_concurrent_executions == -1])
    error_message = "No concurrency is reserved unless somebody says so."
  }
}

run "a_deployment_that_differs" {
  variables {
    name                 = "shop-staging"
    bucket_suffix        = "my-team"
    deletion_protection  = false
    notification_emails  = ["data@example.com"]
    alarm_emails         = ["duty@example.com", "lead@example.com"]
    monthly_budget_usd   = 50
    reserved_concurrency = { write_to_ddb = 40 }
  }

  assert {
    condition     = aws_s3_bucket.bucket["raw"].bucket == "shop-staging-raw-my-team"
    error_message = "Names of buckets end as they should."
  }
  assert {
    condition     = aws_lambda_function.function["enrich"].environment[0].variables.TABLE_PREFIX == "shop-staging-"
    error_message = "Functions write into tables of the same deployment."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.conservation_violated["orders"].namespace == aws_lambda_function.function["notify"].environment[0].variables.POWERTOOLS_METRICS_NAMESPACE
    error_message = "Alarms look where the functions count."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.conservation_violated["orders"].dimensions.service == aws_lambda_function.function["notify"].environment[0].variables.POWERTOOLS_SERVICE_NAME
    error_message = "They look for the service that the functions say they are."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.bucket : bucket.force_destroy]) && !anytrue([for table in aws_dynamodb_table.table : table.deletion_protection_enabled])
    error_message = "Without protection everything can go."
  }
  assert {
    condition     = { for each in aws_sns_topic_subscription.alarms : each.endpoint => each.topic_arn } == { for address in var.alarm_emails : address => "arn:aws:sns:us-east-1:000000000000:shop-staging-alarms" }
    error_message = "Alarms go to those who are on duty."
  }
  assert {
    condition     = aws_sns_topic_subscription.notifications["data@example.com"].topic_arn == "arn:aws:sns:us-east-1:000000000000:shop-staging-notifications"
    error_message = "What becomes of files goes to those who asked for it."
  }
  assert {
    condition     = alltrue([for each in aws_budgets_budget.monthly[0].notification : each.subscriber_email_addresses == var.alarm_emails])
    error_message = "The budget warns those on duty."
  }
  assert {
    condition     = aws_lambda_function.function["write_to_ddb"].reserved_concurrent_executions == 40 && aws_lambda_function.function["enrich"].reserved_concurrent_executions == -1
    error_message = "Concurrency is reserved for whom it is said."
  }
}

run "a_key_of_the_team" {
  state_key = "with a key from the start"

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = alltrue([
      for bucket in aws_s3_bucket_server_side_encryption_configuration.bucket :
      one(one(bucket.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
      && one(one(bucket.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
      && one(bucket.rule).bucket_key_enabled
    ])
    error_message = "Buckets use it, asking KMS once a bucket and not once an object."
  }
  assert {
    condition     = alltrue([for table in aws_dynamodb_table.table : one(table.server_side_encryption).kms_key_arn == var.kms_key_arn && one(table.server_side_encryption).enabled])
    error_message = "Tables use it."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.queue : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "Queues use it."
  }
  assert {
    condition     = alltrue([for topic in concat(values(aws_sns_topic.topic), [aws_sns_topic.alarms]) : topic.kms_master_key_id == var.kms_key_arn])
    error_message = "Topics use it."
  }
  assert {
    condition     = alltrue([for group in concat(values(aws_cloudwatch_log_group.function), values(aws_cloudwatch_log_group.state_machine), values(aws_cloudwatch_log_group.pipe)) : group.kms_key_id == var.kms_key_arn])
    error_message = "Log groups use it."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.kms_key_arn == var.kms_key_arn])
    error_message = "Functions use it."
  }
  assert {
    condition     = one(aws_sfn_state_machine.state_machine["ingest"].encryption_configuration).kms_key_id == var.kms_key_arn
    error_message = "Executions use it."
  }
  assert {
    condition     = aws_ssm_parameter.parameter["pseudonym_key"].key_id == var.kms_key_arn
    error_message = "Parameters use it."
  }
}

run "a_version_on_trial" {
  variables {
    stable_versions = { ingest = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:6" }
    canary_percent  = 10
  }

  assert {
    condition = { for route in aws_sfn_alias.live["ingest"].routing_configuration : route.state_machine_version_arn => route.weight } == {
      "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:6" = 90
      "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:7" = 10
    }
    error_message = "The newest version takes its share, the stable one the rest."
  }
}

run "a_trial_that_failed" {
  variables {
    stable_versions = { ingest = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:6" }
    canary_percent  = 0
  }

  assert {
    condition     = one(aws_sfn_alias.live["ingest"].routing_configuration).state_machine_version_arn == var.stable_versions.ingest
    error_message = "The stable version takes all again."
  }
}

run "nothing_to_try" {
  command = plan

  variables {
    stable_versions = { ingest = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:7" }
    canary_percent  = 10
  }
  expect_failures = [aws_sfn_alias.live]
}
