variable "name" {
  description = "Beginning of every name, such as `data-platform-dev`."
  type        = string
}

variable "images" {
  description = "Names of the images, each a repository."
  type        = list(string)
}

variable "key_arn" {
  description = "KMS key that encrypts the images."
  type        = string
}

variable "keep_images" {
  description = "How many images of each name are kept."
  type        = number
  validation {
    condition     = var.keep_images >= 2
    error_message = "keep_images must be at least 2: with one, there is none to go back to."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes repositories that hold images."
  type        = bool
}
