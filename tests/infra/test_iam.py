"""The roles allow what the running system calls, and refuse the rest.

The calls are recorded from the API's and the worker's own clients while videos go through them;
then each is tried with the credentials of the applied role, with moto's enforcement on. moto looks
at no conditions.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from tests.clips import make_clip
from tests.infra.conftest import REGION, Deployment
from tests.infra.terraform import INFRA

from carrete.client.api import CarreteClient
from carrete.client.events import tracking
from carrete.client.retry import PATIENT
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.local.stack import Stack, StackOptions

pytestmark = [pytest.mark.xdist_group("infra"), pytest.mark.timeout(600), pytest.mark.slow]

RECORDING = Path(__file__).with_name("recording")
PART = 8 * 1024 * 1024
# What AWS asks for, for the call of several at once ("Actions for Amazon SQS", IAM's reference).
SINGLE = {"SendMessageBatch": "SendMessage"}
PROGRAMS = {"web": "api", "worker": "worker"}


@dataclass(frozen=True, order=True)
class Call:
    """One kind of call.

    Attributes:
        service: ``s3`` or ``sqs``.
        operation: as AWS names it.
        target: ``input``, ``output`` and so on (the first part of a key), ``queue`` or ``dlq``.
    """

    service: str
    operation: str
    target: str


@pytest.fixture(scope="module")
async def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Call]]:
    """What the API and a worker called while everything that users do was done."""
    work = tmp_path_factory.mktemp("calls")
    log = work / "calls"
    options = StackOptions(
        api_port=0,
        localstack_port=0,
        workers=1,
        environment={
            "PYTHONPATH": str(RECORDING),
            "CARRETE_TEST_CALLS": str(log),
            "CARRETE_UPLOAD_EXPIRY_S": "3",
            "CARRETE_RECONCILE_S": "0.5",
            "CARRETE_SWEEP_GRACE_S": "0",
        },
    )
    async with Stack(options) as stack, CarreteClient(stack.api_url, retry=PATIENT) as client:
        await _use(client, stack.api_url, make_clip(work / "clip.mp4", 3), log)
    found: dict[str, set[Call]] = {role: set() for role in PROGRAMS}
    for line in log.read_text().splitlines():
        item = json.loads(line)
        for role, program in PROGRAMS.items():
            if item["program"] == program:
                found[role].add(Call(item["service"], item["operation"], _kind(item["target"])))
    return found


def _kind(target: str) -> str:
    if target.startswith("http"):
        return "dlq" if target.endswith("-dlq") else "queue"
    return target.partition("/")[0]


async def _use(client: CarreteClient, url: str, clip: Path, log: Path) -> None:
    signed = await client.register(f"{uuid4().hex}@example.org", "correct horse battery")
    client.use_token(signed.token)
    book = UploadBook(log.with_name("uploads"))
    outcome = await upload_file(client, signed.account.id, UploadRequest(clip), book=book)
    async with tracking(client) as tracker:
        video = await tracker.settled(outcome.video.id)
        assert video.state == "ready", video
        await client.download_link(video.id, "processed")
        await client.download_link(video.id, "original")
        headers = {"Authorization": f"Bearer {signed.token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as plain:
            base = f"/api/videos/{video.id}"
            for path in ("/readyz", f"{base}/poster", f"{base}/storyboard.vtt"):
                assert (await plain.get(path)).status_code < 400, path
            master = (await plain.get(f"{base}/hls/master.m3u8")).text
            tracks = set(re.findall(r"[a-z0-9-]+\.m3u8", master))
            for track in tracks:
                assert (await plain.get(f"{base}/hls/{track}")).status_code == 200
            # An upload that its owner gives up, and one that nobody ever comes back to.
            for abort in (True, False):
                made = await plain.post(
                    "/api/videos", json={"name": "a.mp4", "size_bytes": 2 * PART}
                )
                other = made.json()["video"]["id"]
                assert (await plain.get(f"/api/videos/{other}/upload")).status_code == 200
                if abort:
                    await plain.delete(f"/api/videos/{other}/upload")
        await client.remove(video.id)
    # What the worker does by itself: it removes the video's objects and aborts the left upload.
    async with asyncio.timeout(60):
        while not {"DeleteObjects", "AbortMultipartUpload"} <= _of_worker(log):
            await asyncio.sleep(0.2)


def _of_worker(log: Path) -> set[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {item["operation"] for item in lines if item["program"] == PROGRAMS["worker"]}


# ------------------------------------------------------------------------------- under enforcement


@contextmanager
def _enforced(deployment: Deployment) -> Iterator[None]:
    """Have moto check permissions from now on."""
    url = f"{deployment.endpoint_url}/moto-api/reset-auth"
    _post(url, b"0")
    try:
        yield
    finally:
        _post(url, b"inf")


def _post(url: str, body: bytes) -> None:
    httpx.post(url, content=body, trust_env=False, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def sessions(deployment: Deployment) -> dict[str, dict[str, str]]:
    """Credentials of each role, as STS gives them to a machine."""
    sts = deployment.client("sts")
    found = {}
    for role in PROGRAMS:
        answer = sts.assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/carrete-{role}", RoleSessionName=role
        )["Credentials"]
        found[role] = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
    return found


def _refused(
    deployment: Deployment,
    credentials: dict[str, str],
    service: str,
    operation: str,
    parameters: dict[str, Any],
) -> bool:
    """Whether a call is refused for want of permission; any other error means it got through."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=deployment.endpoint_url,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        **credentials,
    )
    try:
        getattr(client, xform_name(operation))(**parameters)
    except ClientError as exc:
        return bool(exc.response["ResponseMetadata"]["HTTPStatusCode"] == 403)
    except ResponseParserError:
        # moto does not have the action (CompleteLifecycleAction): it got past the permissions.
        return False
    return False


