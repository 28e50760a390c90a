variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "region" {
  description = "Region, for the names of the endpoints."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC: a /16, of which each subnet takes a sixteenth."
  type        = string
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "cidr must be a /16 in CIDR notation. Give one that no network of yours uses, such as 10.20.0.0/16."
  }
}

variable "availability_zones" {
  description = "Zones to use, two at least: RDS asks for two."
  type        = list(string)
  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones) && length(var.availability_zones) >= 2 && length(var.availability_zones) <= 8
    error_message = "availability_zones must name 2 to 8 different zones. `aws ec2 describe-availability-zones` lists those of your region."
  }
}

variable "nat_gateways" {
  description = "NAT gateways: 1, or one for each zone so that the loss of a zone stops nothing in the others."
  type        = number
  validation {
    condition     = var.nat_gateways >= 1 && var.nat_gateways <= length(var.availability_zones)
    error_message = "nat_gateways must be at least 1, and at most the number of availability_zones."
  }
}

variable "interface_endpoints" {
  description = "Services to reach without a NAT gateway, such as `ecr.api`, `logs`, `secretsmanager`."
  type        = list(string)
}

variable "log_bucket_arn" {
  description = "Bucket of the flow logs."
  type        = string
}
