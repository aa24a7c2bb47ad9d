locals {
  given = nonsensitive(var.password != null)
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Private subnets B"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  # A new major version needs a new group while the old one is still used.
  name_prefix = "${var.name}-pg${var.engine_version}-"
  family      = "postgres${var.engine_version}"
  description = "Carrete on PostgreSQL ${var.engine_version}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Statements that take a second are worth a look; nothing that users typed is in them but names.
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_161: the password comes from Secrets Manager; IAM tokens live 15 minutes and pools would have to sign new ones
  # checkov:skip=CKV_AWS_157: db_multi_az is the operator's choice; it doubles the price
  # checkov:skip=CKV_AWS_293: deletion_protection is a variable, on by default
  # checkov:skip=CKV_AWS_354: Performance Insights uses the account's own key, as the storage does
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  db_name        = "carrete"

  username = var.username
  # Without a given password RDS makes one, keeps it in Secrets Manager and changes it every week; the
  # machines look every minute (carrete-credentials). A given one is write-only: in no state, no plan.
  manage_master_user_password = local.given ? null : true
  password_wo                 = var.password
  password_wo_version         = local.given ? var.password_version : null

  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = var.storage_gb
  max_allocated_storage = 5 * var.storage_gb

  db_subnet_group_name   = aws_db_subnet_group.this.name
  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [var.security_group_id]
  availability_zone      = var.multi_az ? null : var.availability_zone
  multi_az               = var.multi_az
  publicly_accessible    = false

  backup_retention_period    = var.backup_days
  backup_window              = "02:00-03:00"
  maintenance_window         = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true

  monitoring_interval             = 60
  monitoring_role_arn             = var.monitoring_role_arn
  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.keep_snapshot
  final_snapshot_identifier = var.keep_snapshot ? "${var.name}-final" : null
  delete_automated_backups  = !var.keep_snapshot
}

# The same place and form as RDS's own secret, so that the machines need to know one way only.
resource "aws_secretsmanager_secret" "given" {
  # checkov:skip=CKV_AWS_149: encrypted with the account's own key for Secrets Manager; a key of our own costs 1 USD a month and guards the same readers
  # checkov:skip=CKV2_AWS_57: the operator chose the password, and changes it by db_password_version
  count = local.given ? 1 : 0

  name_prefix             = "${var.name}-database-"
  description             = "User and password of Carrete's database"
  recovery_window_in_days = var.keep_snapshot ? 7 : 0
}

resource "aws_secretsmanager_secret_version" "given" {
  count = local.given ? 1 : 0

  secret_id                = aws_secretsmanager_secret.given[0].id
  secret_string_wo         = jsonencode({ username = var.username, password = var.password })
  secret_string_wo_version = var.password_version
}
