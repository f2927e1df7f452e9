# What there is: read from pipeline.json and the contracts, which the local cloud reads too. Nothing that they say
# is repeated here.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  root        = "${path.module}/.."
  description = jsondecode(file("${local.root}/pipeline.json"))
  name        = coalesce(var.name, local.description.name)

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # The highest version of a dataset's contract counts.
  contract_files = fileset("${local.root}/schemas/datasets", "*/*.json")
  contracts = {
    for dataset in toset([for file in local.contract_files : dirname(file)]) : dataset => jsondecode(file(format(
      "%s/schemas/datasets/%s/%d.json", local.root, dataset,
      max([
        for file in local.contract_files : tonumber(trimsuffix(basename(file), ".json"))
        if dirname(file) == dataset && can(regex("^[0-9]+\\.json$", basename(file)))
      ]...)
    )))["x-dataset"]
  }

  # One table a dataset, with the key that its contract names.
  dataset_tables = {
    for dataset, contract in local.contracts : dataset => {
      partition_key = contract.key.partition
      sort_key      = try(contract.key.sort, null)
      ttl           = try(contract.ttl.attribute, null)
      indexes       = {}
    }
  }
  described_tables = {
    for name, table in local.description.tables : name => {
      partition_key = table.partition_key
      sort_key      = try(table.sort_key, null)
      ttl           = try(table.ttl, null)
      indexes       = try(table.indexes, {})
    }
  }
  tables = merge(local.described_tables, local.dataset_tables)

  # `dead_letters` as `DeadLetters`, the word of a placeholder.
  camel = {
    for name in distinct(concat(keys(local.tables), flatten([for part in values(local.description) : try(keys(part), [])]))) :
    name => join("", [for word in split("_", name) : title(word)])
  }

  # What stands for ${…} in a rule's pattern.
  pattern_placeholders = merge(
    { Region = local.region, Account = local.account },
    { for name, bucket in aws_s3_bucket.bucket : "${local.camel[name]}Bucket" => bucket.bucket },
    { for name, table in aws_dynamodb_table.table : "${local.camel[name]}Table" => table.name },
    { for name, queue in aws_sqs_queue.queue : "${local.camel[name]}Url" => queue.url },
    { for name, arn in local.queue_arns : "${local.camel[name]}Arn" => arn },
    { for name, arn in local.topic_arns : "${local.camel[name]}Arn" => arn },
    { for name, arn in local.state_machine_arns : "${local.camel[name]}Arn" => arn },
    { for name, parameter in aws_ssm_parameter.parameter : "${local.camel[name]}Parameter" => parameter.name },
  )
  # A definition names published versions of functions, so that a version of a state machine is a whole.
  placeholders = merge(
    local.pattern_placeholders,
    { for name, function in aws_lambda_function.function : "${local.camel[name]}Arn" => function.qualified_arn },
  )
}
