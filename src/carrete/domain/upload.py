"""Uploads: part sizes, part plans and the names that people give their files."""

import re
import unicodedata
from dataclasses import dataclass

from carrete.domain.failures import CarreteError

MIB = 1024 * 1024
MIN_PART = 8 * MIB
"""Smallest part that Carrete asks for. S3 takes 5 MiB; 8 MiB halves the requests."""

MAX_PARTS = 10_000
"""S3's limit (Amazon S3 User Guide, multipart upload limits)."""

MAX_OBJECT = 5 * 1024 * 1024 * MIB
"""S3's largest object, 5 TiB."""

MAX_NAME_BYTES = 1024
MAX_EXTENSION = 10


class InvalidNameError(CarreteError):
    """A name that can't be shown or stored; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is stored already.

    Attributes:
        number: from 1.
        size: bytes.
        etag: S3's tag for it.
        sha256: base64 of the part's SHA-256, when the store kept it.
    """

    number: int
    size: int
    etag: str
    sha256: str | None = None


def part_size(total: int) -> int:
    """Bytes in each part: the smallest whole number of MiB with which ``total`` fits S3's limit.

    Args:
        total: bytes of the whole file, 1 to ``MAX_OBJECT``.
    """
    least = -(-total // MAX_PARTS)
    return max(MIN_PART, -(-least // MIB) * MIB)


def part_count(total: int, size: int) -> int:
    """How many parts of ``size`` bytes make ``total`` bytes."""
    return max(1, -(-total // size))


def part_length(number: int, total: int, size: int) -> int:
    """Bytes in part ``number`` (from 1); only the last part may be shorter than ``size``.

    Raises:
        ValueError: there is no such part.
    """
    if not 1 <= number <= part_count(total, size):
        msg = f"part {number} is not one of 1 to {part_count(total, size)}"
        raise ValueError(msg)
    return min(size, total - (number - 1) * size)


def clean_name(name: str) -> str:
    """The name as typed, safe to show and to give back: no path, no control characters.

    Only the last component of a path is kept, so ``../../x.mp4`` becomes ``x.mp4``. Spaces,
    quotes, emoji and right-to-left letters stay. The name never becomes part of a key, a path or
    a command.

    Raises:
        InvalidNameError: nothing is left, or it is longer than ``MAX_NAME_BYTES`` bytes of UTF-8.
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"})
    kept = unicodedata.normalize("NFC", kept).strip()
    if not kept or set(kept) == {"."}:
        msg = "the name is empty once path and control characters are removed"
        raise InvalidNameError(msg)
    if len(kept.encode()) > MAX_NAME_BYTES:
        msg = f"the name is longer than {MAX_NAME_BYTES} bytes"
        raise InvalidNameError(msg)
    return kept


def extension_of(name: str) -> str:
    """The extension of a cleaned name in lower case with its dot, or nothing when it is unusual.

    It becomes part of a key, so only short ASCII letters and digits pass.
    """
    match = re.search(rf"\.([A-Za-z0-9]{{1,{MAX_EXTENSION}}})$", name)
    return f".{match[1].lower()}" if match else ""


def processed_name(name: str) -> str:
    """What the processed file is called on download: the original's name, ending in ``.mp4``."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,10}$", "", name) or name
    return f"{stem}.mp4"
