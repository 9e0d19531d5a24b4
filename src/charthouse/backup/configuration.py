"""The configuration of backups, from the environment (listed in ``settings``). Without Django: a restore has none."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from charthouse.datadir import CommandError

PREFIX = "CHARTHOUSE_BACKUP"


@dataclass(frozen=True)
class Configuration:
    """``destination``: a directory or s3:// URL, "" if there is none. ``data``: the data directory. ``files``: where
    the contents of stored files are, a directory or s3:// URL. ``keep``: back to when a restore is possible."""

    destination: str
    data: Path
    database_url: str
    files: str
    recipient: str
    passphrase_file: str
    identity_file: str
    every: timedelta
    full_every: timedelta
    keep: timedelta
    drill_every: timedelta

    @property
    def state(self) -> Path:
        """The directory of what this installation notes of its backups, and of WAL that is not backed up yet."""
        return self.data / "backup"


def read_configuration(environment: Mapping[str, str] = os.environ) -> Configuration:
    """Read the configuration. Raises CommandError."""
    data = Path(environment.get("CHARTHOUSE_DATA", ".charthouse")).resolve()
    return Configuration(
        destination=environment.get(PREFIX, ""),
        data=data,
        database_url=environment.get("DATABASE_URL", "postgresql:///charthouse"),
        files=environment.get("CHARTHOUSE_FILES", "") or str(data / "files"),
        recipient=environment.get(f"{PREFIX}_RECIPIENT", ""),
        passphrase_file=environment.get(f"{PREFIX}_PASSPHRASE_FILE", ""),
        identity_file=environment.get(f"{PREFIX}_IDENTITY_FILE", ""),
        every=timedelta(hours=_read_number(environment, "HOURS", 24, least=1)),
        full_every=timedelta(days=_read_number(environment, "FULL_DAYS", 7)),
        keep=timedelta(days=_read_number(environment, "KEEP_DAYS", 30)),
        drill_every=timedelta(days=_read_number(environment, "DRILL_DAYS", 7)),
    )


def _read_number(environment: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    text = environment.get(f"{PREFIX}_{name}", str(default)).strip()
    if not text.isdecimal() or not least <= int(text) <= 10_000:
        raise CommandError(f"{PREFIX}_{name} is a whole number from {least} to 10000.")
    return int(text)
