"""Files that survive a power cut: contents and directories are on the disk before anything relies on a new name."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from charthouse import durable
from charthouse.files import encryption_keys
from charthouse.files.storage import DirectoryStorage
from charthouse.sandbox import credentials


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the file system, in order: the name of each file that is synced, replaced or linked."""
    made: list[str] = []

    def note(name: str, describe: Callable[..., str]) -> None:
        real: Any = getattr(os, name)

        def noting(*arguments: Any, **options: Any) -> Any:
            made.append(f"{name} {describe(*arguments)}")
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, noting)

    note("fsync", lambda descriptor: Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
    note("replace", lambda source, target: Path(target).name)
    note("link", lambda source, target: Path(target).name)
    return made


def drop_drafts(calls: list[str]) -> list[str]:
    return [call if ".new-" not in call else "fsync draft" for call in calls]


@pytest.mark.parametrize(
    ("write", "way", "name"),
    [
        (lambda path: durable.write_file(path, b"x"), "replace", "it"),
        (lambda path: durable.create_file(path, b"x"), "link", "it"),
        (lambda path: credentials.write_private_file(path, "x"), "replace", "it"),
        (lambda path: encryption_keys._read_or_create(path), "link", "it"),
        (lambda path: DirectoryStorage(path.parent)._save("it", ContentFile(b"x")), "replace", "it"),
    ],
    ids=["write", "create", "credentials", "keys", "contents"],
)
def test_content_then_name_then_directory(
    tmp_path: Path, calls: list[str], write: Callable[[Path], Any], way: str, name: str
) -> None:
    write(tmp_path / name)
    assert drop_drafts(calls) == ["fsync draft", f"{way} {name}", f"fsync {tmp_path.name}"]
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_new_directories_are_synced_into_the_ones_above(tmp_path: Path, calls: list[str]) -> None:
    durable.make_directory(tmp_path / "a" / "b", mode=0o700)
    assert calls == [f"fsync {tmp_path.name}", "fsync a"]
    durable.make_directory(tmp_path / "a" / "b")
    assert len(calls) == 2


def test_a_file_that_is_appended_to_is_synced_with_its_directory_once(
    tmp_path: Path, calls: list[str]
) -> None:
    for _ in range(2):
        durable.append_to_file(tmp_path / "it", b"x")
    assert calls == ["fsync it", f"fsync {tmp_path.name}", "fsync it"]
    assert (tmp_path / "it").read_bytes() == b"xx"


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "it").write_bytes(b"before")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        durable.write_file(tmp_path / "it", b"after")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("it", b"before")]


def test_of_two_that_create_a_file_one_wins(tmp_path: Path) -> None:
    assert durable.create_file(tmp_path / "it", b"first")
    assert not durable.create_file(tmp_path / "it", b"second")
    assert (tmp_path / "it").read_bytes() == b"first"


def test_a_sandbox_does_not_wait_for_the_disk(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_waits", True)
    durable.stop_waiting()
    durable.write_file(tmp_path / "written", b"x")
    durable.create_file(tmp_path / "created", b"x")
    durable.append_to_file(tmp_path / "added", b"x")
    durable.rename(tmp_path / "added", tmp_path / "renamed")
    DirectoryStorage(tmp_path)._save("stored", ContentFile(b"x"))
    assert calls == ["replace written", "link created", "replace renamed", "replace stored"]
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"x"}
