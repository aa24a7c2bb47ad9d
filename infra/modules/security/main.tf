# Each rule is a resource of its own, with a reason. What is not listed is refused, outward too.
# DNS, time and metadata are link-local services of the VPC, which security groups don't filter.

resource "aws_security_group" "web" {
  # checkov:skip=CKV2_AWS_5: attached to the web server in modules/web
  name        = "${var.name}-web"
  description = "Web server"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-web" }
}

resource "aws_security_group" "worker" {
  # checkov:skip=CKV2_AWS_5: attached to the workers in modules/workers
  name        = "${var.name}-worker"
  description = "Workers"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-worker" }
}

resource "aws_security_group" "database" {
  # checkov:skip=CKV2_AWS_5: attached to the database in modules/database
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-database" }
}

resource "aws_security_group" "endpoints" {
  # checkov:skip=CKV2_AWS_5: attached to the interface endpoints in modules/endpoints
  name        = "${var.name}-endpoints"
  description = "Interface endpoints"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-endpoints" }
}

locals {
  # Workers have no public address: whoever reaches them is in the VPC or comes through its VPN. The
  # whole internet as a source makes no sense there.
  worker_ssh_cidr = endswith(var.ssh_cidr, "/0") ? var.vpc_cidr : var.ssh_cidr

  ingress = {
    web_ssh    = { group = aws_security_group.web.id, port = 22, cidr = var.ssh_cidr, why = "SSH from allowed_ssh_cidr" }
    web_http   = { group = aws_security_group.web.id, port = 80, cidr = "0.0.0.0/0", why = "The page, redirected to HTTPS when there is a domain" }
    web_https  = { group = aws_security_group.web.id, port = 443, cidr = "0.0.0.0/0", why = "The page and the API" }
    web_api    = { group = aws_security_group.web.id, port = 8080, cidr = var.vpc_cidr, why = "The API with its metrics, inside the VPC only" }
    worker_ssh = { group = aws_security_group.worker.id, port = 22, cidr = local.worker_ssh_cidr, why = "SSH from allowed_ssh_cidr" }
  }

  from_groups = {
    database_web     = { group = aws_security_group.database.id, source = aws_security_group.web.id, port = 5432, why = "PostgreSQL from the web server" }
    database_worker  = { group = aws_security_group.database.id, source = aws_security_group.worker.id, port = 5432, why = "PostgreSQL from the workers" }
    endpoints_web    = { group = aws_security_group.endpoints.id, source = aws_security_group.web.id, port = 443, why = "AWS services from the web server" }
    endpoints_worker = { group = aws_security_group.endpoints.id, source = aws_security_group.worker.id, port = 443, why = "AWS services from the workers" }
  }

  to_groups = {
    web_database    = { group = aws_security_group.web.id, target = aws_security_group.database.id, port = 5432, why = "PostgreSQL" }
    worker_database = { group = aws_security_group.worker.id, target = aws_security_group.database.id, port = 5432, why = "PostgreSQL" }
  }

  to_anywhere = {
    web_https    = { group = aws_security_group.web.id, port = 443, why = "AWS, package indexes, the certificate authority" }
    web_http     = { group = aws_security_group.web.id, port = 80, why = "Debian mirrors, whose packages are signed" }
    worker_https = { group = aws_security_group.worker.id, port = 443, why = "AWS and package indexes" }
    worker_http  = { group = aws_security_group.worker.id, port = 80, why = "Debian mirrors, whose packages are signed" }
  }
}

resource "aws_vpc_security_group_ingress_rule" "cidr" {
  # checkov:skip=CKV_AWS_260: port 80 is the page; with a domain it only redirects to HTTPS
  for_each = local.ingress

  security_group_id = each.value.group
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = each.value.why
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each = local.from_groups

  security_group_id            = each.value.group
  referenced_security_group_id = each.value.source
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_egress_rule" "group" {
  for_each = local.to_groups

  security_group_id            = each.value.group
  referenced_security_group_id = each.value.target
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_egress_rule" "anywhere" {
  for_each = local.to_anywhere

  security_group_id = each.value.group
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = each.value.why
}
