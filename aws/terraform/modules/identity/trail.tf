# The trail, which writes its own log.

resource "aws_iam_role" "trail" {
  name               = "${var.name}-trail"
  description        = "What the trail may do: write its log"
  assume_role_policy = data.aws_iam_policy_document.trusted["cloudtrail.amazonaws.com"].json
}

resource "aws_iam_role_policy" "trail" {
  name   = "log"
  role   = aws_iam_role.trail.id
  policy = data.aws_iam_policy_document.trail.json
}

data "aws_iam_policy_document" "trail" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:/${var.name}/trail:*"]
  }
}
