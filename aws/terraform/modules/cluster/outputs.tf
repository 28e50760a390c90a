output "name" {
  description = "Name of the cluster, for `aws eks update-kubeconfig`."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "The cluster, which is also what `aws eks update-kubeconfig` calls its context."
  value       = aws_eks_cluster.this.arn
}

output "security_group_id" {
  description = "Security group of the nodes, which the warehouse lets in."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "pods_role_arn" {
  description = "Role that pods of the pipeline take."
  value       = aws_iam_role.pods["etl"].arn
}

output "airflow_role_arn" {
  description = "Role that Airflow takes to write and read logs of tasks."
  value       = aws_iam_role.pods["airflow"].arn
}

output "task_logs" {
  description = "Where Airflow keeps logs of tasks."
  value       = "s3://${split(":::", var.log_bucket_arn)[1]}/${local.task_logs}"
}
