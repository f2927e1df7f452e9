resource "aws_sqs_queue" "queue" {
  for_each = local.description.queues

  name                      = "${local.name}-${each.key}"
  message_retention_seconds = try(each.value.retention_seconds, 345600)
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
}

data "aws_iam_policy_document" "queue" {
  for_each = local.description.queues

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arns[each.key]]
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

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
  dynamic "statement" {
    for_each = { for name, rule in local.description.rules : name => rule if rule.dead_letters == each.key }
    content {
      sid       = "DeadLettersOf${local.camel[statement.key]}"
      actions   = ["sqs:SendMessage"]
      resources = [local.queue_arns[each.key]]
      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [local.rule_arns[statement.key]]
      }
    }
  }
}

resource "aws_sqs_queue_policy" "queue" {
  for_each = aws_sqs_queue.queue

  queue_url = each.value.url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}
