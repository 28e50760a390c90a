# What Spark is made of. The simulated AWS lacks most of EMR Serverless, so a mocked provider makes it here.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/data-platform-test-spark" }
  }
  mock_resource "aws_emrserverless_application" {
    defaults = { id = "00app" }
  }
}

variables {
  name             = "data-platform-test"
  region           = "eu-central-1"
  account_id       = "123456789012"
  vpc_id           = "vpc-1"
  vpc_cidr         = "10.0.0.0/16"
  subnet_ids       = ["subnet-1", "subnet-2"]
  key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  image            = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform-test/spark:1.0.0"
  repository       = "data-platform-test/spark"
  max_cpu          = 64
  settings         = { ETL_LAKE__URL = "s3://lake/lake?region=eu-central-1", PGHOST = "db.example.org" }
  login_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:login"
  lake_policy      = "{}"
  keep_logs_days   = 30
}

run "spark_costs_nothing_until_a_job_starts" {
  module {
    source = "../modules/spark"
  }
  assert {
    condition     = length(aws_emrserverless_application.this.initial_capacity) == 0
    error_message = "Workers that wait for jobs cost as much as those that work."
  }
  assert {
    condition     = aws_emrserverless_application.this.maximum_capacity[0].cpu == "64 vCPU" && aws_emrserverless_application.this.maximum_capacity[0].memory == "256 GB"
    error_message = "Without a limit, a mistake may cost anything."
  }
}

run "a_job_has_the_settings_of_a_task_and_its_login_by_name" {
  module {
    source = "../modules/spark"
  }
  assert {
    condition = alltrue([for name, value in {
      LOGIN         = "EMR.secret@arn:aws:secretsmanager:eu-central-1:123456789012:secret:login"
      PGHOST        = "db.example.org"
      ETL_LAKE__URL = "s3://lake/lake?region=eu-central-1"
    } : jsondecode(output.job).configurationOverrides.applicationConfiguration[0].properties["spark.emr-serverless.driverEnv.${name}"] == value])
    error_message = "The driver has the settings of a task, and its login by the name of the secret."
  }
}
