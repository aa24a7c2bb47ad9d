"""User-data, read back from what was applied, boots real Debian 12 machines into a working Carrete.

Under real systemd, with the units and nginx as a release brings them. PostgreSQL (TLS, the
database's name from the applied state) runs in the machine in place of RDS, LocalStack and moto on
the test's loopback in place of AWS. Web server and worker boot one after the other on the same
machine, which saves the second root file system; that is the one thing that is not as on AWS.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.clips import make_clip
from tests.infra import hammer_main, visit_main
from tests.infra import machine as machines
from tests.infra.conftest import CREATE, SITE, Deployment, build
from tests.infra.dockerfile import stages
from tests.infra.imds_main import ACCOUNT
from tests.infra.machine import HOST, Bootstrap, Machine
from tests.infra.terraform import REPOSITORY

from carrete.local.localstack import LocalStackServer

pytestmark = [pytest.mark.xdist_group("infra"), pytest.mark.timeout(900), pytest.mark.slow]

BOOT_S = 420

CERTIFICATES = """
set -e
cd /etc/postgresql
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test CA' -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj "/CN=$DB_HOST" -keyout server.key -out server.csr
printf 'subjectAltName=DNS:%s\\n' "$DB_HOST" >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \\
  -extfile extensions -out server.pem
chown postgres: server.key
install -D -m 644 ca.pem /etc/carrete/rds-ca.pem
printf '127.0.0.1 %s\\n' "$DB_HOST" >>/etc/hosts
cat >>/etc/postgresql/15/main/postgresql.conf <<EOF
ssl_cert_file = '/etc/postgresql/server.pem'
ssl_key_file = '/etc/postgresql/server.key'
fsync = off
EOF
printf 'local all postgres peer\\nhostssl all all 127.0.0.1/32 scram-sha-256\\n' \\
  >/etc/postgresql/15/main/pg_hba.conf
systemctl restart postgresql@15-main
"""


@pytest.fixture(scope="module")
def stores(localstack: LocalStackServer, deployment: Deployment) -> str:
    """LocalStack with the bucket and queues that the applied state names; its URL for machines."""
    outputs = deployment.outputs
    subprocess.run(
        [sys.executable, "-c", CREATE],
        env={
            "PATH": os.environ["PATH"],
            "CARRETE_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1/none",
            "CARRETE_AWS_ENDPOINT_URL": localstack.endpoint_url,
            "CARRETE_S3_BUCKET": outputs["bucket"],
            "CARRETE_SQS_QUEUE_URL": outputs["queue_url"],
            "CARRETE_SQS_DLQ_URL": outputs["dlq_url"],
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        timeout=60,
        check=True,
    )
    return localstack.endpoint_url.replace("127.0.0.1", HOST)


@pytest.fixture(scope="module")
def machine(
    bootstrap: Bootstrap,
    deployment: Deployment,
    stores: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Machine]:
    """A Debian machine, with PostgreSQL as RDS has it; nothing of Carrete is on it yet."""
    environment = {
        "AWS_ENDPOINT_URL": deployment.endpoint_url.replace("127.0.0.1", HOST),
        "CARRETE_AWS_ENDPOINT_URL": stores,
        "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
    }
    root = bootstrap.wait()
    machines.prepare(root, environment)
    with machines.running(root, environment, tmp_path_factory.mktemp("work")) as machine:
        _serve_postgres(machine, deployment)
        yield machine


def _serve_postgres(machine: Machine, deployment: Deployment) -> None:
    """PostgreSQL under the name that RDS would have, with the password that Secrets Manager has."""
    host = deployment.outputs["database_host"]
    machine.run("bash", "-c", CERTIFICATES, environment={"DB_HOST": host}, within=60)
    _set_password(machine, _secret(deployment), create=True)


def _secret(deployment: Deployment) -> dict[str, str]:
    answer = deployment.client("secretsmanager").get_secret_value(
        SecretId=deployment.outputs["database_secret_arn"]
    )
    found: dict[str, str] = json.loads(answer["SecretString"])
    return found


def _set_password(machine: Machine, secret: dict[str, str], *, create: bool = False) -> None:
    quoted = secret["password"].replace("'", "''")
    verb = "CREATE ROLE" if create else "ALTER ROLE"
    sql = f"{verb} {secret['username']} LOGIN PASSWORD '{quoted}';"
    if create:
        sql += f"CREATE DATABASE carrete OWNER {secret['username']};"
        sql = sql.replace(";CREATE", ";\nCREATE")
    machine.run(
        "runuser", "-u", "postgres", "--", "psql", "-v", "ON_ERROR_STOP=1", stdin=sql, within=60
    )


@pytest.fixture(scope="module")
def web(machine: Machine, deployment: Deployment) -> Machine:
    """The machine after the web server's boot."""
    _boot(machine, deployment.user_data("web"))
    return machine