def _parameters(deployment: Deployment, call: Call) -> dict[str, Any]:
    """A call of a kind on the applied bucket or queue."""
    if call.service == "sqs":
        url = deployment.outputs["dlq_url" if call.target == "dlq" else "queue_url"]
        more: dict[str, dict[str, Any]] = {
            "SendMessage": {"MessageBody": "{}"},
            "ReceiveMessage": {"WaitTimeSeconds": 0},
            "DeleteMessage": {"ReceiptHandle": "none"},
            "ChangeMessageVisibility": {"ReceiptHandle": "none", "VisibilityTimeout": 1},
        }
        return {"QueueUrl": url} | more.get(call.operation, {})
    bucket, key = deployment.outputs["bucket"], f"{call.target}/a/b/original.mp4"
    upload = {"UploadId": "none"}
    extra: dict[str, dict[str, Any]] = {
        "UploadPart": upload | {"PartNumber": 1, "Body": b"x"},
        "ListParts": upload,
        "AbortMultipartUpload": upload,
        "CompleteMultipartUpload": upload
        | {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "e"}]}},
        "PutObject": {"Body": b"x"},
    }
    if call.operation == "DeleteObjects":
        return {"Bucket": bucket, "Delete": {"Objects": [{"Key": key}]}}
    return {"Bucket": bucket, "Key": key} | extra.get(call.operation, {})


def _tried(call: Call) -> Call:
    """The call that stands for it where permissions are concerned."""
    return replace(call, operation=SINGLE.get(call.operation, call.operation))


@pytest.mark.parametrize("role", PROGRAMS)
def test_a_role_allows_each_call_that_its_program_makes(
    deployment: Deployment,
    sessions: dict[str, dict[str, str]],
    calls: dict[str, set[Call]],
    role: str,
) -> None:
    recorded = {call.operation for call in calls[role]}
    if role == "web":
        assert {"CreateMultipartUpload", "UploadPart", "ListParts", "GetObject"} <= recorded
        assert {"CompleteMultipartUpload", "HeadObject", "SendMessageBatch"} <= recorded
    else:
        assert {"ReceiveMessage", "DeleteMessage", "GetObject", "PutObject"} <= recorded
        assert {"DeleteObjects", "AbortMultipartUpload"} <= recorded
    with _enforced(deployment):
        refused = [
            call
            for call in sorted({_tried(call) for call in calls[role]})
            if _refused(
                deployment,
                sessions[role],
                call.service,
                call.operation,
                _parameters(deployment, call),
            )
        ]
    assert refused == []


# Calls of rarer days, which the recording may not have met: the operator's page asks how much waits
# and sends dead letters back to work, a worker buries a task and keeps a message hidden.
RARE: dict[str, list[Call]] = {
    "web": [
        Call("sqs", "GetQueueAttributes", "queue"),
        Call("sqs", "GetQueueAttributes", "dlq"),
        Call("sqs", "ReceiveMessage", "dlq"),
        Call("sqs", "DeleteMessage", "dlq"),
    ],
    "worker": [
        Call("sqs", "SendMessage", "dlq"),
        Call("sqs", "SendMessage", "queue"),
        Call("sqs", "ChangeMessageVisibility", "queue"),
        Call("s3", "CreateMultipartUpload", "output"),
        Call("s3", "UploadPart", "output"),
    ],
}


@pytest.mark.parametrize("role", PROGRAMS)
def test_a_role_allows_the_calls_of_rarer_days(
    deployment: Deployment, sessions: dict[str, dict[str, str]], role: str
) -> None:
    with _enforced(deployment):
        for call in RARE[role]:
            parameters = _parameters(deployment, call)
            assert not _refused(
                deployment, sessions[role], call.service, call.operation, parameters
            ), call


