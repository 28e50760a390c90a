# How `etl` is started here: with a task's settings, its login by the name of the secret, and workers of this size.

locals {
  python = "/opt/etl/bin/python"
  # EMR puts the secret itself in the place of its name.
  driver = merge(var.settings, { LOGIN = "EMR.secret@${var.login_secret_arn}", PYSPARK_PYTHON = local.python, PYSPARK_DRIVER_PYTHON = local.python })
  spark = merge(
    {
      "spark.executor.cores"             = "4"
      "spark.executor.memory"            = "8g"
      "spark.executor.memoryOverhead"    = "8g" # Python, which parses and writes
      "spark.executorEnv.PYSPARK_PYTHON" = local.python
    },
    { for name, value in local.driver : "spark.emr-serverless.driverEnv.${name}" => value },
  )
  job = {
    name             = "etl"
    applicationId    = aws_emrserverless_application.this.id
    executionRoleArn = aws_iam_role.job.arn
    jobDriver        = { sparkSubmit = { entryPoint = "local:///opt/etl/bin/emr_entrypoint.py", entryPointArguments = ["--help"] } }
    configurationOverrides = {
      applicationConfiguration = [{ classification = "spark-defaults", properties = local.spark }]
      monitoringConfiguration  = { cloudWatchLoggingConfiguration = { enabled = true, logGroupName = aws_cloudwatch_log_group.this.name } }
    }
  }
}