@pytest.fixture(scope="module")
def both(web: Machine, deployment: Deployment) -> Machine:
    """The machine after the worker's boot, too."""
    _boot(web, deployment.user_data("worker"))
    return web


def _boot(machine: Machine, script: str) -> None:
    (machine.root / "root/user-data").write_text(script)
    # Every unfinished start is tried again for an hour: a bound of the test's own.
    done = machine.run(
        *("timeout", str(BOOT_S), "bash", "/root/user-data"),
        environment=machine.environment,
        within=BOOT_S + 30,
        check=False,
    )
    log = (machine.root / "var/log/carrete/boot.log").read_text()
    assert done.returncode == 0, f"{log[-4000:]}\n{done.stderr[-2000:]}"


def _curl(machine: Machine, *arguments: str, within: float = 30) -> str:
    return machine.run("curl", "--silent", "--insecure", *arguments, within=within).stdout


def _status(machine: Machine, *arguments: str) -> str:
    return _curl(machine, "--output", "/dev/null", "--write-out", "%{http_code}", *arguments)


NO_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive"}

SITE_HERE = ("--resolve", f"{SITE}:443:127.0.0.1")


def test_the_image_of_the_application_builds_and_answers(
    machine: Machine, deployment: Deployment, stores: str, page: Path
) -> None:
    """Without a Docker engine: the Dockerfile's own steps in the same Debian, and its check."""
    found = stages((REPOSITORY / "containers/Dockerfile").read_text())
    environment = dict(machine.environment)
    # What the base image has.
    machine.run("apt-get", "-qq", "update", within=120)
    machine.run(
        "apt-get", "-qq", "-y", "install", "python3-venv", environment=NO_QUESTIONS, within=180
    )
    (machine.root / "src").mkdir()
    for stage in (found["build"], found["app"]):
        for instruction, rest in stage.steps:
            if instruction == "COPY":
                _copy(machine, rest, page)
            elif instruction == "RUN":
                machine.run("sh", "-ec", f"cd /src; {rest}", environment=environment, within=300)
    app = found["app"]
    settings = dict(pair.split("=", 1) for pair in app.of("ENV")[0].split())
    settings |= {
        "CARRETE_DATABASE_URL": _database_url(machine, deployment),
        "CARRETE_AWS_ENDPOINT_URL": stores,
        "CARRETE_S3_BUCKET": deployment.outputs["bucket"],
        "CARRETE_SQS_QUEUE_URL": deployment.outputs["queue_url"],
        "CARRETE_SQS_DLQ_URL": deployment.outputs["dlq_url"],
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    start = ["systemd-run", "--quiet", "--unit=container", f"--uid={app.of('USER')[-1]}"]
    start += [f"--setenv={name}={value}" for name, value in settings.items()]
    user = ("runuser", "-u", app.of("USER")[-1], "--", "env")
    pairs = [f"{name}={value}" for name, value in settings.items()]
    machine.run(*user, *pairs, *app.form("ENTRYPOINT"), "migrate", within=60)
    machine.run(*start, "--", *app.form("ENTRYPOINT"), *app.form("CMD"), within=30)
    try:
        check: list[str] = json.loads(app.of("HEALTHCHECK")[-1].partition("CMD ")[2])
        end = time.monotonic() + 60
        while machine.run(*check, within=20, check=False).returncode != 0:
            log = machine.run("journalctl", "--unit=container", within=20).stdout
            assert time.monotonic() < end, log
            time.sleep(0.5)
        html = ("--header", "Accept: text/html")
        assert "The page" in _curl(machine, *html, "http://127.0.0.1:8080/")
    finally:
        machine.run("systemctl", "stop", "container", within=60)


def _copy(machine: Machine, step: str, page: Path) -> None:
    """What COPY does. Of another stage, only the built page is not there already."""
    *sources, target = step.split()
    if sources[0].startswith("--from="):
        if sources[0] == "--from=page":
            shutil.copytree(page, machine.root / target.lstrip("/"))
            # A directory of pytest's is its owner's alone; one of a build is not.
            machine.run("chmod", "-R", "a+rX", target, within=10)
        return
    for source in sources:
        goal = machine.root / "src" / target
        if (REPOSITORY / source).is_dir():
            shutil.copytree(REPOSITORY / source, goal)
        else:
            goal = goal / Path(source).name if target.endswith("/") else goal
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / source, goal)


