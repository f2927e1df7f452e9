locals {
  bucket_suffix = var.bucket_suffix == null ? "-${local.account}-${local.region}" : var.bucket_suffix == "" ? "" : "-${var.bucket_suffix}"
  versioned     = { for name, bucket in local.description.buckets : name => bucket if try(bucket.versioned, false) }
  eventful      = { for name, bucket in local.description.buckets : name => bucket if try(bucket.events, false) }
}

resource "aws_s3_bucket" "bucket" {
  #checkov:skip=CKV_AWS_18:Who read what is CloudTrail's to say (data events); access logs would be another bucket of the same kind
  #checkov:skip=CKV_AWS_144:A copy in another region doubles the cost of storage; sources can send a file again
  for_each = local.description.buckets

  bucket        = "${replace("${local.name}-${each.key}", "_", "-")}${local.bucket_suffix}"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  for_each = aws_s3_bucket.bucket

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  for_each = aws_s3_bucket.bucket

  bucket = each.value.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html#transit
data "aws_iam_policy_document" "bucket" {
  for_each = local.description.buckets

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arns[each.key], "${local.bucket_arns[each.key]}/*"]
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

resource "aws_s3_bucket_policy" "bucket" {
  for_each = aws_s3_bucket.bucket

  bucket = each.value.bucket
  policy = data.aws_iam_policy_document.bucket[each.key].json

  # S3 refuses the one while it changes the other.
  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

resource "aws_s3_bucket_versioning" "bucket" {
  for_each = local.versioned

  bucket = aws_s3_bucket.bucket[each.key].bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  for_each = aws_s3_bucket.bucket

  bucket = each.value.bucket
  rule {
    bucket_key_enabled = var.kms_key_arn != null
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  #checkov:skip=CKV_AWS_300:It is the first rule; checkov does not see it beside dynamic ones. tests/terraform holds the plan to it
  for_each = local.description.buckets

  bucket = aws_s3_bucket.bucket[each.key].bucket

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = try(each.value.expire_after_days, null) == null ? [] : [each.value.expire_after_days]
    content {
      id     = "expire"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = contains(keys(local.versioned), each.key) ? [var.noncurrent_version_days] : []
    content {
      id     = "old-versions"
      status = "Enabled"
      filter {}
      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

resource "aws_s3_bucket_notification" "bucket" {
  for_each = local.eventful

  bucket      = aws_s3_bucket.bucket[each.key].bucket
  eventbridge = true
}
