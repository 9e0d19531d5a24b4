"""Opening a repository to back up to, or to restore from: whose public key it is sealed to, and who can open it."""

import getpass
import os
import sys
from pathlib import Path

from charthouse.backup import destinations, lines, sealing
from charthouse.backup import repository as repositories
from charthouse.backup.configuration import PREFIX, Configuration
from charthouse.backup.repository import Repository
from charthouse.backup.sealing import Identity, Recipient
from charthouse.datadir import CommandError

MIN_PASSPHRASE = 12  # characters


def open_for_backup(configuration: Configuration) -> Repository:
    """Open the repository, created if there is none. Raises CommandError, RepositoryError, OSError."""
    if not configuration.destination:
        raise CommandError(f"say where to: --destination, or {PREFIX}, is a directory or s3://bucket/prefix.")
    if _is_within(configuration.destination, configuration.data):
        raise CommandError("a backup inside the data directory would be lost with it. Choose another place.")
    destination = destinations.connect(configuration.destination)
    repository = repositories.find_repository(destination)
    if repository is None:
        return _create(destination, configuration)
    if configuration.recipient and str(Recipient.parse(configuration.recipient)) != str(repository.recipient):
        raise CommandError(
            f"{destination.label} is sealed to another recipient than {PREFIX}_RECIPIENT. Choose another destination."
        )
    line = lines.read_line(configuration.state)
    is_known = line is not None and line.repository == repository.description.id
    if not is_known and not configuration.recipient and configuration.passphrase_file:
        find_identity(repository, configuration)  # it is ours, or the passphrase does not open it
    return repository


def _is_within(destination: str, data: Path) -> bool:
    return not destination.startswith("s3://") and Path(destination).expanduser().resolve().is_relative_to(
        data
    )


def _create(destination: destinations.Destination, configuration: Configuration) -> Repository:
    if configuration.recipient:
        return repositories.create_repository(destination, Recipient.parse(configuration.recipient), None)
    passphrase = _read_new_passphrase(configuration)
    identity = Identity.generate()
    locked = sealing.lock_identity(identity, passphrase)
    return repositories.create_repository(destination, identity.recipient, locked)


def _read_new_passphrase(configuration: Configuration) -> str:
    if configuration.passphrase_file:
        passphrase = _read_first_line(configuration.passphrase_file)
    elif sys.stdin.isatty():
        passphrase = getpass.getpass("New passphrase of the backups: ")
        if getpass.getpass("Once more: ") != passphrase:
            raise CommandError("the two were not the same.")
    else:
        raise CommandError(
            f"backups are sealed. Set {PREFIX}_PASSPHRASE_FILE, the path of a file with a passphrase, or "
            f"{PREFIX}_RECIPIENT, as charthouse backup keygen prints it."
        )
    if len(passphrase) < MIN_PASSPHRASE:
        raise CommandError(f"a passphrase of backups has {MIN_PASSPHRASE} characters or more.")
    return passphrase


def find_identity(repository: Repository, configuration: Configuration) -> Identity:
    """Return the identity that opens the repository: from a file, or by the passphrase, which is asked for on a
    terminal. Raises CommandError, SealError."""
    if configuration.identity_file:
        identity = Identity.parse(_read_file(configuration.identity_file))
        if identity.recipient != repository.recipient:
            raise sealing.SealError(
                f"{configuration.identity_file} is not the identity that opens these backups."
            )
        return identity
    if repository.description.identity is None:
        raise CommandError(
            f"these backups are sealed to {repository.recipient}: name the file of its identity by --identity."
        )
    if configuration.passphrase_file:
        passphrase = _read_first_line(configuration.passphrase_file)
    elif sys.stdin.isatty():
        passphrase = getpass.getpass("Passphrase of the backups: ")
    else:
        raise CommandError(
            f"name the file of the passphrase by --passphrase-file, or {PREFIX}_PASSPHRASE_FILE."
        )
    return sealing.unlock_identity(repository.description.identity, repository.recipient, passphrase)


def write_new_identity(path: Path) -> Recipient:
    """Write a new identity to a file of mode 0600, and return its recipient. Raises CommandError if it exists."""
    identity = Identity.generate()
    text = f"# Opens backups of Charthouse that are sealed to\n# {identity.recipient}\n{identity.text}\n"
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(f"{path} exists.") from None
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}.") from None
    return identity.recipient


def _read_first_line(path: str) -> str:
    text = _read_file(path)
    if not text.strip():
        raise CommandError(f"{path} has no passphrase.")
    return text.splitlines()[0].strip()


def _read_file(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError:
        raise CommandError(f"{path} is no text.") from None
