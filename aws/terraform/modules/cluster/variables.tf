variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`; the cluster's own."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones at least."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must name two at least, in different zones: EKS wants that."
  }
}

variable "key_arn" {
  description = "KMS key of the cluster's Secrets and log."
  type        = string
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, such as `1.33`."
  type        = string
  validation {
    condition     = can(regex("^1\\.(3[0-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version must be 1.30 or later, as EKS writes it, such as 1.33: the platform needs it."
  }
}

variable "node_type" {
  description = "Type of the nodes, such as `m7i.large`."
  type        = string
}

variable "nodes" {
  description = "How many nodes there are."
  type        = number
  validation {
    condition     = var.nodes >= 1
    error_message = "nodes must be at least 1; 2 if the platform is to survive one."
  }
}

variable "node_disk_gb" {
  description = "Disk of a node, for images and logs."
  type        = number
  default     = 50
}

variable "admin_cidrs" {
  description = "Addresses from which the cluster's API may be asked over the internet, with rights; none: from the VPC only."
  type        = list(string)
  validation {
    condition     = alltrue([for cidr in var.admin_cidrs : can(cidrhost(cidr, 0)) && tonumber(split("/", cidr)[1]) >= 16])
    error_message = "admin_cidrs must be networks of yours, such as 203.0.113.0/24, none larger than a /16: not everybody needs to reach the API."
  }
}

variable "people_role_arns" {
  description = "Roles that people take: `administrator` and `engineer`."
  type        = map(string)
}

variable "people_may_write" {
  description = "Whether administrators may change what runs in the cluster, or only read."
  type        = bool
}

variable "lake_policy" {
  description = "What pods of the pipeline may do on AWS: the policy's JSON, the same as for tasks."
  type        = string
}

variable "log_bucket_arn" {
  description = "Bucket of logs, in which Airflow keeps those of tasks, below `airflow/`."
  type        = string
}

variable "keep_logs_days" {
  description = "Days for which the cluster's log is kept, one of those that CloudWatch knows."
  type        = number
}
