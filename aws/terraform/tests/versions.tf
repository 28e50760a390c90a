terraform {
  required_version = ">= 1.11"

  required_providers {
    # tflint-ignore: terraform_unused_required_providers # the tests beside this file use it
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
