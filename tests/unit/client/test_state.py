"""Records of unfinished uploads."""

import os
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from carrete.client.errors import UploadBusyError
from carrete.client.state import (
    KEPT_S,
    FileIdentity,
    UploadBook,
    UploadRecord,
    new_key,
    write_private,
)

ACCOUNT = uuid4()
SERVER = "http://api.test"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


def record(file: Path) -> UploadRecord:
    return UploadRecord(
        server=SERVER,
        account_id=ACCOUNT,
        file=FileIdentity.of(file),
        key="upload-1",
        name=file.name,
    )


def test_a_record_is_there_for_the_next_process(file: Path, directory: Path) -> None:
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        assert entry.record == record(file)


def test_only_its_owner_can_read_it(file: Path, directory: Path) -> None:
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
    (kept,) = directory.glob("*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_another_server_or_account_has_a_record_of_its_own(file: Path, directory: Path) -> None:
    book = UploadBook(directory)
    with book.entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
    with book.entry("http://other.test", ACCOUNT, file) as entry:
        assert entry.record is None
    with book.entry(SERVER, uuid4(), file) as entry:
        assert entry.record is None


def test_a_finished_upload_leaves_no_file(file: Path, directory: Path) -> None:
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
        entry.forget()
    assert list(directory.iterdir()) == []


def test_a_held_record_is_refused_to_others_and_free_afterwards(
    file: Path, directory: Path
) -> None:
    book = UploadBook(directory)
    with (
        book.entry(SERVER, ACCOUNT, file),
        pytest.raises(UploadBusyError),
        book.entry(SERVER, ACCOUNT, file),
    ):
        pass
    with book.entry(SERVER, ACCOUNT, file):
        pass


def test_a_damaged_record_counts_as_none(file: Path, directory: Path) -> None:
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
    (kept,) = directory.glob("*.json")
    kept.write_text("{")
    with UploadBook(directory).entry(SERVER, ACCOUNT, file) as entry:
        assert entry.record is None


def test_records_that_nobody_went_on_with_are_deleted(file: Path, directory: Path) -> None:
    book = UploadBook(directory)
    with book.entry(SERVER, ACCOUNT, file) as entry:
        entry.save(record(file))
    (kept,) = directory.glob("*.json")
    long_ago = kept.stat().st_mtime - KEPT_S - 60
    os.utime(kept, (long_ago, long_ago))
    with book.entry("http://other.test", ACCOUNT, file):
        assert not kept.exists()


def test_a_failed_write_leaves_the_old_text_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.json"
    write_private(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["kept.json"]


def test_each_upload_of_a_file_has_a_key_of_its_own(file: Path) -> None:
    identity = FileIdentity.of(file)
    keys = {new_key(SERVER, ACCOUNT, identity) for _ in range(3)}
    assert len(keys) == 3
