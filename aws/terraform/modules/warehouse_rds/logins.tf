# A login for each role. Its password is made while Terraform runs, and sent to Secrets Manager without ever being
# written into a plan or a state. Raise `passwords_version` to change all of them.

ephemeral "aws_secretsmanager_random_password" "login" {
  for_each            = toset(var.logins)
  password_length     = 40
  exclude_punctuation = true # a password travels in URLs and shells, too
}

resource "aws_secretsmanager_secret" "login" {
  for_each                = toset(var.logins)
  name                    = "${var.name}/warehouse/${each.key}"
  description             = "Login of the role ${each.key} in the warehouse"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "login" {
  for_each  = aws_secretsmanager_secret.login
  secret_id = each.value.id
  secret_string_wo = jsonencode({
    username = each.key
    password = ephemeral.aws_secretsmanager_random_password.login[each.key].random_password
  })
  secret_string_wo_version = var.passwords_version
}
