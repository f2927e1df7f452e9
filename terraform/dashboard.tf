resource "aws_cloudwatch_dashboard" "pipeline" {
  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          region  = try(widget.region, local.region)
          view    = "timeSeries"
          period  = try(widget.period, 300)
          stat    = widget.stat
          title   = widget.title
          metrics = widget.metrics
        }
      }
    ]
  })
}

locals {
  # A count of the pipeline's own, over all datasets.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
  counts = {
    for metric in [
      "RecordsRead", "RecordsWritten", "RecordsSuperseded", "RecordsQuarantined",
      "FilesIngested", "FilesCatalogued", "FilesDuplicate", "InvocationsFailed", "ConservationViolated",
      "MessagesCollected", "AlertsRaised", "AlertsInDigests", "FilesReported", "FailuresReported",
      ] : metric => [{
        label      = metric
        expression = "SUM(SEARCH('{\"${local.name}\",dataset,service} MetricName=\"${metric}\"', 'Sum', 300))"
    }]
  }

  widgets = [
    {
      title   = "Records: read, and what became of them"
      stat    = "Sum"
      metrics = [for metric in ["RecordsRead", "RecordsWritten", "RecordsSuperseded", "RecordsQuarantined"] : local.counts[metric]]
    },
    {
      title   = "Files"
      stat    = "Sum"
      metrics = [for metric in ["FilesIngested", "FilesCatalogued", "FilesDuplicate", "InvocationsFailed", "ConservationViolated"] : local.counts[metric]]
    },
    {
      title   = "Messages, and alerts"
      stat    = "Sum"
      metrics = [for metric in ["MessagesCollected", "AlertsRaised", "AlertsInDigests"] : local.counts[metric]]
    },
    {
      title   = "Daily report: files and failures of the day before"
      stat    = "Maximum"
      period  = 3600
      metrics = [for metric in ["FilesReported", "FailuresReported"] : local.counts[metric]]
    },
    {
      title = "Executions: how they ended"
      stat  = "Sum"
      metrics = concat([
        for name, arn in local.state_machine_arns : [
          for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
          ["AWS/States", metric, "StateMachineArn", arn, { label = "${name} ${metric}" }]
        ]
      ]...)
    },
    {
      title = "Executions: duration of the slowest twentieth, milliseconds"
      stat  = "p95"
      metrics = [
        for name, arn in local.state_machine_arns :
        ["AWS/States", "ExecutionTime", "StateMachineArn", arn, { label = name }]
      ]
    },
    {
      title = "Functions: duration of the slowest twentieth, milliseconds"
      stat  = "p95"
      metrics = [
        for name, function in aws_lambda_function.function :
        ["AWS/Lambda", "Duration", "FunctionName", function.function_name, { label = name }]
      ]
    },
    {
      title = "Queues: messages that wait"
      stat  = "Maximum"
      metrics = [
        for name, queue in aws_sqs_queue.queue :
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { label = name }]
      ]
    },
    {
      title = "Queues that are worked off: age of the oldest message, seconds"
      stat  = "Maximum"
      metrics = [
        for name in keys(local.worked_off) :
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", aws_sqs_queue.queue[name].name, { label = name }]
      ]
    },
    {
      title = "Pipes: messages, and batches that failed in part or whole"
      stat  = "Sum"
      metrics = concat([
        for name, pipe in aws_pipes_pipe.pipe : [
          for metric in ["EventCount", "ExecutionPartiallyFailed", "ExecutionFailed"] :
          ["AWS/EventBridge/Pipes", metric, "PipeName", pipe.name, { label = "${name} ${metric}" }]
        ]
      ]...)
    },
    {
      title = "Throttles: functions, tables, executions"
      stat  = "Sum"
      metrics = concat(
        [for name, function in aws_lambda_function.function : ["AWS/Lambda", "Throttles", "FunctionName", function.function_name, { label = name }]],
        [for name, table in aws_dynamodb_table.table : ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", table.name, { label = name }]],
        [for alarm in values(local.alarms_of_executions) : ["AWS/States", "ExecutionThrottled", "StateMachineArn", local.state_machine_arns[alarm.machine], { label = alarm.machine }] if alarm.metric == "ExecutionThrottled"],
        [for name, pipe in aws_pipes_pipe.pipe : ["AWS/EventBridge/Pipes", "ExecutionThrottled", "PipeName", pipe.name, { label = "pipe ${name}" }]],
      )
    },
    {
      title  = "Cost: a day's requests as the daily report estimates them; the account's month so far, USD"
      stat   = "Maximum"
      period = 21600
      # Where bills are; the account has to ask for the metric once, in its billing preferences:
      # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
      region = "us-east-1"
      metrics = [
        [{ label = "day's requests", region = local.region, expression = "MAX(SEARCH('{\"${local.name}\",dataset,service} MetricName=\"RequestsUsd\"', 'Maximum', 21600))" }],
        ["AWS/Billing", "EstimatedCharges", "Currency", "USD", { label = "account's month, all it has" }],
      ]
    },
    {
      title = "Cost: what the bill counts, write units of tables and gigabyte-seconds of functions"
      stat  = "Sum"
      metrics = concat(
        [for name, table in aws_dynamodb_table.table : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", table.name, { label = "${name}, write units" }]],
        concat([
          for name, function in aws_lambda_function.function : [
            ["AWS/Lambda", "Duration", "FunctionName", function.function_name, { id = name, visible = false }],
            [{ label = "${name}, GB-seconds", expression = "${name} / 1000 * ${function.memory_size / 1024}" }],
          ]
        ]...),
      )
    },
  ]
}
