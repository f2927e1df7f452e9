# The ledger (`files`) and one table a dataset.
resource "aws_dynamodb_table" "table" {
  #checkov:skip=CKV_AWS_119:It is encrypted with a key that AWS owns, or with the team's own: kms_key_arn
  for_each = local.tables

  name                        = "${local.name}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.deletion_protection
  hash_key                    = each.value.partition_key.name
  range_key                   = try(each.value.sort_key.name, null)

  # Only attributes of keys are declared.
  dynamic "attribute" {
    for_each = merge([
      for key in concat([each.value], values(each.value.indexes)) : merge(
        { (key.partition_key.name) = try(key.partition_key.type, "S") },
        try({ (key.sort_key.name) = try(key.sort_key.type, "S") }, {}),
      )
    ]...)
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.partition_key.name
      range_key       = try(global_secondary_index.value.sort_key.name, null)
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = each.value.ttl == null ? [] : [each.value.ttl]
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  # Without this DynamoDB encrypts with a key that AWS owns.
  server_side_encryption {
    enabled     = var.kms_key_arn != null
    kms_key_arn = var.kms_key_arn
  }
}
