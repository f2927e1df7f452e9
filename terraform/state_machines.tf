resource "aws_cloudwatch_log_group" "state_machine" {
  #checkov:skip=CKV_AWS_338:How long is the team's to say: log_retention_days. What was ingested is in the ledger, which stays
  for_each = local.description.state_machines

  # Names that begin so have room in the one policy through which AWS delivers logs:
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  name              = "/aws/vendedlogs/states/${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_sfn_state_machine" "state_machine" {
  #checkov:skip=CKV_AWS_285:Errors are logged; the data of states only with log_execution_data, for an execution may be started with a record
  for_each = local.description.state_machines

  name       = "${local.name}-${each.key}"
  type       = try(each.value.type, "STANDARD")
  role_arn   = aws_iam_role.state_machine[each.key].arn
  definition = templatefile("${local.root}/${each.value.definition}", local.placeholders)
  publish    = true

  logging_configuration {
    level                  = var.execution_log_level
    include_execution_data = var.log_execution_data
    log_destination        = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.state_machine[each.key].name}:*"
  }

  tracing_configuration {
    enabled = true
  }

  encryption_configuration {
    type                              = var.kms_key_arn == null ? "AWS_OWNED_KEY" : "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.kms_key_arn
    kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  }

  # Step Functions tries at once whether the role may write logs.
  depends_on = [aws_iam_role_policy.state_machine]
}

# What everybody starts. It leads to the newest version, or shares executions between that and a stable one while
# the newest is tried.
resource "aws_sfn_alias" "live" {
  for_each = aws_sfn_state_machine.state_machine

  name = "live"

  dynamic "routing_configuration" {
    for_each = local.routes[each.key]
    content {
      state_machine_version_arn = routing_configuration.value.version
      weight                    = routing_configuration.value.percent
    }
  }

  lifecycle {
    precondition {
      condition     = contains([0, 100], var.canary_percent) || lookup(var.stable_versions, each.key, null) != each.value.state_machine_version_arn
      error_message = "The stable version of ${each.key} is its newest: there is nothing to try beside it."
    }
  }
}

locals {
  routes = {
    for name, machine in aws_sfn_state_machine.state_machine : name => [
      for route in [
        {
          version = machine.state_machine_version_arn
          percent = contains(keys(var.stable_versions), name) ? var.canary_percent : 100
        },
        {
          version = lookup(var.stable_versions, name, null)
          percent = contains(keys(var.stable_versions), name) ? 100 - var.canary_percent : 0
        },
      ] : route if route.percent > 0
    ]
  }
}
