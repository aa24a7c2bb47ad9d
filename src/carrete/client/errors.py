"""What can go wrong between a client and its server, as errors that a program can act on."""

from collections.abc import Mapping
from pathlib import Path

from carrete.domain.failures import CarreteError


class ApiError(CarreteError):
    """The server answered no, as RFC 9457 says it.

    Attributes:
        code: Carrete's stable code, or ``http_<status>`` when the answer has none.
        status: of HTTP.
        detail: a sentence for people, in English.
        fields: what is wrong with which field of the request.
        retry_after_s: seconds that the server asks to wait.
        retried: whether an earlier attempt at the same call may have taken effect.
    """

    def __init__(
        self,
        code: str,
        status: int,
        detail: str,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
        retried: bool = False,
    ) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code
        self.status = status
        self.detail = detail
        self.fields = dict(fields or {})
        self.retry_after_s = retry_after_s
        self.retried = retried


class UnreachableError(CarreteError):
    """The server can't be reached, or what answers there is no Carrete.

    Attributes:
        url: of the server.
        reason: one technical line.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} can't be reached: {reason}")
        self.url = url
        self.reason = reason


class TransferError(CarreteError):
    """The object store did not take or give the bytes, as often as it was tried.

    Attributes:
        status: the store's last answer; 0 when there was none.
        code: the store's own code, such as ``NoSuchUpload``.
    """

    def __init__(self, reason: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code


class FileChangedError(CarreteError):
    """The local file changed while it was sent, so that what is stored is no version of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed while it was being uploaded")
        self.path = path


class EmptyFileError(CarreteError):
    """The local file has no bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is empty")
        self.path = path


class UploadBusyError(CarreteError):
    """Another process is uploading the same file to the same account now."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process is uploading {path}")
        self.path = path


class TargetExistsError(CarreteError):
    """There is a file where the result should go, and it is not to be overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists")
        self.path = path
