output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.task.id
}

output "state_machine_arns" {
  description = "State machines, by source."
  value       = { for source, machine in aws_sfn_state_machine.source : source => machine.arn }
}

output "cluster_arn" {
  description = "Cluster of ECS that the tasks run on."
  value       = aws_ecs_cluster.this.arn
}

output "log_group" {
  description = "Log group of the tasks."
  value       = aws_cloudwatch_log_group.this["etl"].name
}

output "topic_arn" {
  description = "SNS topic of failures, once alarms and budgets may publish to it."
  value       = aws_sns_topic.failures.arn
  depends_on  = [aws_sns_topic_policy.failures]
}

output "owner_task" {
  description = "How the owner's task is started: JSON for `aws ecs run-task --cli-input-json`."
  value = jsonencode({
    cluster        = aws_ecs_cluster.this.arn
    taskDefinition = aws_ecs_task_definition.owner.arn
    launchType     = "FARGATE"
    networkConfiguration = {
      awsvpcConfiguration = { subnets = var.subnet_ids, securityGroups = [aws_security_group.task.id], assignPublicIp = "DISABLED" }
    }
  })
}

output "settings" {
  description = "The settings that `etl` reads from its environment, without the password."
  value       = local.settings
}
