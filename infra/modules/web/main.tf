resource "aws_instance" "this" {
  ami                    = var.ami_id
  instance_type          = var.instance_class
  subnet_id              = var.subnet_id
  vpc_security_group_ids = [var.security_group_id]
  iam_instance_profile   = var.profile_name
  user_data              = var.user_data
  monitoring             = true
  ebs_optimized          = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
    tags        = { Name = var.name }
  }

  tags = { Name = var.name }

  lifecycle {
    # A newer Debian image or another boot script must not take the site down by surprise. The machine
    # updates itself; `terraform apply -replace=module.web.aws_instance.this` makes a new one.
    ignore_changes = [ami, user_data]
  }
}

resource "aws_eip_association" "this" {
  instance_id   = aws_instance.this.id
  allocation_id = var.allocation_id
}
