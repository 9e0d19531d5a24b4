"""Inspecting a restored database, in a process with Django: every stored file is opened and decrypted, and the seals of
the audit are verified. ``python -m charthouse.backup.inspection TIME`` prints JSON; the environment names the database,
the keys and where the files are. TIME is that of the last write: rows may be without a seal for an hour after it.
"""

import json
import os
import sys
from datetime import datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from charthouse import clock  # noqa: E402
from charthouse.audit import seals, verification  # noqa: E402
from charthouse.engine.errors import Unavailable  # noqa: E402
from charthouse.files.encryption import DecryptionError  # noqa: E402
from charthouse.files.models import StoredFile  # noqa: E402
from charthouse.files.storage import CHUNK_SIZE, open_file  # noqa: E402

OWNER = "owner"
MAX_FAULTS = 20


def inspect_files() -> tuple[int, list[str]]:
    """Open every stored file, and read it to its end. Return how many there are, and what is wrong with which row."""
    count, faults = 0, []
    for file in StoredFile.objects.using(OWNER).filter(archived=False).order_by("pk").iterator(1000):
        count += 1
        try:
            with open_file(file) as content:
                size = sum(len(chunk) for chunk in iter(lambda: content.read(CHUNK_SIZE), b""))
            if size != file.size:
                faults.append(f"stored file {file.pk} has {size} bytes, not {file.size}")
        except (FileNotFoundError, DecryptionError, Unavailable) as error:
            faults.append(f"stored file {file.pk} can't be opened: {type(error).__name__}")
    return count, faults


def inspect_seals() -> tuple[int, list[str]]:
    """Verify the seals. Return the number of chains, and the faults."""
    return len(seals.list_heads()), [str(fault) for fault in verification.verify()]


def main(at: datetime) -> None:
    """Print what was found."""
    with clock.shift(at - clock.now()):
        files, faults = inspect_files()
        chains, wrong = inspect_seals()
    found = {
        "files": files,
        "chains": chains,
        "faults": [*faults, *wrong][:MAX_FAULTS],
        "count": len(faults + wrong),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
