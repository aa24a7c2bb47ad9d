"""A Debian 12 machine under real systemd: a root file system of debootstrap in systemd-nspawn.

Its network is its own: no port of the test's machine is taken. slirp4netns (a user-mode network)
lets it reach Debian's mirror, PyPI and, as 10.0.2.2, the services on the test's loopback.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Self

from tests.infra import imds_main

HOST = "10.0.2.2"
"""Where the machine finds the test's loopback (slirp4netns's own convention)."""

METADATA = "169.254.169.254"
NEXT_DOOR = "169.254.169.1"
MIRROR = "http://deb.debian.org/debian"
NEEDED = ("debootstrap", "systemd-nspawn", "slirp4netns", "nsenter", "setpriv", "ip")

# What a Debian image on EC2 has (systemd, D-Bus, curl, certificates); and PostgreSQL, which stands
# in for RDS, since a second root file system would take another minute.
INCLUDED = "ca-certificates,curl,dbus,iproute2,passwd,postgresql,systemd,systemd-sysv"

# A test asks neither for a certificate nor for AWS's agents; Carrete runs without them.
NOT_ASKED = (
    "acme-v02.api.letsencrypt.org",
    "amazon-ssm-eu-west-1.s3.eu-west-1.amazonaws.com",
    "amazoncloudwatch-agent-eu-west-1.s3.eu-west-1.amazonaws.com",
)

BOOTSTRAP_S = 300
BOOT_S = 60


def why_not() -> str | None:
    """Why no machine can run here, if none can."""
    if os.geteuid() != 0:
        return "needs root (debootstrap, systemd-nspawn)"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    return f"not on this machine: {', '.join(missing)}" if missing else None


class Bootstrap:
    """Fills a root file system in the background; a context manager that removes it in the end."""

    def __init__(self, work: Path) -> None:
        """``work`` is a directory of its own."""
        self.work = work
        self.root = work / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self.work / "bootstrap.log").open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "debootstrap", "--variant=minbase"),
                    *(f"--include={INCLUDED}", "bookworm", str(self.root), MIRROR),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        # A gigabyte of small files: it goes while other things are done, and after us if need be.
        remove = ["rm", "-rf", "--one-file-system", str(self.root)]
        removing = partial(subprocess.run, remove, check=False, start_new_session=True)
        Thread(target=removing, daemon=True).start()

    def wait(self) -> Path:
        """Wait until the root file system is there.

        Raises:
            AssertionError: it failed; with the end of its log.
        """
        assert self._process is not None
        status = self._process.wait(BOOTSTRAP_S)
        log = (self.work / "bootstrap.log").read_text(errors="replace")
        assert status == 0, f"debootstrap ended with {status}:\n{log[-2000:]}"
        return self.root


def prepare(root: Path, environment: Mapping[str, str]) -> None:
    """Give a fresh root file system the test's names, certificates and environment.

    ``environment`` reaches every service: where S3 and the rest answer. Nothing that Carrete brings
    along is changed for it.
    """
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("nameserver 10.0.2.3\n")
    quoted = " ".join(f'"{name}={value}"' for name, value in environment.items())
    folder = root / "etc/systemd/system.conf.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.conf").write_text(f"[Manager]\nDefaultEnvironment={quoted}\n")
    with (root / "etc/hosts").open("a") as file:
        file.writelines(f"127.0.0.1 {name}\n" for name in NOT_ASKED)
    # A test machine may sit behind a proxy that has a certificate authority of its own.
    for certificate in Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(certificate, root / "usr/local/share/ca-certificates")
    subprocess.run(["chroot", str(root), "update-ca-certificates"], check=True, timeout=60)


class Machine:
    """A machine that runs."""

    def __init__(
        self, root: Path, leader: int, environment: Mapping[str, str], metadata: Path
    ) -> None:
        self.root = root
        self.metadata = metadata
        """Files with the answers of its metadata service."""
        self.environment = environment
        """What the test adds to the environment of programs and services."""
        self._leader = leader

    def run(
        self,
        *argv: str,
        within: float,
        environment: Mapping[str, str] | None = None,
        check: bool = True,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside, as root, for at most ``within`` seconds."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._leader), "--all", "--root", "--wd", "--", *argv],
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
            | dict(environment or {}),
            capture_output=True,
            text=True,
            input=stdin,
            timeout=within,
            check=False,
        )
        if check and done.returncode != 0:
            output = (done.stdout + done.stderr)[-4000:]
            raise AssertionError(f"{' '.join(argv)[:200]} ended with {done.returncode}:\n{output}")
        return done

    def network(self, *argv: str) -> list[str]:
        """The argv of one of the test's own programs that runs in the machine's network only."""
        return ["nsenter", "--target", str(self._leader), "--net", "--", *argv]


@contextmanager
def running(root: Path, environment: Mapping[str, str], work: Path) -> Iterator[Machine]:
    """Boot a root file system, give it a network and a metadata service; stop it at the end."""
    with ExitStack() as stack:
        boot = _child(
            stack,
            *("systemd-nspawn", "--quiet", f"--directory={root}", f"--machine={root.name}"),
            *("--register=no", "--keep-unit", "--private-network", "--resolv-conf=off"),
            *("--boot", "--console=pipe"),
            log=work / "console.log",
        )
        leader = _await_leader(boot)
        state = work / "metadata"
        state.mkdir()
        (state / "instance-id").write_text("i-0123456789abcdef0")
        machine = Machine(root, leader, environment, state)
        _await_boot(machine)
        _child(
            stack,
            *("slirp4netns", "--configure", "--mtu=65520", str(leader), "tap0"),
            log=work / "network.log",
        )
        _serve_metadata(stack, leader, state, work)
        _await(lambda: _succeeds(machine, "ip", "address", "show", "tap0"), "the network")
        token = ("--request", "PUT", f"http://{METADATA}/latest/api/token")
        _await(lambda: _succeeds(machine, "curl", "--fail", *token), "the metadata service")
        yield machine


def _succeeds(machine: Machine, *argv: str) -> bool:
    return machine.run(*argv, within=10, check=False).returncode == 0


def _serve_metadata(stack: ExitStack, leader: int, state: Path, work: Path) -> None:
    """A metadata service on its own address and port 80, next door: 80 here is nginx's."""
    service = _child(
        stack,
        *("unshare", "--net", sys.executable, imds_main.__file__, METADATA, str(state)),
        log=work / "metadata.log",
    )
    here, there = (["nsenter", f"--target={pid}", "--net"] for pid in (leader, service.pid))
    own = Path("/proc/self/ns/net").readlink()
    _await(lambda: Path(f"/proc/{service.pid}/ns/net").readlink() != own, "a network next door")
    link = ["ip", "link", "add", "md0", "netns", str(leader), "type", "veth"]
    subprocess.run(
        [*link, "peer", "name", "md1", "netns", str(service.pid)], check=True, timeout=10
    )
    for where, device, address in ((here, "md0", NEXT_DOOR), (there, "md1", METADATA)):
        for words in (("address", "add", f"{address}/24", "dev"), ("link", "set", "up", "dev")):
            subprocess.run([*where, "ip", *words, device], check=True, timeout=10)


def _child(stack: ExitStack, *argv: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)

    stack.callback(stop)
    return process


def _await_leader(boot: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{boot.pid}/task/{boot.pid}/children")
    found: list[str] = []

    def started() -> bool:
        assert boot.poll() is None, f"systemd-nspawn ended with {boot.returncode}"
        found[:] = children.read_text().split()
        return bool(found)

    _await(started, "systemd-nspawn's child")
    return int(found[0])


def _await_boot(machine: Machine) -> None:
    def booted() -> bool:
        state = machine.run("systemctl", "is-system-running", within=20, check=False).stdout
        return state.strip() in {"running", "degraded"}

    _await(booted, "the machine's boot")


def _await(condition: object, what: str, within: float = BOOT_S) -> None:
    assert callable(condition)
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not there after {within:g} s")
        time.sleep(0.2)
