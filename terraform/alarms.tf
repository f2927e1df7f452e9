# Every alarm has a paragraph in docs/operate.md: what it means, what to look at, what to do.

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish with the key that AWS has for SNS; with kms_key_arn it is encrypted. Alarms hold names and numbers
  name              = "${local.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.alarms_topic_arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [local.alarms_topic_arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = local.alarms_topic_arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = local.alarms_topic_arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  execution_alarms = {
    failed    = { metric = "ExecutionsFailed", means = "An execution failed: the ledger, dead letters and logs say why." }
    timed_out = { metric = "ExecutionsTimedOut", means = "An execution took longer than its definition allows." }
    throttled = { metric = "ExecutionThrottled", means = "Step Functions throttles state transitions: raise the account's quota." }
  }
  # Transitions of EXPRESS executions have no quota, and are never throttled:
  # https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
  alarms_of_executions = merge([
    for name, machine in local.description.state_machines : {
      for kind, alarm in local.execution_alarms : "${name}_${kind}" => merge(alarm, { machine = name })
      if kind != "throttled" || try(machine.type, "STANDARD") == "STANDARD"
    }
  ]...)

  # Queues that a pipe works off; in all others a message is something that failed.
  worked_off    = { for pipe in values(local.description.pipes) : pipe.queue => pipe }
  failures_only = { for name, queue in local.description.queues : name => queue if !contains(keys(local.worked_off), name) }

  scheduled = { for schedule in values(local.description.schedules) : schedule.state_machine => schedule }

  pipe_alarms = {
    failed    = { metric = "ExecutionFailed", periods = 1, means = "A batch failed as a whole: its messages go back to the queue, and after their last receive into its dead letters." }
    timed_out = { metric = "ExecutionTimeout", periods = 1, means = "A batch took longer than five minutes: its messages go back to the queue." }
    throttled = { metric = "ExecutionThrottled", periods = 3, means = "Batches are throttled: messages wait." }
  }
  alarms_of_pipes = merge([
    for name in keys(local.description.pipes) : {
      for kind, alarm in local.pipe_alarms : "${name}_pipe_${kind}" => merge(alarm, { pipe = name })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = local.alarms_of_executions

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.means
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = local.state_machine_arns[each.value.machine] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# Now and then a throttle is retried and does no harm; a quarter of an hour of them is too little concurrency.
resource "aws_cloudwatch_metric_alarm" "function_throttled" {
  for_each = local.description.functions

  # A state machine may have the same name.
  alarm_name          = "${local.name}-${each.key}_function_throttled"
  alarm_description   = "Lambda throttles ${each.key}: raise its reserved concurrency or the account's."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.function[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "queue_depth" {
  for_each = local.failures_only

  alarm_name          = "${local.name}-${each.key}_depth"
  alarm_description   = "Messages wait in ${each.key}: each is a file, an event or a message that was not worked on."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.queue[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  for_each = local.failures_only

  alarm_name          = "${local.name}-${each.key}_age"
  alarm_description   = "The oldest message of ${each.key} has used up three quarters of its time and will be lost."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.queue[each.key].name }
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = aws_sqs_queue.queue[each.key].message_retention_seconds * 3 / 4
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# A burst is worked off within minutes. What was received and not deleted yet does not count as visible.
resource "aws_cloudwatch_metric_alarm" "queue_backlog" {
  for_each = local.worked_off

  alarm_name          = "${local.name}-${each.key}_backlog"
  alarm_description   = "For a quarter of an hour more than ten batches waited in ${each.key}: it is filled faster than it is worked off."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.queue[each.key].name }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10 * try(each.value.batch_size, 10)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# A refused message is there for all its receives; older than that, and one more, is what nobody receives.
resource "aws_cloudwatch_metric_alarm" "queue_late" {
  for_each = local.worked_off

  alarm_name          = "${local.name}-${each.key}_late"
  alarm_description   = "The oldest message of ${each.key} is older than a refused one gets: the pipe does not work it off."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.queue[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = (local.redrives[each.key].max_receives + 1) * aws_sqs_queue.queue[each.key].visibility_timeout_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
resource "aws_cloudwatch_metric_alarm" "pipes" {
  for_each = local.alarms_of_pipes

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.means
  namespace           = "AWS/EventBridge/Pipes"
  metric_name         = each.value.metric
  dimensions          = { PipeName = aws_pipes_pipe.pipe[each.value.pipe].name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# The last net: whatever keeps a scheduled execution from its end, somebody hears that it did not come to one.
# An execution that was started by hand counts too.
resource "aws_cloudwatch_metric_alarm" "missing" {
  for_each = local.scheduled

  alarm_name          = "${local.name}-${each.key}_missing"
  alarm_description   = "No execution of ${each.key} succeeded for ${each.value.missing_after_hours} hours, though a schedule starts it."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = local.state_machine_arns[each.key] }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = each.value.missing_after_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
resource "aws_cloudwatch_metric_alarm" "event_lost" {
  for_each = local.description.rules

  alarm_name          = "${local.name}-${each.key}_lost"
  alarm_description   = "EventBridge could deliver an event neither to the state machine nor to the dead letters: it is lost."
  namespace           = "AWS/Events"
  metric_name         = "InvocationsFailedToBeSentToDlq"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.rule[each.key].name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "invalid_share" {
  for_each = local.contracts

  alarm_name          = "${local.name}-${each.key}_invalid_share"
  alarm_description   = "More than ${var.max_invalid_percent} % of an hour's records of ${each.key} are invalid: the source changed, or the contract is wrong."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.max_invalid_percent
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]

  metric_query {
    id          = "share"
    label       = "Invalid records in percent"
    expression  = "IF(read > 0, 100 * FILL(quarantined, 0) / read, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { read = "RecordsRead", quarantined = "RecordsQuarantined" }
    content {
      id = metric_query.key
      metric {
        namespace   = local.name
        metric_name = metric_query.value
        dimensions  = { service = local.name, dataset = each.key }
        stat        = "Sum"
        period      = 3600
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "conservation_violated" {
  for_each = local.contracts

  alarm_name          = "${local.name}-${each.key}_conservation_violated"
  alarm_description   = "Records of ${each.key} are missing or doubled: read is not written + superseded + quarantined. This is a defect."
  namespace           = local.name
  metric_name         = "ConservationViolated"
  dimensions          = { service = local.name, dataset = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_topic_arn]
  ok_actions          = [local.alarms_topic_arn]
}
