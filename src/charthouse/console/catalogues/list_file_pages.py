"""Pages of a list that a practice can upload as a CSV file, look at before it is taken over, and download."""

from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from charthouse.console.catalogues import list_files
from charthouse.console.catalogues.list_files import FileColumn, ListFile
from charthouse.console.kit import records
from charthouse.console.kit.forms import make_label
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.jobs import submissions

SHOWN = 20  # rows of a preview
REPLACE = "replace"


@dataclass(frozen=True, kw_only=True)
class ListWithFile(ResourcePages):
    """The pages of a resource whose rows have a name. ``file_keys``: keys of the columns of its file; ``naming``: those
    that a row is known by."""

    file_keys: Sequence[str]
    naming: Sequence[str] = ("name",)

    def build_urls(self) -> list[URLPattern]:
        view = page(primary=self.primary, methods=("GET", "POST"))(self.upload)
        download = page(primary=self.primary)(self.download)
        return [
            path(f"{self.url_path}/file", view, name=f"{self.view}-file"),
            path(f"{self.url_path}/list.csv", download, name=f"{self.view}-download"),
            *super().build_urls(),
        ]

    def get_list_context(self, request: Request, **parents: int) -> dict[str, Any]:
        return {"other": self._build_url("-file", parents), "other_words": "Upload or download"}

    def list_columns(self) -> list[FileColumn]:
        """List the columns of the file."""
        labels = {name: self.labels.get(name, make_label(name)) for name in self.file_keys}
        return list_files.make_columns(self.resource, self.file_keys, labels, self.naming)

    def download(self, request: Request) -> HttpResponseBase:
        """Respond with the whole list as a file."""
        file = TemporaryFile()  # noqa: SIM115
        try:
            list_files.print_file(
                file, records.select_rows(self.resource, request.actor), self.list_columns()
            )
        except BaseException:
            file.close()
            raise
        file.seek(0)
        name = f"{self.title.lower().replace(' ', '-')}.csv"
        response = FileResponse(
            file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8"
        )
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def upload(self, request: Request) -> HttpResponseBase:
        """Ask for a file; a POST shows what it would change, and one of ``content`` does it."""
        records.require_write(self.resource, request.actor)
        if request.method != "POST":
            return self._render_upload(request)
        is_preview = "content" not in request.POST
        file = request.FILES.get("file")
        if is_preview and file is None:
            return self._render_upload(request, error="Choose a file.")
        if file is not None and (file.size or 0) > list_files.MAX_SIZE * 4:
            return self._render_upload(
                request, error=f"A file may have at most {list_files.MAX_SIZE:,} characters."
            )
        text = (
            list_files.decode(file.read())
            if file is not None and is_preview
            else request.POST.get("content", "")
        )
        return self._preview(request, text) if is_preview else self._save(request, text)

    def _render_upload(
        self, request: Request, error: str = "", values: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        context = {
            "title": f"Upload: {self.title.lower()}",
            "columns": [one.label for one in self.list_columns()],
            "download": self._build_url("-download", {}),
            "back": self._build_url("", {}),
            "back_to": self.title,
            "mode": request.POST.get("mode", ""),
            "error": error,
            "max_rows": f"{list_files.MAX_ROWS:,}",
        }
        wrong = bool(error) or bool(values and values.get("errors"))
        return render_page(
            request, "catalogues/list_file.html", context | (values or {}), 400 if wrong else 200
        )

    def _try(self, request: Request, text: str) -> ListFile:
        """Read and write a file. Within a transaction, which is to be taken back where there are errors."""
        columns = self.list_columns()
        found = list_files.read_file(text, columns)
        if not found.errors:
            list_files.compare(found, self.resource, request.actor, columns)
            replaces = request.POST.get("mode") == REPLACE
            list_files.write(found, self.resource, request.actor, columns, replaces=replaces)
        return found

    def _preview(self, request: Request, text: str) -> HttpResponseBase:
        """Write the file, see what is refused, and take all of it back."""
        with transaction.atomic():
            found = self._try(request, text)
            transaction.set_rollback(True)
        return self._render_found(request, text, found)

    def _render_found(self, request: Request, text: str, found: ListFile) -> HttpResponseBase:
        replaces = request.POST.get("mode") == REPLACE
        columns = self.list_columns()
        values = {
            "found": found,
            "content": text,
            "errors": sorted(found.errors)[: list_files.MAX_ERRORS],
            "more_errors": max(0, len(found.errors) - list_files.MAX_ERRORS),
            "removed": len(found.missing) if replaces else 0,
            "rows": [
                [one.format(row.values.get(one.key.name)) for one in columns] for row in found.rows[:SHOWN]
            ],
            "more_rows": max(0, len(found.rows) - SHOWN),
            "submission": submissions.make_token(),
        }
        return self._render_upload(request, values=values)

    def _save(self, request: Request, text: str) -> HttpResponseBase:
        """Write the file, all of it or nothing, once."""
        tried: list[ListFile] = []

        def work() -> str:
            tried.append(self._try(request, text))
            if tried[0].errors:
                raise _RefusedFile
            return self._build_url("", {})

        try:
            address, _ = submissions.run_once(
                request.actor.practice,
                request.actor.required_user,
                request.POST.get("submission", ""),
                work,
            )
        except _RefusedFile:
            return self._render_found(request, text, tried[0])
        for found in tried:
            removed = f", {len(found.missing)} removed" if request.POST.get("mode") == REPLACE else ""
            messages.success(request, f"{self.title}: {found.added} added, {found.changed} changed{removed}.")
        return redirect(address)


class _RefusedFile(Exception):
    """The file has errors: nothing of it is written."""
