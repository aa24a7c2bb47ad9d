"""The command line against a running system."""

import asyncio
import hashlib
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest
from tests.e2e.cli_process import Cli, finish
from tests.e2e.conftest import PASSWORD, Person

from carrete import __version__
from carrete.client.models import StoredUpload, VideoView
from carrete.local.stack import Stack

pytestmark = pytest.mark.e2e

LARGE = 384 * 1024 * 1024
"""Bytes: enough parts to be interrupted among."""


@pytest.fixture
def cli(stack: Stack, person: Person, tmp_path: Path) -> Cli:
    token = person.client.http.headers["Authorization"].removeprefix("Bearer ")
    return Cli(tmp_path, {"CARRETE_SERVER": stack.api_url, "CARRETE_TOKEN": token})


@pytest.fixture
def stranger(stack: Stack, tmp_path: Path) -> Cli:
    return Cli(tmp_path, {"CARRETE_SERVER": stack.api_url})


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> Cli:
    names = ("CARRETE_", "AWS_")
    settings = {name: v for name, v in stack.environment.items() if name.startswith(names)}
    return Cli(tmp_path, settings)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(b"not a video ")
    os.truncate(path, LARGE)
    return path


async def test_a_person_signs_up_stays_signed_in_and_signs_out(stranger: Cli) -> None:
    assert (await stranger.run("ls")).code == 3
    email = f"{uuid4().hex}@example.org"
    words = ("--email", email, "--password-stdin")
    assert (await stranger.run("register", *words, stdin=f"{PASSWORD}\n")).code == 0
    assert (await stranger.run("ls", "--json")).json == {"items": [], "next_cursor": None}
    assert (await stranger.run("logout")).code == 0
    assert (await stranger.run("ls")).code == 3
    assert (await stranger.run("login", *words, stdin="wrong password\n")).code == 3
    done = await stranger.run("login", *words, "--json", stdin=f"{PASSWORD}\n")
    assert done.json["account"]["email"] == email


async def test_a_video_is_uploaded_shown_downloaded_renamed_and_deleted(
    cli: Cli, clip: Path, tmp_path: Path
) -> None:
    done = await cli.run("upload", clip, "--wait", "--json")
    assert done.code == 0, done.err
    (item,) = done.json["items"]
    video_id = item["video"]["id"]
    assert item["video"]["state"] == "ready"
    assert cli.records == []
    shown = (await cli.run("show", video_id, "--json")).json
    assert {task["state"] for task in shown["job"]["tasks"]} == {"done"}
    assert "ready" in (await cli.run("show", video_id)).out
    done = await cli.run("download", video_id, "-o", "result.mp4", "--json")
    assert (tmp_path / "result.mp4").stat().st_size == done.json["size_bytes"]
    again = await cli.run("download", video_id, "-o", "result.mp4")
    assert (again.code, "--force" in again.err) == (1, True)
    assert (await cli.run("download", video_id, "-o", "result.mp4", "--force")).code == 0
    assert (await cli.run("download", video_id, "original")).out.strip() == clip.name
    assert sha256(tmp_path / clip.name) == sha256(clip)
    assert (await cli.run("rename", video_id, "boda.mp4")).code == 0
    assert "boda.mp4" in (await cli.run("ls", "--state", "ready")).out
    found = await cli.run("ls", "--search", "BODA", "--sort", "name", "--json")
    assert [item["id"] for item in found.json["items"]] == [video_id]
    link = (await cli.run("share", video_id, "--days", "1", "--json")).json
    assert link["url"].endswith(f"/s/{link['token']}")
    assert "/s/" in (await cli.run("share", video_id, "--password-stdin", stdin="olives\n")).out
    ended = (await cli.run("unshare", video_id, "--json")).json["ended"]
    assert (len(ended), link["id"] in ended) == (2, True)
    assert (await cli.run("rm", video_id)).code == 2
    assert (await cli.run("rm", "--yes", video_id)).code == 0
    assert (await cli.run("show", video_id)).code == 4


