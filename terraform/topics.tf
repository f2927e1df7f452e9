resource "aws_sns_topic" "topic" {
  for_each = local.description.topics

  name              = "${local.name}-${each.key}"
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

data "aws_iam_policy_document" "topic" {
  for_each = local.description.topics

  # Who may publish is said by the roles; nobody may without TLS.
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arns[each.key]]
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
}

resource "aws_sns_topic_policy" "topic" {
  for_each = aws_sns_topic.topic

  arn    = local.topic_arns[each.key]
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "notifications" {
  for_each = var.notification_emails

  topic_arn = local.topic_arns["notifications"]
  protocol  = "email"
  endpoint  = each.value
}
