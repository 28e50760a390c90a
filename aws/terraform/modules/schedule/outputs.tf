output "dead_letter_queue" {
  description = "Name of that queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "dead_letter_arn" {
  description = "Queue of what could not be started."
  value       = aws_sqs_queue.dead_letters.arn
}
