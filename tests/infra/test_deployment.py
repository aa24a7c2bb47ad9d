"""What was applied is what was decided: each row is read back from AWS's side (moto), not from HCL.

moto is patched (moto_main.py), so a clean re-plan proves our configuration and those patches
together.
"""

import json
import os
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from tests.infra.conftest import SITE, Deployment, build
from tests.infra.machine import HOST

pytestmark = [pytest.mark.xdist_group("infra"), pytest.mark.timeout(600), pytest.mark.slow]

VPC = "10.20.0.0/16"
SSH = "203.0.113.7/32"
EVERYWHERE = "0.0.0.0/0"


def test_a_second_plan_finds_nothing_to_change(deployment: Deployment) -> None:
    done = deployment.terraform.run(
        "plan", "-no-color", "-detailed-exitcode", within=180, allowed=(0, 2)
    )
    assert done.returncode == 0, done.stdout[-6000:]


# ------------------------------------------------------------------------------------------ network


def test_only_the_public_subnet_has_a_way_in(deployment: Deployment) -> None:
    ec2 = deployment.client("ec2")
    subnets = {_name(item): item for item in ec2.describe_subnets()["Subnets"] if _name(item)}
    assert set(subnets) == {
        f"carrete-{name}" for name in ("public-a", "private-a", "private-b1", "private-b2")
    }
    assert not any(item["MapPublicIpOnLaunch"] for item in subnets.values())
    zones = {name: item["AvailabilityZone"] for name, item in subnets.items()}
    assert zones["carrete-private-b1"] != zones["carrete-private-b2"]
    assert zones["carrete-public-a"] == zones["carrete-private-a"] == zones["carrete-private-b1"]
    ways = {
        _name(table): _default_way(table) for table in ec2.describe_route_tables()["RouteTables"]
    }
    assert ways["carrete-public"].startswith("igw-")
    assert ways["carrete-private"].startswith("nat-")
    assert ways["carrete-database"] == ""
    attached = {
        _name(table): {link.get("SubnetId") for link in table["Associations"]}
        for table in ec2.describe_route_tables()["RouteTables"]
    }
    assert attached["carrete-public"] == {subnets["carrete-public-a"]["SubnetId"]}
    assert attached["carrete-private"] == {subnets["carrete-private-a"]["SubnetId"]}


def _name(item: dict[str, Any]) -> str:
    return next((tag["Value"] for tag in item.get("Tags", []) if tag["Key"] == "Name"), "")


def _default_way(table: dict[str, Any]) -> str:
    for route in table["Routes"]:
        if route.get("DestinationCidrBlock") == EVERYWHERE:
            return str(route.get("NatGatewayId") or route.get("GatewayId"))
    return ""


# ---------------------------------------------------------------------------------- security groups

RULES = {
    # group: {(direction, port, from or to)}
    "web": {
        ("in", 22, SSH),
        ("in", 80, EVERYWHERE),
        ("in", 443, EVERYWHERE),
        ("in", 8080, VPC),
        ("out", 443, EVERYWHERE),
        ("out", 80, EVERYWHERE),
        ("out", 5432, "database"),
    },
    "worker": {
        ("in", 22, SSH),
        ("out", 443, EVERYWHERE),
        ("out", 80, EVERYWHERE),
        ("out", 5432, "database"),
    },
    "database": {("in", 5432, "web"), ("in", 5432, "worker")},
    "endpoints": {("in", 443, "web"), ("in", 443, "worker")},
    "unused": set(),
}


@pytest.mark.parametrize("group", RULES)
def test_a_security_group_has_its_rules_and_no_other(deployment: Deployment, group: str) -> None:
    ec2 = deployment.client("ec2")
    ids = {
        item["GroupId"]: _name(item).removeprefix("carrete-")
        for item in ec2.describe_security_groups()["SecurityGroups"]
    }
    wanted = next(number for number, name in ids.items() if name == group)
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [wanted]}])
    rules = set()
    for rule in found["SecurityGroupRules"]:
        assert rule["IpProtocol"] == "tcp"
        assert rule["FromPort"] == rule["ToPort"]
        assert rule.get("Description"), "a rule says why it is there"
        other = rule.get("CidrIpv4") or ids[rule["ReferencedGroupInfo"]["GroupId"]]
        rules.add(("out" if rule["IsEgress"] else "in", rule["FromPort"], other))
    assert rules == RULES[group]


# --------------------------------------------------------------------------------------- encryption


