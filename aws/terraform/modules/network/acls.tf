# The second line after the security groups: private subnets are not reached from outside, and leave by HTTPS only.

resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
  tags       = { Name = "${var.name}-private" }
}

resource "aws_network_acl" "public" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.public : subnet.id]
  tags       = { Name = "${var.name}-public" }
}

locals {
  within = { protocol = "-1", cidr = var.cidr, from = 0, to = 0 }
  https  = { protocol = "tcp", cidr = "0.0.0.0/0", from = 443, to = 443 }
  # A rule of a network ACL knows no connection, so answers need a rule of their own.
  answers = { protocol = "tcp", cidr = "0.0.0.0/0", from = 1024, to = 65535 }
}

resource "aws_network_acl_rule" "private_in" {
  for_each       = { 100 = local.within, 200 = local.answers }
  network_acl_id = aws_network_acl.private.id
  rule_number    = each.key
  rule_action    = "allow"
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}

resource "aws_network_acl_rule" "private_out" {
  for_each       = { 100 = local.within, 200 = local.https }
  network_acl_id = aws_network_acl.private.id
  egress         = true
  rule_number    = each.key
  rule_action    = "allow"
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}

resource "aws_network_acl_rule" "public_in" {
  for_each       = { 100 = local.within, 200 = local.answers }
  network_acl_id = aws_network_acl.public.id
  rule_number    = each.key
  rule_action    = "allow"
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}

resource "aws_network_acl_rule" "public_out" {
  for_each       = { 100 = local.within, 200 = local.https }
  network_acl_id = aws_network_acl.public.id
  egress         = true
  rule_number    = each.key
  rule_action    = "allow"
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}