FORBIDDEN: dict[str, list[Call]] = {
    "web": [
        Call("s3", "PutObject", "output"),
        Call("s3", "DeleteObject", "input"),
        Call("s3", "DeleteObject", "output"),
        Call("s3", "PutObjectAcl", "input"),
        Call("sqs", "ReceiveMessage", "queue"),
        Call("sqs", "DeleteMessage", "queue"),
        Call("sqs", "PurgeQueue", "queue"),
    ],
    "worker": [
        Call("s3", "PutObjectAcl", "output"),
        Call("sqs", "ReceiveMessage", "dlq"),
        Call("sqs", "DeleteMessage", "dlq"),
        Call("sqs", "PurgeQueue", "queue"),
        Call("sqs", "DeleteQueue", "queue"),
    ],
}


@pytest.mark.parametrize("role", PROGRAMS)
def test_a_role_refuses_what_its_program_never_does(
    deployment: Deployment, sessions: dict[str, dict[str, str]], role: str
) -> None:
    credentials, outputs = sessions[role], deployment.outputs
    another = outputs["database_secret_arn"].replace("secret:", "secret:another-")
    with _enforced(deployment):
        for call in FORBIDDEN[role]:
            parameters = _parameters(deployment, call)
            if call.operation == "PutObjectAcl":
                parameters["ACL"] = "private"
            assert _refused(deployment, credentials, call.service, call.operation, parameters), call
        for bucket in (outputs["bucket"], outputs["releases_bucket"]):
            listing = {"Bucket": bucket}
            assert _refused(deployment, credentials, "s3", "ListObjectsV2", listing)
            assert _refused(deployment, credentials, "s3", "DeleteBucket", listing)
        release = {"Bucket": outputs["releases_bucket"], "Key": "releases/a", "Body": b"x"}
        assert _refused(deployment, credentials, "s3", "PutObject", release)
        for service, operation, parameters in (
            ("iam", "ListRoles", {}),
            ("iam", "CreateUser", {"UserName": "mallory"}),
            ("ec2", "DescribeInstances", {}),
            ("ssm", "PutParameter", {"Name": "/carrete/release", "Value": "x", "Type": "String"}),
            ("rds", "DescribeDBInstances", {}),
            ("secretsmanager", "ListSecrets", {}),
            ("secretsmanager", "GetSecretValue", {"SecretId": another}),
            ("ssm", "GetParameter", {"Name": "/another/release"}),
        ):
            assert _refused(deployment, credentials, service, operation, parameters), operation


def test_the_machines_scripts_may_call_what_they_call(
    deployment: Deployment, sessions: dict[str, dict[str, str]]
) -> None:
    scripts = [INFRA / "instance/user-data.sh.tftpl", *(INFRA / "instance/bin").iterdir()]
    text = "\n".join(script.read_text() for script in scripts)
    found = set(re.findall(r"carrete-aws ([a-z0-9]+) ([a-z-]+)", text))
    parameters: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
        ("ssm", "get-parameter"): (
            "GetParameter",
            {"Name": deployment.outputs["release_parameter"]},
        ),
        ("secretsmanager", "get-secret-value"): (
            "GetSecretValue",
            {"SecretId": deployment.outputs["database_secret_arn"]},
        ),
        ("s3", "cp"): (
            "GetObject",
            {"Bucket": deployment.outputs["releases_bucket"], "Key": "releases/x.tar.gz"},
        ),
        ("autoscaling", "complete-lifecycle-action"): (
            "CompleteLifecycleAction",
            {
                "AutoScalingGroupName": deployment.outputs["worker_group"],
                "LifecycleHookName": "drain",
                "LifecycleActionResult": "CONTINUE",
                "InstanceId": "i-0123456789abcdef0",
            },
        ),
    }
    assert found == set(parameters), "a new call of a script needs its row here"
    only_worker = {"CompleteLifecycleAction"}
    with _enforced(deployment):
        for (service, _), (operation, values) in parameters.items():
            for role, credentials in sessions.items():
                wanted = role != "worker" and operation in only_worker
                refused = _refused(deployment, credentials, service, operation, values)
                assert refused == wanted, (role, operation)


def test_policies_name_what_they_allow(deployment: Deployment) -> None:
    iam = deployment.client("iam")
    for role in PROGRAMS:
        names = iam.list_role_policies(RoleName=f"carrete-{role}")["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName=f"carrete-{role}")
        assert attached["AttachedPolicies"] == []
        for name in names:
            policy = iam.get_role_policy(RoleName=f"carrete-{role}", PolicyName=name)
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                assert all("*" not in action or action == "s3:*Object" for action in actions)
                if statement["Resource"] == "*":
                    assert statement["Sid"] in {"Metrics", "SessionManager"}
    monitoring = iam.list_attached_role_policies(RoleName="carrete-rds-monitoring")
    names = [item["PolicyName"] for item in monitoring["AttachedPolicies"]]
    assert names == ["AmazonRDSEnhancedMonitoringRole"]


def test_no_long_lived_key_exists(deployment: Deployment) -> None:
    assert deployment.client("iam").list_users()["Users"] == []
    assert "aws_iam_access_key" not in "".join(file.read_text() for file in INFRA.rglob("*.tf"))