def test_the_database_is_private_encrypted_and_backed_up(deployment: Deployment) -> None:
    rds = deployment.client("rds")
    database = rds.describe_db_instances()["DBInstances"][0]
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert database["BackupRetentionPeriod"] == 7
    assert database["CopyTagsToSnapshot"] is True
    assert database["MonitoringInterval"] == 60
    assert database["MonitoringRoleArn"].endswith("role/carrete-rds-monitoring")
    group = database["DBParameterGroups"][0]["DBParameterGroupName"]
    settings = {
        item["ParameterName"]: item["ParameterValue"]
        for item in rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    }
    assert settings["rds.force_ssl"] == "1"
    assert database["MasterUserSecret"]["SecretArn"] == deployment.outputs["database_secret_arn"]


@pytest.mark.parametrize("output", ["bucket", "releases_bucket"])
def test_a_bucket_is_private_versioned_and_encrypted(deployment: Deployment, output: str) -> None:
    s3, bucket = deployment.client("s3"), deployment.outputs[output]
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert len(blocked) == 4
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    _refuses_plain_http(json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]), "s3:*")


def _refuses_plain_http(policy: dict[str, Any], action: str) -> None:
    statement = policy["Statement"][0]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == action
    assert statement["Principal"] in ("*", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_answers_the_site_s_page_only_and_forgets_what_is_over(
    deployment: Deployment,
) -> None:
    s3, bucket = deployment.client("s3"), deployment.outputs["bucket"]
    rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == [[f"https://{SITE}"]]
    assert set(rules[0]["AllowedMethods"]) == {"GET", "HEAD", "PUT"}
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    kept = {rule["ID"]: rule for rule in lifecycle}
    assert kept["abandoned-uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 8
    assert kept["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert {rule["Status"] for rule in lifecycle} == {"Enabled"}


def test_the_queues_are_encrypted_and_hand_over_their_dead(deployment: Deployment) -> None:
    sqs = deployment.client("sqs")
    attributes = {
        name: sqs.get_queue_attributes(QueueUrl=deployment.outputs[name], AttributeNames=["All"])[
            "Attributes"
        ]
        for name in ("queue_url", "dlq_url")
    }
    tasks, dead = attributes["queue_url"], attributes["dlq_url"]
    assert tasks["VisibilityTimeout"] == "60", "three leases of 20 s"
    assert json.loads(tasks["RedrivePolicy"])["deadLetterTargetArn"] == dead["QueueArn"]
    assert dead["MessageRetentionPeriod"] == str(14 * 86400)
    for found in attributes.values():
        assert found["SqsManagedSseEnabled"] == "true"
        _refuses_plain_http(json.loads(found["Policy"]), "sqs:*")


# ----------------------------------------------------------------------------------------- machines


def test_the_web_server_has_its_address_and_guards_its_credentials(deployment: Deployment) -> None:
    ec2 = deployment.client("ec2")
    wanted = deployment.outputs["web_instance_id"]
    instance = ec2.describe_instances(InstanceIds=[wanted])["Reservations"][0]["Instances"][0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert instance["IamInstanceProfile"]["Arn"].endswith("/carrete-web")
    addresses = ec2.describe_addresses()["Addresses"]
    assert wanted in {address.get("InstanceId") for address in addresses}
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [wanted]}])
    assert [volume["Encrypted"] for volume in volumes["Volumes"]] == [True]


def test_workers_are_started_private_encrypted_and_guarded(deployment: Deployment) -> None:
    template = deployment.launch_template()
    assert template["InstanceType"] == "t3.small"
    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert template["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert template["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is False
    assert template["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    assert template["IamInstanceProfile"]["Name"] == "carrete-worker"


def test_the_fleet_grows_with_the_backlog_and_drains(deployment: Deployment) -> None:
    scaling, group_name = deployment.client("autoscaling"), deployment.outputs["worker_group"]
    group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_name])[
        "AutoScalingGroups"
    ][0]
    assert (group["MinSize"], group["MaxSize"]) == (1, 4)
    shares = group["MixedInstancesPolicy"]["InstancesDistribution"]
    assert int(shares["OnDemandBaseCapacity"]) == 1
    assert int(shares["OnDemandPercentageAboveBaseCapacity"]) == 0
    assert shares["SpotAllocationStrategy"] == "price-capacity-optimized"
    overrides = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [item["InstanceType"] for item in overrides] == ["t3.small", "t3a.small", "t2.small"]
    hook = scaling.describe_lifecycle_hooks(AutoScalingGroupName=group_name)["LifecycleHooks"][0]
    assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert hook["LifecycleHookName"] == "drain", "the name that carrete-released completes"
    policy = scaling.describe_policies(AutoScalingGroupName=group_name)["ScalingPolicies"][0]
    tracking = policy["TargetTrackingConfiguration"]
    assert tracking["TargetValue"] == 4
    metrics = {item["Id"]: item for item in tracking["CustomizedMetricSpecification"]["Metrics"]}
    assert set(metrics) == {"waiting", "running", "workers", "backlog"}
    queue = metrics["waiting"]["MetricStat"]["Metric"]["Dimensions"]
    assert queue == [{"Name": "QueueName", "Value": "carrete"}]
    assert [name for name, item in metrics.items() if item["ReturnData"]] == ["backlog"]


def test_aws_s_services_are_reached_inside_the_vpc(deployment: Deployment) -> None:
    found = deployment.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    kinds = {item["ServiceName"].rpartition(".")[2]: item["VpcEndpointType"] for item in found}
    interfaces = ("sqs", "secretsmanager", "ssm", "ssmmessages", "ec2messages")
    assert kinds == {"s3": "Gateway"} | dict.fromkeys(interfaces, "Interface")


# ----------------------------------------------------------------------------------------- watching


def test_somebody_is_told_when_something_is_wrong(deployment: Deployment) -> None:
    # moto and this botocore share no protocol for CloudWatch: Terraform's own reading of it counts.
    alarms = deployment.state("aws_cloudwatch_metric_alarm")
    assert {alarm["alarm_name"].removeprefix("carrete-") for alarm in alarms} == {
        *("queue-age", "dead-letters", "no-worker", "web-broken", "web-disk", "worker-disk"),
        *("database-cpu", "database-storage", "api-5xx"),
    }
    assert all(alarm["alarm_actions"] and alarm["alarm_description"] for alarm in alarms)
    groups = deployment.client("logs").describe_log_groups()["logGroups"]
    ours = {
        group["logGroupName"]: group["retentionInDays"]
        for group in groups
        if group["logGroupName"].startswith("/carrete/")
    }
    assert ours == dict.fromkeys(
        ("/carrete/api", "/carrete/boot", "/carrete/nginx", "/carrete/worker"), 30
    )
    budgets = deployment.client("budgets").describe_budgets(AccountId="123456789012")["Budgets"]
    assert [budget["BudgetLimit"]["Amount"] for budget in budgets] == ["100"]
    dashboard = deployment.state("aws_cloudwatch_dashboard")[0]
    assert len(json.loads(dashboard["dashboard_body"])["widgets"]) == 8


def test_the_outputs_say_what_to_do_next(deployment: Deployment) -> None:
    steps = deployment.outputs["next_steps"]
    assert deployment.outputs["site_url"] == f"https://{SITE}"
    assert f"{SITE}  A  " in steps
    assert deployment.outputs["web_instance_id"] in steps
    assert HOST not in steps


# ------------------------------------------------------------------------------------ new versions


def test_deploy_names_the_next_release_and_goes_back(
    deployment: Deployment, page: Path, tmp_path: Path
) -> None:
    missing = [name for name in ("aws", "jq") if which(name) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    (page / "index.html").write_text("<!doctype html><p>The page after the next")
    after = build(page, tmp_path / "after.tar.gz")
    before = _present_release(deployment)
    assert before == sha256(deployment.artefact.read_bytes()).hexdigest()[:16]
    _deploy(deployment, str(tmp_path / "after.tar.gz"))
    assert _present_release(deployment) == after
    stored = deployment.client("s3").get_object(
        Bucket=deployment.outputs["releases_bucket"], Key=f"releases/{after}.tar.gz"
    )
    assert stored["Body"].read() == (tmp_path / "after.tar.gz").read_bytes()
    commands = deployment.client("ssm").list_commands()["Commands"]
    assert commands[-1]["Parameters"]["commands"] == [f"/usr/local/sbin/carrete-deploy {after}"]
    _deploy(deployment, "--rollback")
    assert _present_release(deployment) == before
    # Which release runs is none of Terraform's business.
    test_a_second_plan_finds_nothing_to_change(deployment)


def _present_release(deployment: Deployment) -> str:
    answer = deployment.client("ssm").get_parameter(Name=deployment.outputs["release_parameter"])
    return str(answer["Parameter"]["Value"])


def _deploy(deployment: Deployment, argument: str) -> None:
    done = subprocess.run(
        [str(deployment.terraform.directory / "bin/deploy"), argument],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(deployment.terraform.directory),
            "AWS_ENDPOINT_URL": deployment.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "CHECKPOINT_DISABLE": "1",
        },
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------------------------------- user-data


@pytest.mark.parametrize("role", ["web", "worker"])
def test_user_data_is_sound_and_small_enough(
    deployment: Deployment, role: str, tmp_path: Path
) -> None:
    script = deployment.user_data(role)
    assert len(script.encode()) < 16_384, "EC2's limit"
    assert f"CARRETE_ROLE='{role}'" in script
    assert not re.search(r"\$\{(role|region|bucket)", script)
    if which("shellcheck") is None:
        pytest.skip("shellcheck is not on this machine")
    file = tmp_path / "user-data"
    file.write_text(script)
    # SC1091, SC2154: it reads a file that it writes itself.
    done = subprocess.run(
        ["shellcheck", "--exclude=SC1091,SC2154", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
