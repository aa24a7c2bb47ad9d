"""Destroying leaves nothing. The last of its group, by its name."""

import pytest
from tests.infra.conftest import Deployment

pytestmark = [pytest.mark.xdist_group("infra"), pytest.mark.timeout(600), pytest.mark.slow]


def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    deployment.terraform.run("destroy", "-no-color", "-auto-approve", "-parallelism=30", within=300)
    assert deployment.terraform.run("state", "list", within=30).stdout == ""
    assert deployment.client("rds").describe_db_instances()["DBInstances"] == []
    assert deployment.client("s3").list_buckets()["Buckets"] == []
    assert deployment.client("sqs").list_queues().get("QueueUrls", []) == []
    # moto lists terminated instances for good; a real account does for an hour.
    reservations = deployment.client("ec2").describe_instances()["Reservations"]
    states = {item["State"]["Name"] for group in reservations for item in group["Instances"]}
    assert states <= {"terminated"}
    roles = deployment.client("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles if role["RoleName"].startswith("carrete")] == []
    assert deployment.client("secretsmanager").list_secrets()["SecretList"] == []
