# Kubernetes on EKS, for the way by Helm: `make up` installs the platform into it. Who may do what is in access.tf.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/eks/${var.name}/cluster" # EKS writes there, under this name only
  retention_in_days = var.keep_logs_days
  kms_key_id        = var.key_arn
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  version  = var.kubernetes_version
  role_arn = aws_iam_role.this["cluster"].arn

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  vpc_config {
    subnet_ids              = var.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(var.admin_cidrs) > 0
    public_access_cidrs     = length(var.admin_cidrs) > 0 ? var.admin_cidrs : null
  }

  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = var.key_arn
    }
  }

  # Rights come from access entries alone: whoever makes the cluster has none by that.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy_attachment.this, aws_iam_role_policy.secrets]
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "platform"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = var.subnet_ids
  instance_types  = [var.node_type]
  ami_type        = "AL2023_x86_64_STANDARD"
  capacity_type   = "ON_DEMAND"

  scaling_config {
    min_size     = var.nodes
    desired_size = var.nodes
    max_size     = var.nodes + 1 # while one is replaced
  }

  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

# Pods reach neither the metadata service, which would lend them the node's role, nor an unencrypted disk.
resource "aws_launch_template" "nodes" {
  name = "${var.name}-nodes"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = var.node_disk_gb
      volume_type = "gp3"
      encrypted   = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-node" }
  }
}

# `vpc-cni` enforces our network policies; `aws-ebs-csi-driver` makes volumes.
resource "aws_eks_addon" "this" {
  for_each = {
    vpc-cni            = { configuration = jsonencode({ enableNetworkPolicy = "true" }), role = null }
    kube-proxy         = { configuration = null, role = null }
    coredns            = { configuration = null, role = null }
    aws-ebs-csi-driver = { configuration = jsonencode({ defaultStorageClass = { enabled = true } }), role = aws_iam_role.pods["volumes"].arn }
  }
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  configuration_values        = each.value.configuration
  service_account_role_arn    = each.value.role
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  depends_on = [aws_eks_node_group.this]
}
