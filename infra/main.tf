# In this order: network, security groups, roles, database, bucket and queues, machines, endpoints.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_ami" "debian" {
  count       = var.ami_id == null ? 1 : 0
  most_recent = true
  owners      = ["136693071363"] # Debian: https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm

  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

locals {
  account = data.aws_caller_identity.current.account_id
  ami_id  = var.ami_id == null ? data.aws_ami.debian[0].id : var.ami_id

  site_origin = var.domain_name == "" ? "http://${module.web_address.public_ip}" : "https://${var.domain_name}"

  # Three heartbeat-less leases: a message shows up again only after its task can be claimed again.
  visibility_seconds = 3 * var.lease_seconds

  log_groups = {
    for name in ["api", "worker", "nginx", "boot"] : name => "/${var.project_name}/${name}"
  }
}

module "network" {
  source = "./modules/network"

  name     = var.project_name
  vpc_cidr = var.vpc_cidr
}

module "security" {
  source = "./modules/security"

  name     = var.project_name
  vpc_id   = module.network.vpc_id
  vpc_cidr = var.vpc_cidr
  ssh_cidr = var.allowed_ssh_cidr
}

module "iam" {
  source = "./modules/iam"

  name                  = var.project_name
  partition             = data.aws_partition.current.partition
  region                = var.aws_region
  account               = local.account
  bucket_arn            = module.storage.bucket_arn
  queue_arn             = module.queue.queue_arn
  dlq_arn               = module.queue.dlq_arn
  secret_arn            = module.database.secret_arn
  releases_bucket_arn   = module.releases.bucket_arn
  release_parameter_arn = module.releases.parameter_arn
  log_groups            = local.log_groups
}

module "database" {
  source = "./modules/database"

  name                = var.project_name
  subnet_ids          = module.network.database_subnet_ids
  availability_zone   = module.network.zones[0]
  security_group_id   = module.security.database_id
  monitoring_role_arn = module.iam.rds_monitoring_role_arn
  engine_version      = var.db_engine_version
  instance_class      = var.db_instance_class
  storage_gb          = var.db_storage_gb
  multi_az            = var.db_multi_az
  backup_days         = var.db_backup_days
  username            = var.db_username
  password            = var.db_password
  password_version    = var.db_password_version
  deletion_protection = var.deletion_protection
  keep_snapshot       = var.keep_data_on_destroy
}

module "storage" {
  source = "./modules/storage"

  bucket_name        = "${var.project_name}-media-${local.account}"
  site_origin        = local.site_origin
  archive_after_days = var.archive_originals_after_days
  old_version_days   = var.old_version_days
  force_destroy      = !var.keep_data_on_destroy
}

module "queue" {
  source = "./modules/queue"

  name               = var.project_name
  visibility_seconds = local.visibility_seconds
}

module "releases" {
  source = "./modules/releases"

  name          = var.project_name
  bucket_name   = "${var.project_name}-releases-${local.account}"
  artefact      = var.release_artefact
  force_destroy = !var.keep_data_on_destroy
}

# The site's address exists before the web server: the bucket's CORS rule and user-data name it.
module "web_address" {
  source = "./modules/address"

  name            = "${var.project_name}-web"
  domain_name     = var.domain_name
  route53_zone_id = var.route53_zone_id
}

locals {
  # What both kinds of machine are told. No secret is among it: only the ARN of one.
  instance = {
    region            = var.aws_region
    project           = var.project_name
    release_bucket    = module.releases.bucket_name
    release_parameter = module.releases.parameter_name
    secret_arn        = module.database.secret_arn
    db_host           = module.database.host
    db_port           = module.database.port
    db_name           = module.database.database
    bucket            = module.storage.bucket_name
    bucket_origin     = module.storage.bucket_origin
    queue_url         = module.queue.queue_url
    dlq_url           = module.queue.dlq_url
    lease_seconds     = var.lease_seconds
    visibility        = local.visibility_seconds
    site_origin       = local.site_origin
    domain_name       = var.domain_name
    acme_email        = var.acme_email
    vpc_cidr          = var.vpc_cidr
    scratch_bytes     = floor(var.worker_disk_gb * 2 / 3) * 1024 * 1024 * 1024
    asg_name          = "${var.project_name}-workers"
    log_groups        = local.log_groups
  }
}

module "web" {
  source = "./modules/web"

  name              = "${var.project_name}-web"
  ami_id            = local.ami_id
  instance_class    = var.web_instance_class
  subnet_id         = module.network.public_subnet_id
  security_group_id = module.security.web_id
  profile_name      = module.iam.web_profile_name
  allocation_id     = module.web_address.allocation_id
  user_data = templatefile("${path.module}/instance/user-data.sh.tftpl", merge(local.instance, {
    role = "web"
  }))

  # It boots for real work: its policies and its way out must be there before it.
  depends_on = [module.iam, module.network]
}

module "workers" {
  source = "./modules/workers"

  name                  = local.instance.asg_name
  ami_id                = local.ami_id
  instance_class        = var.worker_instance_class
  instance_alternatives = var.worker_instance_alternatives
  subnet_id             = module.network.worker_subnet_id
  security_group_id     = module.security.worker_id
  profile_name          = module.iam.worker_profile_name
  disk_gb               = var.worker_disk_gb
  min_size              = var.worker_min
  max_size              = var.worker_max
  on_demand_base        = var.worker_on_demand_base
  spot_percentage       = var.worker_spot_percentage
  backlog               = var.worker_backlog
  queue_name            = module.queue.queue_name
  user_data = templatefile("${path.module}/instance/user-data.sh.tftpl", merge(local.instance, {
    role = "worker"
  }))

  depends_on = [module.iam, module.network]
}

module "endpoints" {
  source = "./modules/endpoints"

  name              = var.project_name
  region            = var.aws_region
  vpc_id            = module.network.vpc_id
  subnet_id         = module.network.worker_subnet_id
  route_table_ids   = module.network.route_table_ids
  security_group_id = module.security.endpoints_id
  services          = setunion(["sqs"], var.interface_endpoints)
  bucket_arns       = [module.storage.bucket_arn, module.releases.bucket_arn]
}

module "monitoring" {
  source = "./modules/monitoring"

  name               = var.project_name
  region             = var.aws_region
  log_groups         = local.log_groups
  log_days           = var.log_days
  alarm_email        = var.alarm_email
  monthly_budget_usd = var.monthly_budget_usd
  queue_name         = module.queue.queue_name
  dlq_name           = module.queue.dlq_name
  asg_name           = local.instance.asg_name
  worker_min         = var.worker_min
  web_instance_id    = module.web.instance_id
  db_identifier      = module.database.identifier
  db_storage_gb      = var.db_storage_gb
}
