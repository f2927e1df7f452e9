# Who may do what. Each role has the actions and resources that it was seen to use, and no others: tests/terraform
# records the calls of every branch and compares. What cannot be seen is excused there, with its reason.
# docs/security.md has the table.

locals {
  # Grants of the functions' roles, beside logs and traces.
  function_grants = {
    collect_data = [
      { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${local.bucket_arns["raw"]}/*"] },
      # Who may not list a bucket is told 403 where an object is missing, and these functions tell that from others:
      # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["raw"]] },
      # An event that comes without an object is stored as one.
      { actions = ["s3:PutObject"], resources = ["${local.bucket_arns["raw"]}/year=*"] },
      { actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources = [local.table_arns["files"]] },
      { actions = ["ssm:GetParameter"], resources = [local.parameter_arns["pseudonym_key"]] },
      # The ranges of a large file's shards.
      { actions = ["s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/ranges/*"] },
      # Whether the execution that holds a file is over.
      { actions = ["states:DescribeExecution"], resources = [local.execution_arns["ingest"]] },
    ]
    rechunk = [
      { actions = ["s3:GetObjectVersion"], resources = ["${local.bucket_arns["raw"]}/*"] },
      { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/*"] },
      # Which chunks are there.
      { actions = ["s3:ListBucket"], resources = [for name in ["raw", "staging"] : local.bucket_arns[name]] },
    ]
    parse_and_validate = [
      { actions = ["s3:GetObjectVersion"], resources = ["${local.bucket_arns["raw"]}/*"] },
      { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/*"] },
      { actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["${local.bucket_arns["output"]}/quarantine/*"] },
      # Why a message was refused, and whether it was before.
      { actions = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"], resources = [local.table_arns["told"]] },
      # Whether what was kept of a shard still has its objects.
      { actions = ["s3:GetObject"], resources = ["${local.bucket_arns["output"]}/quarantine/*", "${local.bucket_arns["output"]}/alerts/*"] },
      { actions = ["s3:ListBucket"], resources = [for name in ["raw", "staging", "output"] : local.bucket_arns[name]] },
    ]
    enrich = [
      # Quarantined records are kept as they came.
      { actions = ["s3:GetObjectVersion"], resources = ["${local.bucket_arns["raw"]}/*"] },
      { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/*"] },
      { actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["${local.bucket_arns["output"]}/quarantine/*", "${local.bucket_arns["output"]}/alerts/*"] },
      # Items that are too large for DynamoDB.
      { actions = ["s3:PutObject"], resources = ["${local.bucket_arns["output"]}/items/*"] },
      { actions = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"], resources = [local.table_arns["told"]] },
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["raw"], local.bucket_arns["staging"]] },
      { actions = ["ssm:GetParameter"], resources = [local.parameter_arns["pseudonym_key"]] },
    ]
    write_to_ddb = [
      { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/*"] },
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["staging"]] },
      # What was written, for analytics; whether a group of messages has told of it.
      { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["output"]}/processed/*"] },
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["output"]] },
      # The whole of what the table does not hold.
      { actions = ["s3:GetObject"], resources = ["${local.bucket_arns["output"]}/items/*"] },
      { actions = ["dynamodb:BatchWriteItem", "dynamodb:PutItem"], resources = [for name in keys(local.dataset_tables) : local.table_arns[name]] },
    ]
    notify = [
      { actions = ["s3:GetObject"], resources = ["${local.bucket_arns["output"]}/alerts/*"] },
      # What each shard knows of its records, for the file's summary.
      { actions = ["s3:GetObject"], resources = ["${local.bucket_arns["staging"]}/*"] },
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["output"], local.bucket_arns["staging"]] },
      { actions = ["s3:PutObject"], resources = ["${local.bucket_arns["output"]}/quarantine/*", "${local.bucket_arns["output"]}/reports/*"] },
      { actions = ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources = [local.table_arns["files"]] },
      # Which alerts were told of. A transaction needs what its parts need:
      # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
      { actions = ["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources = [local.table_arns["told"]] },
      # Asks for the digest of a minute.
      { actions = ["sqs:SendMessage"], resources = [local.queue_arns["transactions"]] },
      { actions = ["sns:Publish"], resources = [local.topic_arns["notifications"]] },
    ]
    collect_messages = [
      # What a state machine's input has no room for.
      { actions = ["s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/messages/*"] },
      { actions = ["dynamodb:BatchWriteItem"], resources = [local.table_arns["told"]] },
    ]
    tell_digests = [
      { actions = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], resources = [local.table_arns["told"]] },
      { actions = ["sns:Publish"], resources = [local.topic_arns["notifications"]] },
    ]
    daily_report = [
      { actions = ["dynamodb:Query"], resources = ["${local.table_arns["files"]}/index/by_day"] },
      # Reports of the days before are read.
      { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns["output"]}/daily-reports/*"] },
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["output"]] },
    ]
  }

  # Grants of the state machines' roles, beside logs and traces.
  state_machine_grants = {
    ingest = [
      # Versions of the functions: https://docs.aws.amazon.com/lambda/latest/dg/versioning-aliases.html
      { actions = ["lambda:InvokeFunction"], resources = [for name in ["collect_data", "rechunk", "parse_and_validate", "enrich", "write_to_ddb", "notify"] : "${local.function_arns[name]}:*"] },
      { actions = ["dynamodb:UpdateItem"], resources = [local.table_arns["files"]] },
      { actions = ["sqs:SendMessage"], resources = [local.queue_arns["dead_letters"]] },
      { actions = ["sns:Publish"], resources = [local.topic_arns["notifications"]] },
      # The ranges of a large file's shards.
      { actions = ["s3:GetObject"], resources = ["${local.bucket_arns["staging"]}/ranges/*"] },
      # What AWS calls the least that a distributed Map needs, beside the start of its children.
      { actions = ["states:DescribeExecution"], resources = [local.execution_arns["ingest"]] },
      # Its map runs start EXPRESS children, and start them again in a redrive:
      # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
      { actions = ["states:StartExecution"], resources = [local.state_machine_arns["ingest"]] },
    ]
    stream = [
      { actions = ["lambda:InvokeFunction"], resources = [for name in ["parse_and_validate", "enrich", "write_to_ddb", "notify", "tell_digests"] : "${local.function_arns[name]}:*"] },
      { actions = ["dynamodb:PutItem"], resources = [local.table_arns["files"]] },
      { actions = ["dynamodb:UpdateItem"], resources = [local.table_arns["told"]] },
      # Objects of which S3 told by a message.
      { actions = ["states:StartExecution"], resources = [local.state_machine_arns["ingest"]] },
    ]
    backfill = [
      { actions = ["lambda:InvokeFunction"], resources = [for name in ["collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify"] : "${local.function_arns[name]}:*"] },
      { actions = ["dynamodb:UpdateItem"], resources = [local.table_arns["files"]] },
      { actions = ["sqs:SendMessage"], resources = [local.queue_arns["dead_letters"]] },
      { actions = ["sns:Publish"], resources = [local.topic_arns["notifications"]] },
      # Its Map lists the objects itself, and writes what became of its batches:
      # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
      { actions = ["s3:ListBucket"], resources = [local.bucket_arns["raw"]] },
      { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"], resources = ["${local.bucket_arns["staging"]}/backfills/*"] },
      { actions = ["states:DescribeExecution"], resources = [local.execution_arns["backfill"]] },
      # Its children, and executions of ingest for what is none of theirs.
      { actions = ["states:StartExecution"], resources = [local.state_machine_arns["backfill"], local.state_machine_arns["ingest"]] },
    ]
    daily_report = [
      { actions = ["lambda:InvokeFunction"], resources = ["${local.function_arns["daily_report"]}:*"] },
      { actions = ["sqs:SendMessage"], resources = [local.queue_arns["dead_letters"]] },
      { actions = ["sns:Publish"], resources = [local.topic_arns["notifications"]] },
    ]
  }

  log_group_arns = { for name, group in aws_cloudwatch_log_group.function : name => "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${group.name}" }
  execution_arns = { for name in keys(local.description.state_machines) : name => "arn:${local.partition}:states:${local.region}:${local.account}:execution:${local.name}-${name}:*" }
}

# --- functions ---

# Lambda takes a role only from somebody who may pass it (iam:PassRole), in the role's own account.
data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.description.functions

  # Roles have no region; two deployments of one name may be in two of them.
  name               = "${local.name}-${each.key}-${local.region}"
  description        = "What the function ${each.key} of ${local.name} may do"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
}

resource "aws_iam_role_policy" "function" {
  for_each = local.description.functions

  name   = "all"
  role   = aws_iam_role.function[each.key].name
  policy = data.aws_iam_policy_document.function[each.key].json
}

data "aws_iam_policy_document" "function" {
  #checkov:skip=CKV_AWS_356:Only actions that AWS checks against no resource have `*`: those of X-Ray
  for_each = local.description.functions

  dynamic "statement" {
    for_each = local.function_grants[each.key]
    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arns[each.key]}:*"]
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  statement {
    sid       = "Traces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = local.key_uses["function/${each.key}"]
    content {
      actions   = statement.value.actions
      resources = [var.kms_key_arn]
      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# --- state machines ---

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html#prevent-confused-deputy
data "aws_iam_policy_document" "state_machine_trust" {
  for_each = local.description.state_machines

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.state_machine_arns[each.key]}*"]
    }
  }
}

resource "aws_iam_role" "state_machine" {
  for_each = local.description.state_machines

  # A function may have the same name.
  name               = "${local.name}-${each.key}-machine-${local.region}"
  description        = "What the state machine ${each.key} of ${local.name} may do"
  assume_role_policy = data.aws_iam_policy_document.state_machine_trust[each.key].json

  # Under another name it is there before the old one goes: no execution is without a role.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "state_machine" {
  for_each = local.description.state_machines

  name   = "all"
  role   = aws_iam_role.state_machine[each.key].name
  policy = data.aws_iam_policy_document.state_machine[each.key].json
}

data "aws_iam_policy_document" "state_machine" {
  #checkov:skip=CKV_AWS_111:Deliveries of logs, and traces, are checked against no resource
  #checkov:skip=CKV_AWS_356:The same
  #checkov:skip=CKV_AWS_109:PutResourcePolicy lets CloudWatch take the logs; AWS checks it against no resource
  for_each = local.description.state_machines

  dynamic "statement" {
    for_each = local.state_machine_grants[each.key]
    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  # https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
  statement {
    sid       = "Traces"
    actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = local.key_uses["state_machine/${each.key}"]
    content {
      actions   = statement.value.actions
      resources = [var.kms_key_arn]
      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# --- rules ---

# https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
data "aws_iam_policy_document" "rule_trust" {
  for_each = local.description.rules

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.rule_arns[each.key]]
    }
  }
}

resource "aws_iam_role" "rule" {
  for_each = local.description.rules

  name               = "${local.name}-${each.key}-rule-${local.region}"
  description        = "What the rule ${each.key} of ${local.name} may do"
  assume_role_policy = data.aws_iam_policy_document.rule_trust[each.key].json
}

resource "aws_iam_role_policy" "rule" {
  for_each = local.description.rules

  name   = "all"
  role   = aws_iam_role.rule[each.key].name
  policy = data.aws_iam_policy_document.rule[each.key].json
}

data "aws_iam_policy_document" "rule" {
  for_each = local.description.rules

  # A start by an alias is checked against the state machine, and the alias is a condition:
  # https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
  statement {
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arns[each.value.state_machine]]
    condition {
      test     = "StringEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }
  }

  dynamic "statement" {
    for_each = local.key_uses["rule/${each.key}"]
    content {
      actions   = statement.value.actions
      resources = [var.kms_key_arn]
      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# --- pipes ---

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
data "aws_iam_policy_document" "pipe_trust" {
  for_each = local.description.pipes

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["pipes.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.pipe_arns[each.key]]
    }
  }
}

resource "aws_iam_role" "pipe" {
  for_each = local.description.pipes

  name               = "${local.name}-${each.key}-pipe-${local.region}"
  description        = "What the pipe ${each.key} of ${local.name} may do"
  assume_role_policy = data.aws_iam_policy_document.pipe_trust[each.key].json
}

resource "aws_iam_role_policy" "pipe" {
  for_each = local.description.pipes

  name   = "all"
  role   = aws_iam_role.pipe[each.key].name
  policy = data.aws_iam_policy_document.pipe[each.key].json
}

# Its logs are delivered by a service of AWS, for which who makes the pipe asks:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
data "aws_iam_policy_document" "pipe" {
  for_each = local.description.pipes

  statement {
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.queue_arns[each.value.queue]]
  }

  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = ["${local.function_arns[each.value.enrichment]}:*"]
  }

  # As a rule's: the alias is a condition.
  statement {
    actions   = ["states:StartSyncExecution"]
    resources = [local.state_machine_arns[each.value.state_machine]]
    condition {
      test     = "StringEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }
  }

  dynamic "statement" {
    for_each = local.key_uses["pipe/${each.key}"]
    content {
      actions   = statement.value.actions
      resources = [var.kms_key_arn]
      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# --- schedules ---

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
data "aws_iam_policy_document" "schedule_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.schedule_group_arn]
    }
  }
}

resource "aws_iam_role" "schedule" {
  for_each = local.description.schedules

  name               = "${local.name}-${each.key}-schedule-${local.region}"
  description        = "What the schedule ${each.key} of ${local.name} may do"
  assume_role_policy = data.aws_iam_policy_document.schedule_trust.json
}

resource "aws_iam_role_policy" "schedule" {
  for_each = local.description.schedules

  name   = "all"
  role   = aws_iam_role.schedule[each.key].name
  policy = data.aws_iam_policy_document.schedule[each.key].json
}

data "aws_iam_policy_document" "schedule" {
  for_each = local.description.schedules

  # As a rule's: the alias is a condition.
  statement {
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arns[each.value.state_machine]]
    condition {
      test     = "StringEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }
  }

  # Dead letters are sent under the schedule's role, a rule's by the queue's policy:
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arns[each.value.dead_letters]]
  }

  dynamic "statement" {
    for_each = local.key_uses["schedule/${each.key}"]
    content {
      actions   = statement.value.actions
      resources = [var.kms_key_arn]
      condition {
        test     = "StringEquals"
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

# --- a key of the team's ---

locals {
  # Services that call KMS in the name of who calls them.
  services_with_keys = ["dynamodb", "s3", "sns", "sqs", "ssm"]
  writing_actions    = ["s3:PutObject", "sns:Publish", "sqs:SendMessage"]

  actions_of = merge(
    { for name, grants in local.function_grants : "function/${name}" => distinct(flatten(grants[*].actions)) },
    { for name, grants in local.state_machine_grants : "state_machine/${name}" => distinct(flatten(grants[*].actions)) },
    { for name in keys(local.description.rules) : "rule/${name}" => ["states:StartExecution"] },
    { for name in keys(local.description.pipes) : "pipe/${name}" => ["sqs:ReceiveMessage", "states:StartSyncExecution"] },
    { for name in keys(local.description.schedules) : "schedule/${name}" => ["sqs:SendMessage", "states:StartExecution"] },
  )
  # State machines whose executions a role starts or looks at.
  machines_of = merge(
    { for role, actions in local.actions_of : role => contains(actions, "states:DescribeExecution") ? ["ingest"] : [] },
    { for name in keys(local.description.state_machines) : "state_machine/${name}" => sort(distinct([name, "ingest"])) },
    { for name, rule in local.description.rules : "rule/${name}" => [rule.state_machine] },
    { for name, pipe in local.description.pipes : "pipe/${name}" => [pipe.state_machine] },
    { for name, schedule in local.description.schedules : "schedule/${name}" => [schedule.state_machine] },
  )

  # Through services, and for executions, whose key Step Functions asks for with their state machine's name:
  # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
  all_key_uses = {
    for role, actions in local.actions_of : role => concat(
      [
        for services in [sort(setintersection(local.services_with_keys, [for action in actions : split(":", action)[0]]))] : {
          actions  = length(setintersection(local.writing_actions, actions)) > 0 ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]
          variable = "kms:ViaService"
          values   = [for service in services : "${service}.${local.region}.${data.aws_partition.current.dns_suffix}"]
        } if length(services) > 0
      ],
      [
        for machines in [local.machines_of[role]] : {
          actions  = startswith(role, "function/") ? ["kms:Decrypt"] : ["kms:Decrypt", "kms:GenerateDataKey"]
          variable = "kms:EncryptionContext:aws:states:stateMachineArn"
          values   = [for name in machines : local.state_machine_arns[name]]
        } if length(machines) > 0
      ],
    )
  }
  key_uses = { for role, uses in local.all_key_uses : role => [for use in uses : use if var.kms_key_arn != null] }
}
