# Spark for what outgrows a task, on EMR Serverless: nothing runs, and nothing costs, until somebody starts a job. ADR 38 says why.

resource "aws_emrserverless_application" "this" {
  name          = var.name
  type          = "spark"
  release_label = "emr-spark-8.0.0" # Spark 4.0 and Python 3.13, as the image has them

  image_configuration {
    image_uri = var.image
  }

  network_configuration {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  # All workers together, at most: what a mistake may cost.
  maximum_capacity {
    cpu    = "${var.max_cpu} vCPU"
    memory = "${4 * var.max_cpu} GB"
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = 15
  }

  depends_on = [aws_ecr_repository_policy.this]
}

# EMR pulls the image itself.
resource "aws_ecr_repository_policy" "this" {
  repository = var.repository
  policy     = data.aws_iam_policy_document.pulls.json
}

data "aws_iam_policy_document" "pulls" {
  statement {
    sid     = "Pull"
    actions = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
    principals {
      type        = "Service"
      identifiers = ["emr-serverless.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.applications]
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/spark"
  retention_in_days = var.keep_logs_days
  kms_key_id        = var.key_arn
}

# Driver and executors call each other, the warehouse, S3 and other AWS. Nobody else calls them.
resource "aws_security_group" "this" {
  name        = "${var.name}-spark"
  description = "Workers of Spark: called by each other"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-spark" }
}

resource "aws_vpc_security_group_ingress_rule" "workers" {
  # checkov:skip=CKV_AWS_25: workers let in each other, at whatever port Spark chooses, and nobody else
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "workers" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "warehouse" {
  security_group_id = aws_security_group.this.id
  description       = "The warehouse"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.this.id
  description       = "AWS: the lake, the log"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