def _database_url(machine: Machine, deployment: Deployment) -> str:
    secret, host = _secret(deployment), deployment.outputs["database_host"]
    sql = f"CREATE DATABASE containers OWNER {secret['username']};"
    machine.run("runuser", "-u", "postgres", "--", "psql", stdin=sql, within=60)
    password = quote(secret["password"], safe="")
    check = "sslmode=verify-full&sslrootcert=/etc/carrete/rds-ca.pem"
    return f"postgresql+psycopg://{secret['username']}:{password}@{host}/containers?{check}"


def test_the_web_server_serves_the_page_and_the_api(web: Machine) -> None:
    assert "The page" in _curl(web, *SITE_HERE, f"https://{SITE}/")
    assert "The page" in _curl(web, *SITE_HERE, f"https://{SITE}/videos/of-the-page-itself")
    assert json.loads(_curl(web, *SITE_HERE, f"https://{SITE}/healthz")) == {"status": "ok"}
    assert json.loads(_curl(web, "http://127.0.0.1:8080/readyz"))["status"] == "ok"
    assert _status(web, *SITE_HERE, f"https://{SITE}/assets/missing.js") == "404"


def test_plain_http_leads_to_https_and_to_the_certificate_authority(web: Machine) -> None:
    answer = _curl(web, "--head", "http://127.0.0.1/some/where?a=b")
    assert "301" in answer.splitlines()[0]
    assert f"location: https://{SITE}/some/where?a=b" in answer.lower()
    challenge = web.root / "var/lib/carrete/acme/.well-known/acme-challenge"
    challenge.mkdir(parents=True)
    (challenge / "probe").write_text("a proof")
    assert _curl(web, "http://127.0.0.1/.well-known/acme-challenge/probe") == "a proof"


PROTECTING = (
    "content-security-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "cache-control",
)


@pytest.mark.parametrize("path", ["/", "/s/token", "/embed/token", "/assets/app-0123abcd.js"])
def test_nginx_protects_the_page_as_the_api_does(web: Machine, path: str) -> None:
    html = ("--head", "--header", "Accept: text/html")
    outside = _headers(_curl(web, *SITE_HERE, *html, f"https://{SITE}{path}"))
    # The API serves the page, too, for those who run it without nginx.
    inside = _headers(_curl(web, *html, f"http://127.0.0.1:8081{path}"))
    origin = "http://10.0.2.2"
    for name in PROTECTING:
        assert outside[name], name
        if name == "content-security-policy":
            # Here the API signs for LocalStack, and says so.
            local = re.sub(rf"{re.escape(origin)}:[0-9]+", "BUCKET", inside[name])
            assert re.sub(r"https://\S+amazonaws.com", "BUCKET", outside[name]) == local
        else:
            assert outside[name] == inside[name], name
    assert not re.search("nginx/[0-9]", outside["server"])


def _headers(head: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in head.splitlines()[1:]]
    names = [name.lower() for name, _, _ in pairs]
    assert not {name for name in PROTECTING if names.count(name) > 1}
    return {name.lower(): value.strip() for name, _, value in pairs}


