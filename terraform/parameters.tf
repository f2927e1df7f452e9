# Secrets that nobody needs to know. Secrets Manager only makes the random value: it goes into the parameter, and
# neither into the plan nor into the state. It is written once, when the parameter is created; another key would
# give every pseudonym another value.
ephemeral "aws_secretsmanager_random_password" "parameter" {
  provider = aws.secrets
  for_each = var.generate_parameters ? local.description.parameters : {}

  password_length     = 2 * each.value.random_bytes
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "parameter" {
  for_each = local.description.parameters

  name             = "/${local.name}/${each.key}"
  type             = "SecureString"
  key_id           = var.kms_key_arn
  value_wo         = var.generate_parameters ? ephemeral.aws_secretsmanager_random_password.parameter[each.key].random_password : var.parameter_values[each.key]
  value_wo_version = 1

  lifecycle {
    # Another key encrypts what is written anew, and this never is.
    ignore_changes = [key_id]
  }
}
