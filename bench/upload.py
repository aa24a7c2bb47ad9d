"""Carrete's resumable, checked upload beside boto3's plain one: same file, same S3."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import boto3

from bench.report import Report, Row, middle
from bench.world import World, world
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file

SIZE = 256 * 1024 * 1024
ROUNDS = 5


async def run() -> Report:
    """Interleave the two, so that a noisy neighbour disturbs both alike."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "film.mp4"
        path.write_bytes(os.urandom(1024 * 1024) * (SIZE // 1024 // 1024))
        async with world(workers=0) as system:
            plain, checked, ours = [], [], []
            for number in range(ROUNDS):
                plain.append(await asyncio.to_thread(_plain, system, path, number, "CRC32"))
                ours.append(await _ours(system, path, Path(scratch)))
                checked.append(await asyncio.to_thread(_plain, system, path, number, "SHA256"))
    mine, crc, sha = (SIZE / middle(times) / 1e6 for times in (ours, plain, checked))
    detail = f"{mine:.0f} and {{:.0f}} MB/s, {SIZE >> 20} MiB, median of {ROUNDS}"
    return Report(
        "Upload",
        [
            Row(
                "speed of Carrete's upload / boto3's own (CRC32)",
                mine / crc,
                "x",
                goal="≥ 0.9",
                detail=detail.format(crc),
            ),
            Row(
                "speed of Carrete's upload / boto3's with the same checksum (SHA-256)",
                mine / sha,
                "x",
                detail=detail.format(sha),
            ),
        ],
    )


def _plain(system: World, path: Path, number: int, checksum: str) -> float:
    env = system.stack.environment
    s3 = boto3.client(
        "s3",
        endpoint_url=env["CARRETE_AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    before = time.perf_counter()
    s3.upload_file(
        str(path), env["CARRETE_S3_BUCKET"], f"plain/{number}", {"ChecksumAlgorithm": checksum}
    )
    elapsed = time.perf_counter() - before
    s3.delete_object(Bucket=env["CARRETE_S3_BUCKET"], Key=f"plain/{number}")
    return elapsed


async def _ours(system: World, path: Path, scratch: Path) -> float:
    os.utime(path)  # otherwise it is the same upload as before
    before = time.perf_counter()
    outcome = await upload_file(
        system.client,
        system.me.account.id,
        UploadRequest(path),
        book=UploadBook(scratch / "book"),
    )
    elapsed = time.perf_counter() - before
    await system.client.cancel(outcome.video.id)
    key = f"input/{system.me.account.id}/{outcome.video.id}/original.mp4"
    await system.container.objects.delete([key])
    return elapsed
