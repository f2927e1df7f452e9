resource "aws_sqs_queue" "queue" {
  for_each = local.description.queues

  name                       = "${local.name}-${each.key}"
  message_retention_seconds  = try(each.value.retention_seconds, 345600)
  visibility_timeout_seconds = try(each.value.visibility_seconds, 30)
  max_message_size           = min(try(each.value.max_message_bytes, 262144), var.max_message_bytes)
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn
}

# After its last receive a message goes to the dead letters, which take them of the queues that say so alone.
resource "aws_sqs_queue_redrive_policy" "queue" {
  for_each = local.redrives

  queue_url = aws_sqs_queue.queue[each.key].url
  redrive_policy = jsonencode({
    deadLetterTargetArn = local.queue_arns[each.value.dead_letters]
    maxReceiveCount     = each.value.max_receives
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "queue" {
  for_each = local.description.queues

  queue_url = aws_sqs_queue.queue[each.key].url
  redrive_allow_policy = jsonencode(merge(
    { redrivePermission = contains(keys(local.redriven_into), each.key) ? "byQueue" : "denyAll" },
    contains(keys(local.redriven_into), each.key) ? { sourceQueueArns = local.redriven_into[each.key] } : {},
  ))
}

locals {
  redrives = {
    for name, queue in local.description.queues : name => { dead_letters = queue.dead_letters, max_receives = try(queue.max_receives, 3) }
    if can(queue.dead_letters)
  }
  redriven_into = { for name, redrive in local.redrives : redrive.dead_letters => local.queue_arns[name]... }
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
