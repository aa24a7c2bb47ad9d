import signal
from collections import deque
from pathlib import Path

import pytest

from carrete.adapters.ffmpeg.run import Command, Outcome, check_exit
from carrete.adapters.ffmpeg.sandbox import Grant, Jail
from carrete.domain.failures import FailureCode, InvalidInputError, TransientError
from carrete.domain.media import FfmpegError

COMMAND = Command(("ffmpeg", "-i", "a b"), Grant(read=()))


def end(code: int, *lines: str) -> None:
    check_exit(COMMAND, code, Outcome(tail=deque(lines)))


def test_zero_is_success_whatever_was_said() -> None:
    end(0, "Invalid data found when processing input")


@pytest.mark.parametrize("code", [-signal.SIGKILL, 128 + signal.SIGKILL, -signal.SIGTERM])
def test_a_signal_from_outside_is_passing(code: int) -> None:
    with pytest.raises(TransientError):
        end(code)


def test_a_full_disk_is_passing() -> None:
    with pytest.raises(TransientError):
        end(228, "Error writing trailer: No space left on device")


@pytest.mark.parametrize("code", [128 + signal.SIGXFSZ, -signal.SIGXCPU])
def test_a_limit_is_not(code: int) -> None:
    with pytest.raises(FfmpegError, match="resource limit"):
        end(code)


def test_a_damaged_source_is_the_sources_fault() -> None:
    with pytest.raises(InvalidInputError) as caught:
        end(69, "[vist#0:0] Decode error rate 0.6 exceeds maximum 0.25")
    assert caught.value.code is FailureCode.DAMAGED_FILE


def test_anything_else_keeps_what_an_operator_needs() -> None:
    with pytest.raises(FfmpegError) as caught:
        end(1, "Option foo not found.")
    assert (caught.value.exit_code, caught.value.argv) == (1, COMMAND.argv)
    assert str(COMMAND) == "ffmpeg -i 'a b'"


def test_limits_and_walls_stand_before_the_command() -> None:
    jail = Jail(bwrap="/b", prlimit="/p", setpriv="/s")
    grant = Grant(read=(Path("/in"),), write=(Path("/out"),), memory_bytes=7)
    argv = jail.wrap(("ffmpeg",), grant)
    assert argv[0] == "/s"
    assert argv.index("/s") < argv.index("/p") < argv.index("/b") < argv.index("ffmpeg")
    assert "--as=7" in argv
    assert "--unshare-all" in argv
    assert argv[-1] == "ffmpeg"


def test_without_tools_the_command_runs_as_it_is() -> None:
    assert Jail(None, None, None).wrap(("ffmpeg",), Grant(read=())) == ("ffmpeg",)
