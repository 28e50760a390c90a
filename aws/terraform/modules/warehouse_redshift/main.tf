# Redshift beside the warehouse: reachable from the VPC only, with TLS only; it reads silver from the lake by its own role.

resource "aws_redshift_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-redshift"
  description = "Redshift: from those who may ask it; out to S3, where the lake is"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-redshift" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each                     = var.client_security_group_ids
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5439
  to_port                      = 5439
}

# With enhanced VPC routing, COPY leaves through the VPC, to S3's gateway.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "The lake and AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_redshift_parameter_group" "this" {
  name        = "${var.name}-redshift"
  family      = "redshift-1.0"
  description = "TLS only; who asked what is logged"

  parameter {
    name  = "require_ssl"
    value = "true"
  }
  parameter {
    name  = "enable_user_activity_logging"
    value = "true"
  }
}

resource "aws_redshift_cluster" "this" {
  cluster_identifier = local.cluster
  database_name      = "warehouse"
  node_type          = var.node_type
  cluster_type       = var.nodes == 1 ? "single-node" : "multi-node"
  number_of_nodes    = var.nodes
  master_username    = "warehouse_owner"

  # Redshift makes this password, keeps it in Secrets Manager and changes it: no state ever holds it.
  manage_master_password            = true
  master_password_secret_kms_key_id = var.key_arn

  encrypted                    = true
  kms_key_id                   = var.key_arn
  publicly_accessible          = false
  enhanced_vpc_routing         = true
  cluster_subnet_group_name    = aws_redshift_subnet_group.this.name
  vpc_security_group_ids       = [aws_security_group.this.id]
  cluster_parameter_group_name = aws_redshift_parameter_group.this.name

  iam_roles            = [aws_iam_role.copy.arn]
  default_iam_role_arn = aws_iam_role.copy.arn

  automated_snapshot_retention_period = var.snapshot_days
  preferred_maintenance_window        = "sun:04:30-sun:05:30"
  allow_version_upgrade               = true
  skip_final_snapshot                 = !var.keep_final_snapshot
  final_snapshot_identifier           = var.keep_final_snapshot ? "${var.name}-redshift-final" : null
}

resource "aws_redshift_logging" "this" {
  cluster_identifier   = aws_redshift_cluster.this.id
  log_destination_type = "s3"
  bucket_name          = var.log_bucket
  s3_key_prefix        = "redshift/"
}
