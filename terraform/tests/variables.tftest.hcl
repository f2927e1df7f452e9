# Each value here is refused, by its variable, before anything is planned. A run refuses many at once: each run is
# a plan, and takes its second.

mock_provider "aws" {
  source = "./tests/mocks"
}

provider "aws" {
  alias                       = "secrets"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  generate_parameters = false
  parameter_values    = { pseudonym_key = "given" }
}

run "values_that_are_none" {
  command = plan
  variables {
    name                    = "Shop"
    bucket_suffix           = "-begins-with-a-hyphen"
    package                 = "functions.tar"
    kms_key_arn             = "alias/mine"
    noncurrent_version_days = 7.5
    log_retention_days      = 10
    log_level               = "LOUD"
    execution_log_level     = "OFF"
    reserved_concurrency    = { no_such_function = 5 }
    stable_versions         = { no_such_machine = "arn:aws:states:us-east-1:000000000000:stateMachine:x:1" }
    canary_percent          = 0.5
    max_message_bytes       = 1023
    notification_emails     = ["nobody"]
    alarm_emails            = ["no domain@example"]
    max_invalid_percent     = -1
  }
  expect_failures = [
    var.name, var.bucket_suffix, var.package, var.kms_key_arn, var.noncurrent_version_days, var.log_retention_days,
    var.log_level, var.execution_log_level, var.reserved_concurrency, var.stable_versions, var.canary_percent,
    var.notification_emails, var.alarm_emails, var.max_invalid_percent, var.max_message_bytes,
  ]
}

run "values_beyond_an_edge" {
  command = plan
  variables {
    name                    = "a-name-of-more-than-24-ch"
    bucket_suffix           = "InCapitals"
    kms_key_arn             = "1234abcd-12ab-34cd-56ef-1234567890ab"
    noncurrent_version_days = 6
    log_retention_days      = 0
    reserved_concurrency    = { enrich = 0 }
    stable_versions         = { ingest = "arn:aws:states:us-east-1:000000000000:stateMachine:of-no-version" }
    canary_percent          = 101
    max_invalid_percent     = 100
    max_message_bytes       = 1048577
    monthly_budget_usd      = 50 # and nobody to warn
  }
  expect_failures = [
    var.name, var.bucket_suffix, var.kms_key_arn, var.noncurrent_version_days, var.log_retention_days,
    var.reserved_concurrency, var.stable_versions, var.canary_percent, var.max_invalid_percent,
    var.max_message_bytes, var.monthly_budget_usd,
  ]
}

run "values_of_other_kinds" {
  command = plan
  variables {
    name               = "ends-with-a-hyphen-"
    bucket_suffix      = "under_scored"
    canary_percent     = -1
    alarm_emails       = ["duty@example.com"]
    monthly_budget_usd = 0
  }
  expect_failures = [var.name, var.bucket_suffix, var.canary_percent, var.monthly_budget_usd]
}

run "the_longest_name_there_may_be" {
  command = plan
  variables {
    name          = "a-name-of-24-characters0"
    bucket_suffix = null
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.bucket : length(bucket.bucket) <= 63])
    error_message = "S3 takes 63 characters."
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.function : length(role.name) <= 64])
    error_message = "IAM takes 64 characters."
  }
}
