"""``python -m chaos [--seed N] [--seconds S] …``: one run, its timeline, and the audit's word."""

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from chaos.faults import ALL
from chaos.run import Options, Result, run
from chaos.settings import LEASE_S

IN_NAMESPACE = "CARRETE_CHAOS_NAMESPACE"


def main() -> None:
    """Run once; exit status 1 when something was broken."""
    options, target = read_arguments(sys.argv[1:])
    own_mounts()
    credentials()
    print(f"seed {options.seed}, {options.seconds:g} s; again: --seed {options.seed}", flush=True)
    start = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - start:6.1f}] {line}", flush=True)

    result = asyncio.run(run(options, say))
    print_result(result)
    if target is not None:
        target.write_text(json.dumps(as_json(result), indent=2, default=str) + "\n")
    sys.exit(1 if result.breakages or not result.quiet else 0)


def read_arguments(words: Sequence[str]) -> tuple[Options, Path | None]:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="decides what goes wrong when; random without it")
    parser.add_argument("--seconds", type=float, default=60.0, help="while things go wrong")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--uploads", type=int, help="files in all")
    parser.add_argument("--only", nargs="+", default=[], help="beginnings of names of faults")
    parser.add_argument("--logs", type=Path, help="directory for the logs of all processes")
    parser.add_argument("--json", type=Path, help="file for the result")
    given = parser.parse_args(words)
    names = [fault.name for fault in ALL]
    for start in given.only:
        if not any(name.startswith(start) for name in names):
            parser.error(f"no fault is called {start}…; there are {', '.join(names)}")
    options = Options(
        seed=random.SystemRandom().randrange(1 << 16) if given.seed is None else given.seed,
        seconds=min(max(given.seconds, 1.0), 1800.0),
        users=min(max(given.users, 1), 20),
        workers=min(max(given.workers, 1), 16),
        uploads=given.uploads,
        only=tuple(given.only),
        log_dir=given.logs,
    )
    return options, given.json


def own_mounts() -> None:
    """Begin anew with mounts of our own: the small disk goes with us, however we end."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None or IN_NAMESPACE in os.environ:
        return
    os.environ[IN_NAMESPACE] = "1"
    argv = [unshare, "--mount", sys.executable, "-m", "chaos", *sys.argv[1:]]
    os.execv(unshare, argv)  # noqa: S606 - an argv list, as everywhere


def credentials() -> None:
    """Only LocalStack's: nothing may reach an account that the machine knows."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "test"
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def print_result(result: Result) -> None:
    """For people."""
    struck = ", ".join(f"{name} {count}" for name, count in sorted(result.struck.items()))
    missed = ", ".join(f"{name} {count}" for name, count in sorted(result.missed.items()))
    ends = ", ".join(f"{count} {name}" for name, count in sorted(result.ends.items()))
    print(f"faults: {struck or 'none'}")
    if missed:
        print(f"nothing to hit: {missed}")
    print(f"acknowledged uploads: {ends or 'none'}; {result.videos_played} looked at")
    print(f"events: {result.events_seen} seen by watchers that resumed {result.resumed} times")
    print(f"left for gc: {result.garbage.orphans} objects, {result.garbage.uploads} uploads")
    if result.recovered:
        show_waits("free again", [one.freed_s for one in result.recovered])
        show_waits("running again", [one.after_lease_s for one in result.recovered])
    if not result.quiet:
        print("BROKEN  it never came to rest")
    for breakage in result.breakages:
        print(f"BROKEN  {breakage}")
    if not result.breakages and result.quiet:
        print("nothing was lost")


def show_waits(what: str, seconds: Sequence[float | None]) -> None:
    """How soon lost tasks were free, or running."""
    known = [one for one in seconds if one is not None]
    if known:
        print(
            f"lost tasks {what} after the end of their {LEASE_S:g} s lease: {len(known)},"
            f" median {median(known):.1f} s, longest {max(known):.1f} s"
        )


def as_json(result: Result) -> object:
    """For programs."""
    return asdict(result)


if __name__ == "__main__":
    main()
