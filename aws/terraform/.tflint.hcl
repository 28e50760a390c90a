# cd aws/terraform && tflint --init && tflint --recursive --config "$PWD/.tflint.hcl"
# All rules but those that are off below, with the reason.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

plugin "aws" {
  enabled = true
  version = "0.48.0"
  source  = "github.com/terraform-linters/tflint-ruleset-aws"
}

# Those that the plugin does not ask for by itself. (A tag of each resource is the provider's matter: default_tags.)
rule "aws_provider_missing_default_tags" {
  enabled = true
  tags    = ["project", "environment"]
}

rule "aws_iam_policy_attachment_exclusive_attachment" {
  enabled = true
}

rule "aws_iam_role_deprecated_policy_attributes" {
  enabled = true
}

rule "aws_security_group_inline_rules" {
  enabled = true
}

rule "aws_security_group_rule_deprecated" {
  enabled = true
}

# An environment is one file, the same in both, beside its settings. That modules have these files is tested.
rule "terraform_standard_module_structure" {
  enabled = false
}
