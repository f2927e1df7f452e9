terraform {
  # 1.11 is the first with write-only arguments: the pseudonym key never comes into the state.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.29.0 panics at indexes that are dynamic blocks, as those in tables.tf.
      version = ">= 5.100, != 6.29.0, < 7"
    }
  }

  # The state is a file beside this one until a team shares it. For that, make a versioned bucket outside of this
  # configuration, name it here, and run `terraform init -migrate-state`. S3 itself locks; no table is needed.
  #
  # backend "s3" {
  #   bucket       = "my-terraform-states"
  #   key          = "statewright/terraform.tfstate"
  #   region       = "eu-central-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

# Region and credentials come from the environment or a profile, as for any AWS tool.
provider "aws" {
  default_tags {
    tags = merge({ project = local.description.name, deployment = local.name }, var.tags)
  }
}

# The same, for what has no resource. Terraform can mock the one above in tests, and no ephemeral values.
provider "aws" {
  alias = "secrets"
}
