output "id" {
  description = "Identifier of the server."
  value       = aws_db_instance.this.identifier
}

output "host" {
  description = "Address of the server (`PGHOST`)."
  value       = aws_db_instance.this.address
}

output "database" {
  description = "Database of the warehouse (`PGDATABASE`)."
  value       = aws_db_instance.this.db_name
}

output "owner" {
  description = "User that owns the database."
  value       = aws_db_instance.this.username
}

output "owner_secret_arn" {
  description = "Secret with the owner's password, which RDS manages."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "login_secret_arns" {
  description = "Secrets with the logins, by role."
  value       = { for role, secret in aws_secretsmanager_secret.login : role => secret.arn }
}
