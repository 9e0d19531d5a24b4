"""Whatever kills a backup, its expiry or a restore, or fills the disk: the last good backup stays good.

Each case runs in a fork, which kills itself with SIGKILL just before or after the n-th change at the destination, or on
the disk of a restore.
"""

import errno
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from charthouse import durable
from charthouse.backup import (
    clusters,
    destinations,
    expiry,
    recovery,
    restoring,
    row_counts,
    runs,
    verifying,
)
from charthouse.backup.clusters import Cluster
from charthouse.backup.configuration import read_configuration
from charthouse.backup.destinations import DirectoryDestination
from charthouse.backup.opening import find_identity
from charthouse.datadir import CommandError
from tests.backup.installations import Installation, list_notes, make_folder, run_installation, run_restored
from tests.waiting import until

STEP = int(os.environ.get("BACKUP_KILL_STEP", "7"))  # kills at every so many changes; the deep tier at each


@pytest.fixture(scope="module")
def installation(database: None) -> Iterator[Installation]:
    with run_installation() as made:
        made.write_note("good")
        made.back_up()
        yield made


@dataclass
class Killer:
    """Kills the process at the n-th change, before it is made or after it."""

    at: int
    after: bool
    seen: int = 0

    def wrap(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.seen += 1
            is_chosen = self.seen == self.at
            if is_chosen and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = change(*arguments, **options)
            if is_chosen:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped


def run_killed(installation: Installation, killer: Killer, *arguments: object) -> bool:
    """Run a command in a fork. Return whether it was killed; else it has succeeded."""
    pid = os.fork()
    if pid == 0:
        try:
            put, delete = DirectoryDestination.put, DirectoryDestination.delete
            DirectoryDestination.put = killer.wrap(put)  # type: ignore[method-assign]
            DirectoryDestination.delete = killer.wrap(delete)  # type: ignore[method-assign]
            durable.rename = killer.wrap(durable.rename)  # type: ignore[assignment]
            installation.run(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return killed


def check_last_backup(installation: Installation) -> None:
    """Every listed backup is whole, and the keys of the last one open."""
    repository = installation.repository
    backups = repository.list_backups()
    assert backups
    for manifest in backups:
        for kind, stored in manifest.objects.items():
            assert installation.object_path(manifest, kind).stat().st_size == stored.size
    configuration = replace(read_configuration({}), passphrase_file=str(installation.passphrase_file))
    chain = recovery.choose_chain(backups, None)
    restoring.read_keys(repository, find_identity(repository, configuration), chain)
    for entry in restoring.list_entries(repository, chain[-1]):
        assert (installation.backups / "files" / entry.name).stat().st_size == entry.size


def test_a_backup_is_killed_at_every_change(installation: Installation) -> None:
    """WAL, base, files, counts, list, keys, manifest: whichever is the last that is stored."""
    installation.store(os.urandom(10_000))
    before = {manifest.id for manifest in installation.repository.list_backups()}
    chosen = random.Random(1)  # noqa: S311 - which kills, not a secret
    at = 1
    while run_killed(installation, Killer(at, after=chosen.random() < 0.5), "backup"):
        check_last_backup(installation)
        assert before <= {manifest.id for manifest in installation.repository.list_backups()}
        at += STEP
        assert at < 100
    assert at > STEP
    check_last_backup(installation)


def test_an_expiry_is_killed_at_every_change(installation: Installation) -> None:
    """Of two chains the older is deleted; what is left of it is no backup, and goes the next time."""
    for _ in range(2):
        installation.back_up("--full")
    cluster = Cluster(
        f"host={(installation.data / 'postgres')} user=postgres dbname=charthouse", installation.data
    )
    line = installation.repository.list_backups()[-1].line
    last = installation.repository.list_backups()[-1].id
    for at in range(1, 50, 1 if STEP == 1 else 3):
        pid = os.fork()
        if pid == 0:
            killer = Killer(at, after=bool(at % 2))
            DirectoryDestination.delete = killer.wrap(DirectoryDestination.delete)  # type: ignore[method-assign]
            expiry.delete_expired(cluster, installation.repository, timedelta(0), line)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        check_last_backup(installation)
        assert installation.repository.list_backups()[-1].id == last
        if not os.WIFSIGNALED(status):
            break
    assert [manifest.id for manifest in installation.repository.list_backups()] == [last]


def test_a_killed_restore_is_run_again(installation: Installation) -> None:
    """Until the end the directory is none that a command takes for a data directory."""
    data = make_folder() / "restored"
    for at in (1, 3, 5) if STEP == 1 else (3,):
        if not run_killed(installation, Killer(at, after=False), "restore", "--into", data):
            break
        assert not (data / "CHARTHOUSE").exists()
        with pytest.raises(CommandError):
            restoring.datadir.prepare(data)
    if not (data / "CHARTHOUSE").exists():
        installation.run("restore", "--into", data)
    with run_restored(data) as connection:
        assert "good" in list_notes(connection)
    assert not (data / restoring.DRAFT).exists()


# What a drill does, in order. From the fourth on, a scratch server runs or has run.
DRILL = (
    (restoring, "read_keys"), (verifying, "check_files"), (recovery, "assemble"), (recovery, "wait_until_paused"),
    (row_counts, "count_tables"), (recovery, "recover_to"), (clusters, "run_program"), (runs, "note_run"),
)  # fmt: skip


def run_killed_drill(installation: Installation, killer: Killer) -> bool:
    """Run a drill in a fork. Return whether it was killed; else it has passed."""
    pid = os.fork()
    if pid == 0:
        try:
            for module, name in DRILL:
                setattr(module, name, killer.wrap(getattr(module, name)))
            installation.run("backup", "verify")
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def test_a_drill_is_killed_at_every_step(installation: Installation) -> None:
    """Its scratch server ends with it, the backup stays good, and the next drill deletes what is left."""
    scratch = installation.data / "drill"
    moments = [(at, after) for at in range(1, len(DRILL) + 1) for after in (False, True)]
    for at, after in moments if STEP == 1 else [(4, True)]:
        if not run_killed_drill(installation, Killer(at, after)):
            break
        assert list(scratch.glob("drill-*"))
        until(lambda: not list_processes(scratch), "the end of the scratch server")
        check_last_backup(installation)
    installation.run("backup", "verify")
    assert not list(scratch.glob("drill-*"))


def list_processes(folder: Path) -> list[str]:
    """List the processes that name a folder, by their command lines."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if str(folder) in line and process.status() != psutil.STATUS_ZOMBIE:
                found.append(line)
    return found


def test_a_full_disk_fails_the_backup_in_words(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installation.repository.list_backups()

    def fill(self: Any, name: str, content: Any, *, sync: bool = True) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(Path("/mnt/backups")))

    with monkeypatch.context() as patch:
        patch.setattr(destinations.DirectoryDestination, "put", fill)
        installation.run("backup", ok=False)
    assert capsys.readouterr().err == "charthouse backup: No space left on device: /mnt/backups.\n"
    assert installation.repository.list_backups() == before
    with installation.connect() as connection:
        row = connection.execute("select ok, detail from backup_run order by id desc limit 1").fetchone()
    assert row == (False, "No space left on device")
    assert installation.back_up().id not in {manifest.id for manifest in before}


def test_two_backups_at_once_exclude_one_another(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with installation.connect() as connection:
        connection.execute("select pg_advisory_lock(%s)", [0x6368_0005_0001])
        installation.run("backup", ok=False)
        assert "another backup of this database is being made" in capsys.readouterr().err
