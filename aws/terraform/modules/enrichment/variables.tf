variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "region" {
  description = "Region, for the log."
  type        = string
}

variable "account_id" {
  description = "The account, whose tasks may take the roles."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the service."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses of the VPC, which may ask the service."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of balancer and tasks."
  type        = list(string)
}

variable "key_arn" {
  description = "KMS key of the log."
  type        = string
}

variable "cluster_arn" {
  description = "Cluster of ECS that the tasks run on."
  type        = string
}

variable "image" {
  description = "Image of the service, by its tag or digest."
  type        = string
}

variable "repository_arn" {
  description = "Repository of that image."
  type        = string
}

variable "keys" {
  description = "Who may ask: the hash of each key, by its name; `python -m enrichment.service key NAME` makes both."
  type        = map(string)
  validation {
    condition     = length(var.keys) > 0 && alltrue([for name, hash in var.keys : can(regex("^[a-z0-9][a-z0-9-]{0,30}:[0-9a-f]{64}$", "${name}:${hash}"))])
    error_message = "keys must hold one at least, each a name of lower-case letters and the 64 digits of a hash. `python -m enrichment.service key NAME` prints both."
  }
}

variable "certificate_arn" {
  description = "Certificate of ACM for the name by which the service is called."
  type        = string
  validation {
    condition     = can(regex("^arn:aws:acm:", var.certificate_arn))
    error_message = "certificate_arn must be that of a certificate in ACM: a key that travels without TLS is known to others. `aws acm list-certificates` lists yours."
  }
}

variable "tasks" {
  description = "How many tasks there are, each of which works on two pictures at a time."
  type        = number
  validation {
    condition     = var.tasks >= 1
    error_message = "tasks must be at least 1."
  }
}

variable "log_bucket" {
  description = "Bucket of the balancer's access logs, below `balancer/`."
  type        = string
}

variable "keep_logs_days" {
  description = "Days for which the log is kept, one of those that CloudWatch knows."
  type        = number
}

variable "deletion_protection" {
  description = "Whether deleting the balancer, whose name others call, is refused."
  type        = bool
}