def test_the_api_keeps_its_own_headers(web: Machine) -> None:
    api = _headers(_curl(web, *SITE_HERE, "--head", f"https://{SITE}/api/me"))
    assert api["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert api["strict-transport-security"] == "max-age=63072000"


def test_no_secret_of_an_address_is_logged(web: Machine) -> None:
    _curl(web, *SITE_HERE, f"https://{SITE}/s/a-secret-link?and=another-secret")
    _curl(web, *SITE_HERE, f"https://{SITE}/api/events?token=a-third-secret")
    log = (web.root / "var/log/nginx/carrete.log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert "/s/[secret]" in {line["path"] for line in lines}
    assert not re.search("a-secret-link|another-secret|a-third-secret", log)


def test_the_inside_of_the_api_is_for_the_vpc(web: Machine) -> None:
    for path in ("metrics", "readyz"):
        assert _status(web, *SITE_HERE, f"https://{SITE}/{path}") == "404"
    assert "carrete_http_requests_total" in _curl(web, "http://127.0.0.1:8080/metrics")
    # Not from this machine's address on another network: it is outside the VPC's 10.20.0.0/16.
    assert _status(web, "--interface", "10.0.2.100", "http://10.0.2.100:8080/readyz") == "403"


def test_a_body_over_the_limit_is_refused_as_a_problem(web: Machine) -> None:
    big = ("--data-binary", "@/tmp/big", "--header", "Content-Type: application/json")
    (web.root / "tmp/big").write_bytes(b"x" * (1024 * 1024 + 1))
    answer = json.loads(_curl(web, *SITE_HERE, *big, f"https://{SITE}/api/auth/login"))
    assert answer["code"] == "too_large"
    assert answer["status"] == 413
    (web.root / "tmp/big").write_bytes(b"x" * (1024 * 1024))
    answer = json.loads(_curl(web, *SITE_HERE, *big, f"https://{SITE}/api/auth/login"))
    assert answer["code"] == "invalid_request"


def test_nginx_takes_its_configuration_with_and_without_a_domain(web: Machine) -> None:
    web.run("nginx", "-t", within=30)
    plain = """
    set -e
    mkdir /tmp/plain && cp -r /etc/nginx /tmp/plain/
    cp /opt/carrete/current/infra/instance/nginx/http.conf /tmp/plain/nginx/conf.d/carrete.conf
    sed -i 's|/etc/nginx/|/tmp/plain/nginx/|g' /tmp/plain/nginx/nginx.conf
    nginx -t -c /tmp/plain/nginx/nginx.conf
    """
    web.run("bash", "-c", plain, within=30)


def test_secrets_are_where_only_root_reads_them(web: Machine, deployment: Deployment) -> None:
    password = _secret(deployment)["password"]
    for role in ("web", "worker"):
        assert password not in deployment.user_data(role)
    assert password not in deployment.terraform.run("show", "-json", within=60).stdout
    listing = web.run("stat", "-c", "%a %U", "/run/carrete/database.env", within=10).stdout
    assert listing.strip() == "600 root"
    found = web.run(
        "grep",
        "-rlF",
        "--",
        password,
        "/etc",
        "/var/log",
        "/opt/carrete/slots",
        within=60,
        check=False,
    )
    assert found.stdout == ""


def test_the_units_are_confined(web: Machine) -> None:
    for unit, most in (("carrete-api@8081.service", 2.5), ("carrete-worker.service", 5.0)):
        said = web.run("systemd-analyze", "security", "--no-pager", unit, within=60).stdout
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        assert exposure is not None, said[-500:]
        assert float(exposure[1]) <= most, said[-3000:]


def test_a_release_goes_out_and_back_without_a_failed_request(
    web: Machine, deployment: Deployment, page: Path, tmp_path: Path
) -> None:
    before = _running_release(web)
    (page / "index.html").write_text("<!doctype html><title>Carrete</title><p>The next page")
    file = tmp_path / "next.tar.gz"
    after = build(page, file)
    assert after != before
    deployment.client("s3").upload_file(
        str(file), deployment.outputs["releases_bucket"], f"releases/{after}.tar.gz"
    )
    stop = tmp_path / "stop"
    program = web.network(sys.executable, hammer_main.__file__, str(stop))
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as traffic:
        try:
            for release, seen in ((after, "The next page"), (before, "The page")):
                web.run("carrete-deploy", release, environment=web.environment, within=240)
                assert _running_release(web) == release
                assert seen in _curl(web, *SITE_HERE, f"https://{SITE}/")
        finally:
            stop.touch()
            said, _ = traffic.communicate(timeout=60)
    asked = json.loads(said)
    assert asked["bad"] == 0, asked
    assert asked["good"] > 20
    units = web.run("systemctl", "list-units", "--no-legend", "carrete-api@*", within=10).stdout
    assert units.count("running") == 1, units


def _running_release(machine: Machine) -> str:
    found = machine.run("readlink", "-f", "/opt/carrete/current", within=10).stdout
    return found.strip().rpartition("/")[2]


def test_a_release_that_does_not_start_changes_nothing(web: Machine) -> None:
    before = _running_release(web)
    broken = web.root / "opt/carrete/releases/0000000000000000"
    subprocess.run(
        ["cp", "-a", str(web.root / "opt/carrete/releases" / before), str(broken)],
        check=True,
        timeout=60,
    )
    (broken / ".venv/bin/carrete").write_text("#!/bin/sh\nexit 1\n")
    done = web.run(
        "carrete-deploy",
        "0000000000000000",
        environment={**web.environment, "START_S": "4"},
        within=120,
        check=False,
    )
    assert done.returncode == 1
    assert "what ran before goes on" in done.stderr
    assert _running_release(web) == before
    assert json.loads(_curl(web, *SITE_HERE, f"https://{SITE}/healthz")) == {"status": "ok"}
    shutil.rmtree(broken)


def test_a_changed_password_is_picked_up(web: Machine, deployment: Deployment) -> None:
    secret = _secret(deployment) | {"password": "Other/than?before&with%signs'"}
    port = (web.root / "opt/carrete/api-port").read_text()
    deployment.client("secretsmanager").put_secret_value(
        SecretId=deployment.outputs["database_secret_arn"], SecretString=json.dumps(secret)
    )
    _set_password(web, secret)
    # What the timer starts every minute.
    web.run("systemctl", "start", "carrete-credentials.service", within=60)
    end = time.monotonic() + 60
    while (web.root / "opt/carrete/api-port").read_text() == port:
        assert time.monotonic() < end, "the API did not switch"
        time.sleep(0.2)
    assert json.loads(_curl(web, "http://127.0.0.1:8080/readyz"))["status"] == "ok"


def test_a_video_goes_through_the_booted_machines(both: Machine, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 3)
    program = both.network(sys.executable, visit_main.__file__, str(clip))
    done = subprocess.run(program, capture_output=True, text=True, timeout=240, check=False)
    worker_log = both.run(
        "tail", "-n", "40", "/var/log/carrete/worker.log", within=10, check=False
    ).stdout
    assert done.returncode == 0, f"{done.stderr[-2000:]}\n{worker_log}"
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["events"][-1] == "video.ready", f"{seen}\n{worker_log}"
    # Live: the first event came while the work was still to be done, not with the end of the
    # stream.
    assert len(seen["events"]) > 3
    assert seen["playlist"] == "#EXTM3U"
    assert seen["downloaded"] > 10_000


def test_user_data_is_safe_to_run_twice(both: Machine, deployment: Deployment) -> None:
    release = _running_release(both)
    _boot(both, deployment.user_data("web"))
    assert _running_release(both) == release
    assert json.loads(_curl(both, *SITE_HERE, f"https://{SITE}/healthz")) == {"status": "ok"}
    assert (
        both.run("systemctl", "is-active", "carrete-worker", within=10).stdout.strip() == "active"
    )


def test_a_worker_that_is_taken_away_says_that_it_has_given_back(both: Machine) -> None:
    (both.metadata / "target-lifecycle-state").write_text("Terminated")
    both.run("systemctl", "stop", "carrete-worker", within=90)
    log = (both.root / "var/log/carrete/worker.log").read_text()
    assert "given back; the group may end i-0123456789abcdef0" in log
