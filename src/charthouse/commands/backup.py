"""``charthouse backup`` and ``charthouse restore``: their arguments, and what they print."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg

from charthouse import clock
from charthouse.backup import destinations, making, opening, recovery, restoring, runner, runs, verifying
from charthouse.backup.clusters import Cluster, ToolError
from charthouse.backup.configuration import Configuration, read_configuration
from charthouse.backup.lines import RecipientChanged
from charthouse.backup.manifests import LOGICAL, Manifest
from charthouse.backup.repository import RepositoryError, open_repository
from charthouse.backup.sealing import SealError
from charthouse.backup.writers import OtherWriter
from charthouse.commands import handlers
from charthouse.commands.progress import StepProgress
from charthouse.database_server.postgres_server import ServerError
from charthouse.datadir import CommandError

AddCommand = Callable[..., argparse.ArgumentParser]


def add_backup(add_command: AddCommand) -> None:
    """Add ``charthouse backup`` to the commands."""
    parser = add_command(
        "backup",
        "Back up the database, files, and keys, or list and verify backups",
        run_backup,
        "Without an argument: make a backup now, as the worker does on its schedule. list: list the backups. "
        "verify: restore one into a temporary server and compare everything with what was backed up. "
        "keygen FILE: write a new identity, and print its recipient for CHARTHOUSE_BACKUP_RECIPIENT.",
    )
    parser.add_argument("what", nargs="?", choices=("make", "list", "verify", "keygen"), default="make")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="keygen: the file to write")
    parser.add_argument(
        "--full", action="store_true", help="make: a full backup, even if an incremental one is possible"
    )
    parser.add_argument(
        "--backup", metavar="ID", default="", help="verify: the backup to verify (default: the last)"
    )
    parser.add_argument("--json", action="store_true", help="list: print JSON")
    _add_places(parser)


def add_restore(add_command: AddCommand) -> None:
    """Add ``charthouse restore`` to the commands."""
    parser = add_command(
        "restore",
        "Restore a backup into an empty directory or database",
        run_restore,
        "The restored database is marked as a copy: it sends nothing until charthouse resume.",
    )
    parser.add_argument(
        "--to",
        metavar="TIME",
        type=parse_time,
        default=None,
        help="latest (the default), or a time such as 2026-11-30T14:05:00Z; later writes are left out",
    )
    parser.add_argument(
        "--into",
        metavar="PLACE",
        required=True,
        help="a new or empty directory; or the postgresql:// URL of an empty database, with keys and files in --data",
    )
    parser.add_argument(
        "--backup", metavar="ID", default="", help="start from this backup (default: the best one)"
    )
    parser.add_argument(
        "--files",
        metavar="PLACE",
        default="",
        help="destination of stored files (default: files/ in the directory)",
    )
    _add_places(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--destination",
        metavar="PLACE",
        help="directory or s3://bucket/prefix of the backups (default: $CHARTHOUSE_BACKUP)",
    )
    parser.add_argument("--identity", metavar="FILE", help="file with the identity that opens the backups")
    parser.add_argument(
        "--passphrase-file", metavar="FILE", help="file with the passphrase that opens the backups"
    )


def parse_time(text: str) -> datetime | None:
    """Parse ``latest`` or an ISO time with its zone. Raises ArgumentTypeError."""
    if text == "latest":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-11-30T14:05:00Z") from None
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: add Z for UTC, or an offset such as -05:00")
    return at.astimezone(UTC)


def run_backup(options: argparse.Namespace) -> None:
    """Run ``charthouse backup``."""
    if (options.what == "keygen") != (options.file is not None):
        raise CommandError("say which file: charthouse backup keygen FILE")
    with _explain_failures():
        if options.what == "keygen":
            print(opening.write_new_identity(options.file))
        elif options.what == "list":
            _list_backups(_configure(options), as_json=options.json)
        elif options.what == "make":
            with handlers.provide_database(options):
                _make_backup(_configure(options), full=options.full)
        else:
            with handlers.provide_database(options):
                _verify(_configure(options), options.backup)


def run_restore(options: argparse.Namespace) -> None:
    """Run ``charthouse restore``."""
    configuration = _configure(options)
    with _explain_failures(), StepProgress() as progress:
        repository = open_repository(destinations.connect(_require_destination(configuration)))
        identity = opening.find_identity(repository, configuration)
        request = restoring.Request(repository, identity, options.to, options.backup, progress)
        storage = destinations.connect(options.files) if options.files else None
        is_url = options.into.startswith(("postgresql://", "postgres://"))
        if is_url:
            data = configuration.data
            restored = restoring.restore_database(request, options.into, data, storage)
        else:
            data = Path(options.into).expanduser().resolve()
            restored = restoring.restore_directory(request, data, storage)
    print(f"Backup {restored.manifest.id} is restored to {data}, with {restored.files} files.")
    if (major := restored.other_version) and not is_url:
        print(
            f"The database in {data}/postgres is of PostgreSQL {major}, which the embedded server is not: look at its "
            f"postgresql.conf, serve it with that version, and set DATABASE_URL. Or restore --into postgresql://..."
        )
    if restored.missing_files:
        print(f"{restored.missing_files} stored files are missing in the backup.")


def _configure(options: argparse.Namespace) -> Configuration:
    configuration = read_configuration({**os.environ, "CHARTHOUSE_DATA": str(options.data)})
    return replace(
        configuration,
        destination=options.destination or configuration.destination,
        identity_file=options.identity or ("" if options.passphrase_file else configuration.identity_file),
        passphrase_file=options.passphrase_file or configuration.passphrase_file,
    )


def _require_destination(configuration: Configuration) -> str:
    if not configuration.destination:
        raise CommandError("say where the backups are: --destination, or CHARTHOUSE_BACKUP.")
    return configuration.destination


def make_plan(configuration: Configuration, *, full: bool, progress: making.Progress) -> making.Plan:
    """Return the plan of a backup by the configuration."""
    return making.Plan(
        cluster=Cluster(configuration.database_url, configuration.data),
        storage=destinations.connect(configuration.files),
        repository=opening.open_for_backup(configuration),
        data=configuration.data,
        full=full,
        full_every=configuration.full_every,
        keep=configuration.keep,
        progress=progress,
    )


def _make_backup(configuration: Configuration, *, full: bool) -> None:
    with StepProgress() as progress:
        manifest = runner.make_backup(make_plan(configuration, full=full, progress=progress))
    print(_describe(manifest))
    if manifest.kind == LOGICAL:
        hours = configuration.every.total_seconds() / 3600
        print(
            "PostgreSQL permits no replication, so this is a logical backup, without continuous WAL: what is written "
            f"after it is lost with the server until the next one (every {hours:g} hours), and a restore to a time "
            "between is not possible. Give the role of DATABASE_URL the attribute REPLICATION (docs/backup.md)."
        )


def _verify(configuration: Configuration, backup: str) -> None:
    """Drill a backup, and note in the database how it went."""
    cluster, started = Cluster(configuration.database_url, configuration.data), clock.now()
    with StepProgress() as progress:
        repository = open_repository(destinations.connect(_require_destination(configuration)))
        identity = opening.find_identity(repository, configuration)
        request = restoring.Request(repository, identity, None, backup, progress)
        try:
            report = verifying.verify(request, configuration.data / "drill")
        except (RepositoryError, SealError, ToolError, ServerError, CommandError) as error:
            runs.note_run(cluster, runs.Run(runs.DRILL, backup, "", started, False, str(error)))
            raise
    detail = "; ".join(report.faults[: verifying.MAX_FAULTS])
    manifest = report.manifest
    runs.note_run(cluster, runs.Run(runs.DRILL, manifest.id, manifest.line, started, report.ok, detail))
    print(report.render())
    if not report.ok:
        raise CommandError(f"{len(report.faults)} faults: this backup is not good.")


def _list_backups(configuration: Configuration, *, as_json: bool) -> None:
    repository = open_repository(destinations.connect(_require_destination(configuration)))
    backups = repository.list_backups()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(backups)).decode())
        return
    for manifest in backups:
        print(_describe(manifest))
    if not backups:
        print("There are no backups.")


def _describe(manifest: Manifest) -> str:
    size = sum(stored.size for stored in manifest.objects.values())
    return (
        f"{manifest.id}  {manifest.kind:<11}  {recovery.render_time(manifest.ended_at)}  {size / 1e6:,.1f} MB  "
        f"{manifest.files} files of {manifest.file_bytes / 1e6:,.1f} MB"
    )


@contextmanager
def _explain_failures() -> Iterator[None]:
    """Turn what can go wrong into CommandError."""
    try:
        yield
    except (RepositoryError, SealError, ToolError, ServerError, RecipientChanged, OtherWriter) as error:
        raise CommandError(str(error)) from None
    except psycopg.OperationalError as error:
        raise CommandError(f"The database can't be used: {str(error).strip()}") from None
    except psycopg.Error as error:
        raise CommandError(f"the database refused: {type(error).__name__}.") from error
    except OSError as error:
        raise CommandError(
            f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
        ) from None
