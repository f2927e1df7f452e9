# A group of its own: who takes over a schedule's role is told by its group alone.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
resource "aws_scheduler_schedule_group" "schedules" {
  name = local.name
}

# The alias `live` is started at the time that was scheduled, in UTC; the input tells it, however late that is.
resource "aws_scheduler_schedule" "schedule" {
  #checkov:skip=CKV_AWS_297:What a schedule keeps is encrypted by AWS: its input names a moment, and nothing else
  for_each = local.description.schedules

  name                         = "${local.name}-${each.key}"
  group_name                   = aws_scheduler_schedule_group.schedules.name
  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  # Scheduler tries for a day; what it cannot start goes to the schedule's dead letters.
  target {
    arn      = aws_sfn_alias.live[each.value.state_machine].arn
    role_arn = aws_iam_role.schedule[each.key].arn
    # jsonencode escapes the brackets around what Scheduler puts in:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    input = replace(replace(jsonencode(try(each.value.input, {})), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 185
    }

    dead_letter_config {
      arn = local.queue_arns[each.value.dead_letters]
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}
