resource "aws_cloudwatch_log_group" "pipe" {
  #checkov:skip=CKV_AWS_338:How long is the team's to say: log_retention_days. What was worked on is in the ledger, which stays
  for_each = local.description.pipes

  name              = "/aws/vendedlogs/pipes/${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# Batches of a queue's messages, through a function, to a state machine whose answer names those that failed. Only
# these go back: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
resource "aws_pipes_pipe" "pipe" {
  for_each = local.description.pipes

  name     = "${local.name}-${each.key}"
  role_arn = aws_iam_role.pipe[each.key].arn

  # What a pipe keeps is encrypted by AWS: event patterns and transformers, and this has none. Messages flow through:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-pipes-cmkey.html

  source = local.queue_arns[each.value.queue]
  source_parameters {
    sqs_queue_parameters {
      batch_size                         = try(each.value.batch_size, 10)
      maximum_batching_window_in_seconds = try(each.value.window_seconds, 0)
    }
  }

  # A version; it moves as soon as it is applied, the target with the alias.
  enrichment = aws_lambda_function.function[each.value.enrichment].qualified_arn

  target = aws_sfn_alias.live[each.value.state_machine].arn
  target_parameters {
    step_function_state_machine_parameters {
      invocation_type = "REQUEST_RESPONSE" # StartSyncExecution
    }
  }

  # Without the data of executions: they hold records.
  log_configuration {
    level = "ERROR"
    cloudwatch_logs_log_destination {
      log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.pipe[each.key].name}"
    }
  }

  # A pipe looks into its queue before it is made, and needs to be let in.
  depends_on = [aws_iam_role_policy.pipe, aws_sqs_queue_policy.queue]
}
