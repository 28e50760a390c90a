"""An AWS for tests: moto's server in a process of its own, with what it lacks added here, not in Terraform code.

`python -m tests.aws.cloud FOLDER` serves it. Networks are not simulated, a container is a process, and no limit of an
account is known: what passes here has not met AWS.
"""
