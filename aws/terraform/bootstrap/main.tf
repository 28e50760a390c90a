# What must be there before an environment can keep its state: applied once by a person, with the state in a file here.

provider "aws" {
  region = var.region
  default_tags {
    tags = { project = "data-platform", environment = "bootstrap" }
  }
}

data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
}

# No log of its access: CI alone reads it. Its key is the account's own for S3, as a key of ours would have to be there
# before it; no password is in a state.
module "state" {
  source            = "../modules/bucket"
  name              = "data-platform-state-${local.account_id}"
  key_arn           = "arn:aws:kms:${var.region}:${local.account_id}:alias/aws/s3"
  force_destroy     = false
  keep_deleted_days = 365
}
