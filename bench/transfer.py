"""Exporting a practice and importing it elsewhere: ``python -m bench.transfer DATA [--mb 2048] [--documents]``.

``DATA`` is a sandbox that is not running: ``charthouse sandbox --data DATA --patients 10000``, then Ctrl-C. Its first
practice gets documents of 2 MB until it has so many MB of them; then it is exported, with ``--documents`` including the
C-CDA of each patient, imported into a new installation, and exported from there. Prints time by the clock, CPU and
memory of each command, without those of PostgreSQL."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import describe
from bench.servers import ROOT

MB = 1024 * 1024
PIECE = 2 * MB
FILL = """
import os, sys
from argparse import Namespace
from pathlib import Path
from charthouse.commands.handlers import provide_database
with provide_database(Namespace(data=Path(sys.argv[1]))):
    import django
    os.environ["DJANGO_SETTINGS_MODULE"] = "charthouse.settings"
    django.setup()
    from django.core.files.base import ContentFile
    from django.db import transaction
    from charthouse import clock
    from charthouse.domains.documents.models import Document
    from charthouse.domains.patients.models import Patient
    from charthouse.files.storage import store_file
    from charthouse.identity import tenancy
    with tenancy.within(1):
        there = Document.objects.filter(description="bench").count()
        patients = list(Patient.objects.order_by("pk").values_list("pk", "doctor_id")[: int(sys.argv[2])])
        for number, (patient, doctor) in enumerate(patients[there:]):
            with transaction.atomic():
                content = ContentFile(b"%PDF-1.7" + os.urandom(int(sys.argv[3]) - 8), f"scan {number}.pdf")
                file = store_file(content, "application/pdf", 1)
                Document.objects.create(practice_id=1, patient_id=patient, doctor_id=doctor, document=file,
                                        date=clock.now().date(), description="bench")
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.transfer", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mb", type=int, default=2048)
    parser.add_argument("--documents", action="store_true")
    options = parser.parse_args()
    more = [] if options.documents else ["--without-documents"]
    data, folder = options.data.resolve(), Path(tempfile.mkdtemp(prefix="charthouse-bench-"))
    try:
        run([sys.executable, "-c", FILL, str(data), str(options.mb * MB // PIECE), str(PIECE)])
        other, first, second = folder / "other", folder / "first", folder / "second"
        print(describe(), "\n\n| | seconds | CPU seconds | most memory, MB |\n|---|--:|--:|--:|")
        measure("export", data, "--practice", "1", *more, str(first))
        run(compose_command("migrate", other))
        measure("import", other, str(first))
        measure("export", other, "--practice", "1", *more, str(second))
        sizes = [
            sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) for root in (first, second)
        ]
        rows = sum(
            text.count(b"\n") for text in (path.read_bytes() for path in first.glob("tables/*.ndjson"))
        )
        print(f"\n{rows} rows, {sizes[0] // MB} MB; exported again: {sizes[1] // MB} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compose_command(command: str, data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "charthouse", command, "--data", str(data), *arguments]


def run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=True)


def measure(command: str, data: Path, *arguments: str) -> None:
    """Run a command and print a row."""
    started = time.monotonic()
    child = subprocess.Popen(
        compose_command(command, data, *arguments), cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}")
    seconds = time.monotonic() - started
    print(
        f"| {command} | {seconds:.0f} | {usage.ru_utime + usage.ru_stime:.0f} | {usage.ru_maxrss // 1024} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
