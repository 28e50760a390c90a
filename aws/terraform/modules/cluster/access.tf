# What the cluster and its nodes may do on AWS, what pods may do there, and what people may do in the cluster.

locals {
  issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  duties = {
    cluster = { service = "eks.amazonaws.com", about = "Kubernetes itself: network interfaces, balancers", policies = ["AmazonEKSClusterPolicy"] }
    nodes = {
      service  = "ec2.amazonaws.com"
      about    = "Nodes: join, pull images, give pods addresses"
      policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy"]
    }
  }
  policies = { for each in flatten([for duty, is in local.duties : [for policy in is.policies : { duty = duty, policy = policy }]]) : each.policy => each.duty }
  # By IRSA: a pod shows a token of its ServiceAccount. (Pod Identity asks an agent on the node, which our network policy shuts out.)
  pods = {
    etl     = { accounts = ["etl:etl"], about = "Pods of the pipeline: the lake" }
    airflow = { accounts = ["airflow:airflow-scheduler", "airflow:airflow-api-server"], about = "Airflow: logs of tasks" }
    volumes = { accounts = ["kube-system:ebs-csi-controller-sa"], about = "The driver that makes volumes" }
  }
  task_logs = "airflow" # the folder in the bucket of logs
  # The rights that EKS knows by name. In prod, administrators only read: there, a tool applies what was merged.
  people = {
    administrator = var.people_may_write ? "AmazonEKSClusterAdminPolicy" : "AmazonEKSAdminViewPolicy"
    engineer      = "AmazonEKSViewPolicy"
  }
}

resource "aws_iam_role" "this" {
  for_each           = local.duties
  name               = "${var.name}-eks-${each.key}"
  description        = each.value.about
  assume_role_policy = data.aws_iam_policy_document.trusted[each.key].json
}

data "aws_iam_policy_document" "trusted" {
  for_each = local.duties
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = local.policies
  role       = aws_iam_role.this[each.value].name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

# Secrets are encrypted by a key that the platform's own key encrypts.
resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.this["cluster"].id
  policy = data.aws_iam_policy_document.secrets.json
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "Key"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
    resources = [var.key_arn]
  }
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "pods" {
  for_each           = local.pods
  name               = "${var.name}-eks-pods-${each.key}"
  description        = each.value.about
  assume_role_policy = data.aws_iam_policy_document.pods_trusted[each.key].json
}

data "aws_iam_policy_document" "pods_trusted" {
  for_each = local.pods
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.this.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [for account in each.value.accounts : "system:serviceaccount:${account}"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "etl" {
  name   = "lake"
  role   = aws_iam_role.pods["etl"].id
  policy = var.lake_policy
}

resource "aws_iam_role_policy" "task_logs" {
  name   = "task-logs"
  role   = aws_iam_role.pods["airflow"].id
  policy = data.aws_iam_policy_document.task_logs.json
}

data "aws_iam_policy_document" "task_logs" {
  statement {
    sid       = "Logs"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.log_bucket_arn}/${local.task_logs}/*"]
  }
  # Without it, S3 refuses to say of a log that it is not there yet; Airflow would then write none.
  statement {
    sid       = "IsThere"
    actions   = ["s3:ListBucket"]
    resources = [var.log_bucket_arn]
  }
}

resource "aws_iam_role_policy_attachment" "volumes" {
  role       = aws_iam_role.pods["volumes"].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
}

resource "aws_eks_access_entry" "people" {
  for_each      = local.people
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = var.people_role_arns[each.key]
}

resource "aws_eks_access_policy_association" "people" {
  for_each      = local.people
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.people[each.key].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/${each.value}"
  access_scope {
    type = "cluster"
  }
}
