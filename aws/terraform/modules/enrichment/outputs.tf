output "host" {
  description = "Name of the balancer, to which the certificate's name must lead (a CNAME or an alias)."
  value       = aws_lb.this.dns_name
}
