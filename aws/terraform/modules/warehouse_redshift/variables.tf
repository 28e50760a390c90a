variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "region" {
  description = "Region of the cluster, which must be the lake's."
  type        = string
}

variable "account_id" {
  description = "The account of the cluster."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the cluster, whose routes lead to S3's gateway."
  type        = list(string)
}

variable "client_security_group_ids" {
  description = "Security groups that may open a connection, by a name of their own."
  type        = map(string)
}

variable "key_arn" {
  description = "KMS key of the cluster, its snapshots and its owner's password; the lake's."
  type        = string
}

variable "lake_bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of the logs of connections and statements, below `redshift/`."
  type        = string
}

variable "node_type" {
  description = "Size of a node, such as `ra3.large`."
  type        = string
  validation {
    condition     = startswith(var.node_type, "ra3.")
    error_message = "node_type must begin with `ra3.`, such as ra3.large: older kinds keep data on the nodes."
  }
}

variable "nodes" {
  description = "How many nodes there are."
  type        = number
  validation {
    condition     = var.nodes >= 1 && var.nodes <= 16
    error_message = "nodes must be from 1 to 16."
  }
}

variable "snapshot_days" {
  description = "Days for which automated snapshots are kept."
  type        = number
}

variable "keep_final_snapshot" {
  description = "Whether a last snapshot is made when the cluster is destroyed."
  type        = bool
}
