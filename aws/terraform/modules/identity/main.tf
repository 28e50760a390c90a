# Roles of what runs. Each may do what its work needs, on what this environment has; a test takes actions away.

locals {
  task_roles = {
    task            = "What `etl` may do: read and write the lake, and have its tables in Glue follow"
    owner           = "What the warehouse's owner may do on AWS: nothing"
    execution       = "How a task of `etl` starts: image, log, its login"
    owner-execution = "How the owner's task starts: image, log, the owner's login and those that it hands out"
  }
  machine_arns = "arn:aws:states:${var.region}:${var.account_id}:stateMachine:${var.name}-*"
  cluster_arn  = "arn:aws:ecs:${var.region}:${var.account_id}:cluster/${var.name}"
  task_arns    = "arn:aws:ecs:${var.region}:${var.account_id}:task/${var.name}/*"
  databases    = replace(var.name, "-", "_") # of Glue: one for each layer
  log_groups   = "arn:aws:logs:${var.region}:${var.account_id}:log-group:/${var.name}/*"
}

resource "aws_iam_role" "tasks" {
  for_each           = local.task_roles
  name               = "${var.name}-${each.key}"
  description        = each.value
  assume_role_policy = data.aws_iam_policy_document.trusted["ecs-tasks.amazonaws.com"].json
}

resource "aws_iam_role" "state_machine" {
  name               = "${var.name}-state-machine"
  description        = "What a state machine may do: run the pipeline's tasks and tell of a failure"
  assume_role_policy = data.aws_iam_policy_document.trusted["states.amazonaws.com"].json
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "What a schedule may do: start the pipeline's state machines"
  assume_role_policy = data.aws_iam_policy_document.trusted["scheduler.amazonaws.com"].json
}

# A service may take a role on behalf of this account, and of no other that names our role.
data "aws_iam_policy_document" "trusted" {
  for_each = toset(["ecs-tasks.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com", "glue.amazonaws.com", "cloudtrail.amazonaws.com"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.key]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}
