"""``charthouse export`` and ``charthouse import``. Importing this module sets up Django."""

import os
import sys
from pathlib import Path

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from django.conf import settings  # noqa: E402

from charthouse import durable  # noqa: E402
from charthouse.datadir import CommandError  # noqa: E402
from charthouse.operation.transfer import exporting, importing  # noqa: E402
from charthouse.operation.transfer.layout import TransferError  # noqa: E402


def export_practice(practice: int, target: Path, *, with_documents: bool = True) -> str:
    """Write everything of a practice to a new directory. Return a message. Raises CommandError."""
    try:
        export = exporting.export_practice(practice, target, _show_progress, with_documents=with_documents)
    except TransferError as error:
        raise CommandError(str(error)) from None
    lines = [
        f"{export.rows} rows, {export.files} files and the C-CDA of {export.documents} patients are in {export.path}.",
        f"SHA-256 of its SHA256SUMS: {export.digest}",
        "Whoever has this directory can read all of it: store it encrypted, and delete it when it is no longer needed.",
    ]
    if export.missing_files:
        ids = ", ".join(map(str, export.missing_files[:20]))
        lines.append(
            f"Without their content, which is not in storage: {len(export.missing_files)} files ({ids})."
        )
    return "\n".join(lines)


def import_practice(source: Path, report: Path | None) -> str:
    """Import an export as a new practice, and write the report. Return a message. Raises CommandError."""
    try:
        done = importing.import_practice(source, _show_progress)
    except TransferError as error:
        raise CommandError(f"{error} Nothing was imported.") from None
    path = report or settings.DATA / "imports" / f"practice-{done.practice}.json"
    durable.make_directory(path.parent)
    durable.write_file(path, msgspec.json.format(msgspec.json.encode(done), indent=1))
    rows = sum(done.rows.values())
    lines = [
        f"{done.name} is practice {done.practice}: {rows} rows, {done.files} files. New ids are in {path}."
    ]
    lines += [f"{each.old} was taken: it is {each.new}." for each in done.renamed]
    if done.unresolved:
        lines.append(f"Left out, since their rows are not in the export: {done.unresolved}")
    if done.reminders:
        lines.append(
            f"{done.reminders} reminders to patients are held, as the other installation may send them. Once it has "
            f"stopped: charthouse resume --practice {done.practice}"
        )
    lines.append(
        "No password, token, second factor or secret was imported. Users and patients set a password by a link, which "
        "is sent to the e-mail address of their account: Forgot password. For a user without one, charthouse "
        "passwordlink prints it. Apps and API users get new secrets in the "
        "console; webhooks are set up again."
    )
    return "\n".join(lines)


def _show_progress(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty() and (done % 100 == 0 or done == of):
        print(f"\r\x1b[K{what} {done}{f' of {of}' if of else ''}", end="", file=sys.stderr, flush=True)
