resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_338:How long is the team's to say: log_retention_days. What was ingested is in the ledger, which stays
  for_each = local.description.functions

  name              = "/aws/lambda/${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "function" {
  #checkov:skip=CKV_AWS_116:State machines and pipes wait for the answer; a failure goes into their dead letters
  #checkov:skip=CKV_AWS_117:It calls AWS alone, by TLS; in a VPC each service would need an endpoint, paid by the hour
  #checkov:skip=CKV_AWS_272:The package is built from locked hashes and pinned by its own; signing needs a profile of the account's
  for_each = local.description.functions

  function_name = "${local.name}-${each.key}"
  role          = aws_iam_role.function[each.key].arn
  handler       = "${each.key}.handler"
  runtime       = "python3.13"
  architectures = ["arm64"]
  memory_size   = try(each.value.memory_mb, 128)
  timeout       = try(each.value.timeout_seconds, 3)
  publish       = true # state machines name versions: an execution never meets code that is newer than its machine

  filename = var.package
  # Of the content, where the package was built with its description: a build of the same content by another zlib
  # or patch version of Python has other bytes, and changes nothing.
  source_code_hash = try(jsondecode(file(replace(var.package, "/\\.zip$/", ".json"))).digest, filebase64sha256(var.package))

  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = local.function_environment
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text" # the functions write JSON themselves
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  # Lambda tries at once whether the role may send traces; and no function outlives what its role may.
  depends_on = [aws_iam_role_policy.function]
}

locals {
  function_environment = merge(
    { for name, bucket in aws_s3_bucket.bucket : "${upper(name)}_BUCKET" => bucket.bucket },
    { for name, queue in aws_sqs_queue.queue : "${upper(name)}_URL" => queue.url },
    { for name, arn in local.topic_arns : "${upper(name)}_TOPIC_ARN" => arn },
    { for name, parameter in aws_ssm_parameter.parameter : "${upper(name)}_PARAMETER" => parameter.name },
    { for name in keys(local.described_tables) : "${upper(name)}_TABLE" => aws_dynamodb_table.table[name].name },
    {
      TABLE_PREFIX                 = "${local.name}-"
      POWERTOOLS_SERVICE_NAME      = local.name
      POWERTOOLS_METRICS_NAMESPACE = local.name
      LOG_LEVEL                    = var.log_level
    },
  )
}
