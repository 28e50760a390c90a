output "host" {
  description = "Host of the cluster (`ETL_REDSHIFT__HOST`)."
  value       = aws_redshift_cluster.this.dns_name
}

output "cluster" {
  description = "Identifier of the cluster."
  value       = aws_redshift_cluster.this.cluster_identifier
}

output "database" {
  description = "The database (`ETL_REDSHIFT__DATABASE`)."
  value       = aws_redshift_cluster.this.database_name
}

output "owner_secret_arn" {
  description = "Secret with the owner's password, which Redshift manages."
  value       = aws_redshift_cluster.this.master_password_secret_arn
}

output "copy_role_arn" {
  description = "Role by which Redshift reads the lake (`ETL_REDSHIFT__IAM_ROLE`), once it may."
  value       = aws_iam_role.copy.arn
  depends_on  = [aws_iam_role_policy.copy]
}

output "login_arns" {
  description = "What `redshift:GetClusterCredentials` is about, for the user `etl_loader`."
  value = [
    "arn:aws:redshift:${var.region}:${var.account_id}:dbuser:${aws_redshift_cluster.this.cluster_identifier}/etl_loader",
    "arn:aws:redshift:${var.region}:${var.account_id}:dbname:${aws_redshift_cluster.this.cluster_identifier}/${aws_redshift_cluster.this.database_name}",
  ]
}
