"""To an AWS account: the functions' package, Terraform, the gradual shift, what is missing, a smoke test."""
