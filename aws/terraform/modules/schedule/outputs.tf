output "dead_letter_arn" {
  description = "Queue of what could not be started."
  value       = aws_sqs_queue.dead_letters.arn
}
