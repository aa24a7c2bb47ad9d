resource "aws_eip" "this" {
  # checkov:skip=CKV2_AWS_19: it is attached to the web server in modules/web, by aws_eip_association
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_route53_record" "site" {
  count = var.route53_zone_id == "" ? 0 : 1

  zone_id = var.route53_zone_id
  name    = var.domain_name
  type    = "A"
  ttl     = 300
  records = [aws_eip.this.public_ip]
}