async def test_a_file_that_is_no_video_fails_with_a_reason_and_can_be_reprocessed(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    done = await cli.run("process", "text.mp4", "-o", "out", "--json")
    assert done.code == 1
    (file,) = done.json["files"]
    assert (file["state"], file["failure"]) == ("failed", "not_a_video")
    assert done.json["sandbox"] is False
    assert (await cli.run("reprocess", file["video_id"])).code == 0
    watched = await cli.run("watch", file["video_id"])
    assert watched.code == 1
    assert "not a video" in watched.err
    canceled = await cli.run("cancel", file["video_id"])
    assert canceled.code == 1


async def test_a_running_server_processes_files_and_the_results_come_back(
    cli: Cli, clip: Path, tmp_path: Path
) -> None:
    done = await cli.run("process", clip, "-o", "out", "--json")
    assert done.code == 0, done.err
    (file,) = done.json["files"]
    assert (tmp_path / file["output"]).stat().st_size == file["output_bytes"]
    assert file["renditions"]
    assert all(value is not None for value in file["seconds"].values())


async def test_events_are_lines_of_json_until_the_video_is_done(cli: Cli, clip: Path) -> None:
    done = await cli.run("upload", clip, "--json")
    video_id = done.json["items"][0]["video"]["id"]
    done = await cli.run("watch", video_id, "--json")
    assert done.code == 0
    assert {line["video_id"] for line in done.lines} <= {video_id}


async def test_what_is_not_there_and_who_is_not_there_have_codes(cli: Cli) -> None:
    assert (await cli.run("show", str(uuid4()))).code == 4
    done = await cli.run("ls", "--server", "http://127.0.0.1:9")
    assert (done.code, done.out) == (5, "")


async def stored_when_interrupted(
    cli: Cli, person: Person, large: Path, number: signal.Signals
) -> tuple[int, StoredUpload, VideoView]:
    """Send a signal to an upload once some parts are stored; its exit code and what is stored."""
    process = await cli.start("upload", large)
    async with asyncio.timeout(60):
        while not (page := await person.client.videos()).items:
            assert process.returncode is None
        video = page.items[0]
        while len((await person.client.stored_upload(video.id)).parts) < 3:
            assert process.returncode is None
    process.send_signal(number)
    done = await finish(process)
    if number is signal.SIGINT:
        assert "run the same command again" in done.err
    return done.code, await person.client.stored_upload(video.id), video


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 130)]
)
async def test_an_interrupted_upload_is_resumed_by_a_new_process(
    cli: Cli, person: Person, large: Path, number: signal.Signals, code: int
) -> None:
    ended, upload, video = await stored_when_interrupted(cli, person, large, number)
    assert ended == code
    kept = sum(part.size for part in upload.parts)
    assert 0 < kept < LARGE
    assert len(cli.records) == 1
    done = await cli.run("upload", large, "--json")
    assert done.code == 0, done.err
    (item,) = done.json["items"]
    assert item["video"]["id"] == str(video.id)
    assert item["resumed"]
    assert item["sent_bytes"] == LARGE - kept
    assert cli.records == []
    assert (await cli.run("download", str(video.id), "original", "-o", "copy")).code == 0
    assert sha256(large) == sha256(large.with_name("copy"))


async def test_an_operators_commands_see_a_sound_system(operator: Cli) -> None:
    done = await operator.run("doctor", "--json")
    states = {check["name"]: check["status"] for check in done.json["checks"]}
    assert {states[name] for name in ("settings", "database", "S3", "SQS", "ffmpeg")} == {"ok"}
    garbage = (await operator.run("gc", "--dry-run", "--min-age", "0", "--json")).json
    assert garbage["dry_run"] is True
    assert isinstance((await operator.run("dlq", "ls", "--json")).json["items"], list)
    migrated = (await operator.run("migrate", "--json")).json
    assert migrated["before"] == migrated["after"] == migrated["newest"]


async def test_an_operator_makes_an_account_an_admin_who_then_sees_the_workers(
    operator: Cli, person: Person, stack: Stack
) -> None:
    http = person.client.http
    email = (await person.client.me()).email
    assert (await http.get("admin/overview")).status_code == 404
    done = await operator.run("user", "role", email.upper(), "admin", "--json")
    assert (done.json["email"], done.json["role"]) == (email, "admin")
    assert (await operator.run("user", "role", "nobody@example.org", "admin")).code == 4
    async with asyncio.timeout(30):
        while (seen := await http.get("admin/overview")).status_code == 404:
            await asyncio.sleep(0.1)
        # workers report when they start, and again every five seconds
        while len(workers := seen.json()["workers"]) < len(stack.worker_names):
            await asyncio.sleep(0.1)
            seen = await http.get("admin/overview")
    assert {worker["version"] for worker in workers} == {__version__}
    assert not any(worker["draining"] for worker in workers)


async def test_a_doctor_says_what_is_wrong_and_how_to_mend_it(operator: Cli) -> None:
    wrong = Cli(
        operator.home,
        {**operator.variables, "CARRETE_S3_BUCKET": "no-such-bucket", "CARRETE_FFMPEG": "/no"},
    )
    done = await wrong.run("doctor")
    assert done.code == 1
    assert "CARRETE_S3_BUCKET" in done.out
    assert "CARRETE_FFMPEG" in done.out


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
