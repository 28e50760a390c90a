"""The platform on AWS: Terraform, and the program that writes its documents."""
