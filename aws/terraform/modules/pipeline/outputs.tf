output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.task.id
}

output "state_machine_arns" {
  description = "State machines, by source."
  value       = { for source, machine in aws_sfn_state_machine.source : source => machine.arn }
}

output "topic_arn" {
  description = "SNS topic of failures."
  value       = aws_sns_topic.failures.arn
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
