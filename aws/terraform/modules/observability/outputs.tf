output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    values(aws_cloudwatch_metric_alarm.this)[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.failed)[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.awaited)[*].alarm_name,
  ))
}
