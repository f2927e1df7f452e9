output "environment" {
  description = "What commands in the documentation call by these names: `eval \"$(terraform output -raw exports)\"` sets them."
  value       = local.exports
}

output "exports" {
  description = "The same as lines of a POSIX shell."
  value       = join("\n", [for name, value in local.exports : "export ${name}='${value}'"])
}

output "aliases" {
  description = "The alias of each state machine that everybody starts."
  value       = { for name, alias in aws_sfn_alias.live : name => alias.arn }
}

output "state_machine_versions" {
  description = "The newest version of each state machine."
  value       = { for name, machine in aws_sfn_state_machine.state_machine : name => machine.state_machine_version_arn }
}

output "alarms" {
  description = "The names of the alarms that tell of a deployment gone wrong."
  value = [
    for alarm in concat(
      values(aws_cloudwatch_metric_alarm.executions),
      values(aws_cloudwatch_metric_alarm.function_throttled),
      values(aws_cloudwatch_metric_alarm.conservation_violated),
      values(aws_cloudwatch_metric_alarm.event_lost),
      values(aws_cloudwatch_metric_alarm.pipes),
    ) : alarm.alarm_name
  ]
}

output "dashboard" {
  description = "The address of the dashboard."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.pipeline.dashboard_name}"
}

locals {
  exports = merge(
    { for name, bucket in aws_s3_bucket.bucket : "${upper(name)}_BUCKET" => bucket.bucket },
    { BUCKET = aws_s3_bucket.bucket["raw"].bucket },
    { for name, table in aws_dynamodb_table.table : "${upper(name)}_TABLE" => table.name },
    { for name, table in aws_dynamodb_table.table : "TABLE_NAME" => table.name if name == "user_activity" },
    { for name, queue in aws_sqs_queue.queue : "${upper(name)}_URL" => queue.url },
    { for name, arn in local.topic_arns : "${upper(name)}_TOPIC_ARN" => arn },
    { for name, alias in aws_sfn_alias.live : "${upper(name)}_STATE_MACHINE_ARN" => alias.arn },
    { STATE_MACHINE_ARN = aws_sfn_alias.live["ingest"].arn },
    { AWS_REGION = local.region },
  )
}
