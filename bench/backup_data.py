"""Makes the data that ``bench.backup`` backs up: ``python -m bench.backup_data PATIENTS MB``, a process with Django."""

import os
import sys
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from charthouse.audit import seals
from charthouse.commands import installation  # sets up Django
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.sandbox import description, oauth_apps, seed

FILE_SIZE = 250_000  # bytes, of a scanned page
BATCH = 100


def main(patients: int, megabytes: int) -> None:
    """Build a practice of so many patients, so many MB of files, and the seals of all of it."""
    installation.migrate()
    if not Practice.objects.using("owner").exists():
        seed.build(1, patients, lambda *_: None)
        description.write(settings.DATA / "sandbox.json", "http://127.0.0.1:8000")
    practice = Practice.objects.using("owner").order_by("pk").values_list("pk", flat=True)[0]
    count = megabytes * 1_000_000 // FILE_SIZE
    for start in range(0, count, BATCH):
        with tenancy.within(practice), transaction.atomic():
            for number in range(start, min(count, start + BATCH)):
                content = File(BytesIO(os.urandom(FILE_SIZE)), f"scan-{number}.pdf")
                store_file(content, "application/pdf", practice)
    oauth_apps.set_rate_limit("off")
    while seals.seal():
        pass
    print(sum(1 for path in Path(settings.DATA / "files").rglob("*") if path.is_file()), "files")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
