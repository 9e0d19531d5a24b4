"""The C-CDA of each patient of an export: as many processes as there are processors, all on the export's snapshot.

``python -m charthouse.operation.transfer.documents ROOT PRACTICE AS_OF SNAPSHOT`` is one of them: it reads ids of
patients from standard input, and prints one line for each document, id and SHA-256.
"""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID, uuid5

FEW = 300  # documents that are not worth the start of other processes, which takes seconds
BATCH = 500  # patients who are asked for together
_DOCUMENT_IDS = UUID("5f0ed1a6-0bb0-4d5e-9a44-5ad9a8a1b6ce")


class DocumentsFailed(Exception):
    """A process that writes documents has failed; what it says is on standard error."""


def write_documents(
    ids: Sequence[int], root: Path, practice: int, as_of: datetime, export_snapshot: Callable[[], str]
) -> Iterator[tuple[int, str]]:
    """Write the C-CDA of patients below ``root``, as of a moment; yield id and SHA-256 in hex of each, in any order.
    Called within the snapshot, of which ``export_snapshot`` returns the id. Raises DocumentsFailed."""
    count = min(os.cpu_count() or 1, len(ids) // FEW + 1)
    if count == 1:
        yield from _write(ids, root, practice, as_of)
        return
    arguments = [str(root), str(practice), as_of.isoformat(), export_snapshot()]
    written: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
    parts = [_Part(arguments, ids[number::count], written) for number in range(count)]
    try:
        running = count
        while running:
            if (found := written.get()) is None:
                running -= 1
            else:
                yield found
        if any([part.process.wait() for part in parts]):
            raise DocumentsFailed
    finally:
        for part in parts:
            part.end()


class _Part:
    """A process that writes some of the documents, and a thread that reads what it has written."""

    def __init__(
        self, arguments: Sequence[str], ids: Sequence[int], written: "SimpleQueue[tuple[int, str] | None]"
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ids, self._written = ids, written
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the process, if it runs, and close what is left open."""
        self.process.kill()
        self.process.wait()
        self._thread.join()

    def _run(self) -> None:
        try:
            assert self.process.stdin
            assert self.process.stdout
            with self.process.stdin as given:
                given.write("".join(f"{patient}\n" for patient in self._ids))
            with self.process.stdout as lines:
                for line in lines:
                    patient, digest = line.split()
                    self._written.put((int(patient), digest))
        except OSError:  # it has ended, as its exit code says
            pass
        finally:
            self._written.put(None)


def _write(ids: Sequence[int], root: Path, practice: int, as_of: datetime) -> Iterator[tuple[int, str]]:
    """Write documents in this process, one batch of patients after the other."""
    from charthouse.domains.patients.models import Patient
    from charthouse.interchange.ccda import document
    from charthouse.interchange.cda.context import PatientBatch
    from charthouse.operation.transfer import layout

    for first in range(0, len(ids), BATCH):
        chosen = ids[first : first + BATCH]
        batch = PatientBatch(practice, chosen)
        for patient in Patient.objects.filter(practice=practice, pk__in=chosen).order_by("pk"):
            document_id = uuid5(_DOCUMENT_IDS, f"{practice} {patient.pk} {as_of.isoformat()}")
            content = document.render(patient, now=as_of, document_id=str(document_id), batch=batch)
            layout.write_bytes(root, f"{layout.DOCUMENTS}/{patient.pk}.xml", content, None)
            yield patient.pk, hashlib.sha256(content).hexdigest()


def main(root: Path, practice: int, as_of: datetime, snapshot: str) -> None:
    """Write the documents of the patients whose ids stand on standard input."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
    django.setup()
    from charthouse.engine.sql.statements import read_snapshot
    from charthouse.identity import tenancy
    from charthouse.operation.transfer.snapshots import prepare_snapshot

    ids = [int(line) for line in sys.stdin]
    with tenancy.within(practice), read_snapshot(snapshot):
        prepare_snapshot()
        for patient, digest in _write(ids, root, practice, as_of):
            print(patient, digest, flush=True)


if __name__ == "__main__":
    from charthouse import processes

    processes.set_parent_death_signal(9)
    main(Path(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), sys.argv[4])
