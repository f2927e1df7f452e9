# ARNs from names, which are known before anything exists: a plan shows every policy as it will be.

locals {
  bucket_arns = { for name, bucket in aws_s3_bucket.bucket : name => "arn:${local.partition}:s3:::${bucket.bucket}" }
  table_arns  = { for name, table in aws_dynamodb_table.table : name => "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table.name}" }
  queue_arns  = { for name, queue in aws_sqs_queue.queue : name => "arn:${local.partition}:sqs:${local.region}:${local.account}:${queue.name}" }
  topic_arns  = { for name, topic in aws_sns_topic.topic : name => "arn:${local.partition}:sns:${local.region}:${local.account}:${topic.name}" }
  rule_arns   = { for name, rule in aws_cloudwatch_event_rule.rule : name => "arn:${local.partition}:events:${local.region}:${local.account}:rule/${rule.name}" }

  schedule_group_arn = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${aws_scheduler_schedule_group.schedules.name}"

  parameter_arns = { for name, parameter in aws_ssm_parameter.parameter : name => "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${parameter.name}" }

  # Roles are made before functions and state machines, so these come from the description.
  function_arns      = { for name in keys(local.description.functions) : name => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.name}-${name}" }
  state_machine_arns = { for name in keys(local.description.state_machines) : name => "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${local.name}-${name}" }
  pipe_arns          = { for name in keys(local.description.pipes) : name => "arn:${local.partition}:pipes:${local.region}:${local.account}:pipe/${local.name}-${name}" }

  alarms_topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account}:${aws_sns_topic.alarms.name}"
}
