# One page: did it run, what does the warehouse do, what went wrong.

locals {
  executions = [for kind in ["Succeeded", "Failed"] : [
    for source, arn in var.state_machine_arns : ["AWS/States", "Executions${kind}", "StateMachineArn", arn, { label = source }]
  ]]
  server = { for metric in ["CPUUtilization", "DatabaseConnections", "FreeStorageSpace"] : metric => [
    ["AWS/RDS", metric, "DBInstanceIdentifier", var.warehouse_id]
  ] }
  graphs = [
    { title = "Executions that succeeded", metrics = local.executions[0], stat = "Sum" },
    { title = "Executions that failed", metrics = local.executions[1], stat = "Sum" },
    { title = "How long they took, ms", metrics = [for source, arn in var.state_machine_arns : ["AWS/States", "ExecutionTime", "StateMachineArn", arn, { label = source }]], stat = "Maximum" },
    { title = "The warehouse's CPU, %", metrics = local.server["CPUUtilization"], stat = "Average" },
    { title = "Sessions in the warehouse", metrics = local.server["DatabaseConnections"], stat = "Maximum" },
    { title = "The warehouse's free storage, bytes", metrics = local.server["FreeStorageSpace"], stat = "Minimum" },
    { title = "Errors in logs, refusals of AWS", metrics = [[var.name, "Errors"], [var.name, "Denied"]], stat = "Sum" },
    { title = "What Athena read, bytes", metrics = [["AWS/Athena", "ProcessedBytes", "WorkGroup", var.workgroup]], stat = "Sum" },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, graph in local.graphs : {
      type       = "metric"
      x          = (index % 2) * 12
      y          = floor(index / 2) * 6
      width      = 12
      height     = 6
      properties = { title = graph.title, metrics = graph.metrics, stat = graph.stat, region = var.region, period = 300, view = "timeSeries" }
    }]
  })
}
