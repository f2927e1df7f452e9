resource "aws_cloudwatch_event_rule" "rule" {
  for_each = local.description.rules

  name          = "${local.name}-${each.key}"
  event_pattern = templatestring(local.patterns[each.key], local.pattern_placeholders)
}

locals {
  patterns = { for name, rule in local.description.rules : name => jsonencode(rule.pattern) }
}

# EventBridge tries for a day; what it cannot deliver goes to the rule's own dead letters.
resource "aws_cloudwatch_event_target" "rule" {
  for_each = local.description.rules

  rule      = aws_cloudwatch_event_rule.rule[each.key].name
  target_id = each.value.state_machine
  arn       = aws_sfn_alias.live[each.value.state_machine].arn
  role_arn  = aws_iam_role.rule[each.key].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = local.queue_arns[each.value.dead_letters]
  }

  depends_on = [aws_iam_role_policy.rule]
}
