output "task_role_arns" {
  description = "Roles of tasks: `task`, `execution`, `owner`, `owner-execution`."
  value       = { for name, role in aws_iam_role.tasks : name => role.arn }
}

output "task_policy" {
  description = "What a task may do, as JSON: pods of the pipeline may do the same."
  value       = data.aws_iam_policy_document.task.json
}

output "state_machine_role_arn" {
  description = "Role of the state machines, once it may do its work."
  value       = aws_iam_role.state_machine.arn
  depends_on  = [aws_iam_role_policy.state_machine]
}

output "scheduler_role_arn" {
  description = "Role of the schedules, once it may do its work."
  value       = aws_iam_role.scheduler.arn
  depends_on  = [aws_iam_role_policy.scheduler]
}

output "crawler_role_arn" {
  description = "Role of the crawler, once it may do its work."
  value       = aws_iam_role.crawler.arn
  depends_on  = [aws_iam_role_policy.crawler]
}

output "trail_role_arn" {
  description = "Role of the trail, once it may do its work."
  value       = aws_iam_role.trail.arn
  depends_on  = [aws_iam_role_policy.trail]
}

output "people_role_arns" {
  description = "Roles that people take: `analyst`, `engineer`, `administrator`."
  value       = { for name, role in aws_iam_role.people : name => role.arn }
}
