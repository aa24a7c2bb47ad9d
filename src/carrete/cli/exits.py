"""Exit codes that scripts can rely on, and the error that carries one with a message."""

from enum import IntEnum

from carrete.domain.failures import CarreteError


class ExitCode(IntEnum):
    """How a command ended. A number never changes its meaning."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


class CommandError(CarreteError):
    """A command can't go on; a message of ``messages`` says why and what to do.

    Attributes:
        key: of the message.
        values: of its placeholders.
        exit_code: of the command.
    """

    def __init__(
        self, key: str, exit_code: ExitCode = ExitCode.FAILED, /, **values: object
    ) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
        self.exit_code = exit_code
