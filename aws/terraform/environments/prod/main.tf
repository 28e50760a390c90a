# The platform with this environment's settings.tf: the same in every environment, or a test fails.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Which bucket, and where in it: -backend-config=backend.hcl, which `bootstrap` prints.
  backend "s3" {
    use_lockfile = true
  }
}

provider "aws" {
  region = local.settings.region
  default_tags {
    tags = { project = "data-platform", environment = local.settings.environment }
  }
}

module "platform" {
  source        = "../../modules/platform"
  settings      = local.settings
  image_version = var.image_version
  etl_settings  = var.etl_settings
}

variable "image_version" {
  description = "Tag or digest of the pipeline's image in the registry, such as `sha256:…`."
  type        = string
}

variable "etl_settings" {
  description = "Further settings of `etl`, as environment variables; `etl settings` lists them. No secrets."
  type        = map(string)
  default     = {}
}

output "image_version" {
  description = "What was applied: a plan about anything else is a plan with the same."
  value       = var.image_version
}

output "platform" {
  description = "What those who use the platform need to know."
  value       = module.platform
}
