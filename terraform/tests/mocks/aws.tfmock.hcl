# What the provider itself checks: ARNs that look like ARNs.

mock_data "aws_caller_identity" {
  defaults = { account_id = "000000000000" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "us-east-1", name = "us-east-1" }
}

mock_data "aws_iam_policy_document" {
  defaults = { json = "{}" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::000000000000:role/mocked" }
}

mock_resource "aws_lambda_function" {
  defaults = { qualified_arn = "arn:aws:lambda:us-east-1:000000000000:function:mocked:7" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = {
    arn                       = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked"
    state_machine_version_arn = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:7"
  }
}

mock_resource "aws_sfn_alias" {
  defaults = { arn = "arn:aws:states:us-east-1:000000000000:stateMachine:mocked:live" }
}
