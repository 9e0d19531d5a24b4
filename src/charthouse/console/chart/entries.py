"""Forms of the chart that are laid out for their task: problems, medications, allergies.

A new row is written once, however often its form is sent. Of an edited one only what the user changed is written, and
what somebody else changed meanwhile is asked about (``kit.editing``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart.absence_lists import AbsenceList
from charthouse.console.kit import editing, forms, records
from charthouse.console.kit.forms import Form
from charthouse.console.kit.page import Request, render_page
from charthouse.engine.errors import Conflict, Forbidden, Invalid, Malformed
from charthouse.jobs import submissions

Refusal = Invalid | Conflict | Malformed


@dataclass(frozen=True)
class FieldSet:
    """A part of a form. ``fields``: (key, columns of twelve). ``title``: of a folded part; "" of an open one."""

    title: str
    fields: Sequence[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class EntryList(AbsenceList):
    """A list whose rows have a form of their own.

    sets       the parts of the form
    lookups    by key, name of the URL that lists choices while typing
    suggested  by key, texts that are offered and may be replaced
    writes     path of the resource that the form writes, where it is not the list's
    words      by key, values to choose from with their words
    required   keys that the form needs, although the record does not
    any_of     keys of which the form needs one
    focus      key of the field where the user begins
    """

    sets: Sequence[FieldSet]
    lookups: Mapping[str, str] = field(default_factory=dict)
    suggested: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    writes: str = ""
    required: Sequence[str] = ()
    any_of: Sequence[str] = ()
    focus: str = ""
    entry_template: str = "chart/entry.html"

    @property
    def written(self) -> Any:
        return records.get_resource(self.writes or self.resource_path)

    def list_keys(self) -> list[Any]:
        return [self.written.keys_by_name[name] for part in self.sets for name, _ in part.fields]

    def get_entry_context(self, request: Request, patient: int, row: int | None) -> dict[str, Any]:
        """Get the additional context of the form's page."""
        return {}

    def build_entry_form(self, request: Request, values: Mapping[str, Any]) -> Form:
        """Build the form with these values."""
        of = self.written
        form = forms.build_form(
            self.list_keys(),
            of.model,
            values,
            records.ReferenceOptions(request.actor),
            self.labels,
            self.hints,
        )
        spans = {name: span for part in self.sets for name, span in part.fields}
        for one in form.inputs:
            one.span, one.help = spans[one.name], self.hints.get(one.name, "")
            one.required = one.required or one.name in self.required
            if one.kind == "textarea":
                one.rows = 2
                if one.name == self.focus:
                    one.kind = "text"
            if view := self.lookups.get(one.name):
                one.lookup = reverse(view)
                one.attributes |= {"data-first": "yes"}
            if one.name == self.focus:
                one.attributes |= {"data-focus": "yes"}
            if words := self.words.get(one.name):
                one.kind, one.choices = "select", self._list_choices(words, str(one.value))
            elif one.name in self.suggested:
                one.choices = [(text, text) for text in self.suggested[one.name]]
        return form

    @staticmethod
    def _list_choices(words: Mapping[str, str], value: str) -> list[tuple[str, str]]:
        return list(words.items()) if value in words else [*words.items(), (value, value)]

    # -- views --------------------------------------------------------------------------------------------------

    def add(self, request: Request, **parents: int) -> HttpResponseBase:
        """Show the form of a new row; a POST creates it, once."""
        context = self.get_context(request, **parents)
        records.require_write(self.written, request.actor)
        if request.method != "POST":
            start = forms.get_defaults(self.list_keys(), self.written.model) | self.get_initial_values(
                request
            )
            return self._show(request, context, start, parents)
        sent = forms.read_payload(self.list_keys(), request, self.written.model)
        try:
            self._require(sent)
            address, created = submissions.run_once(
                request.actor.practice,
                request.actor.required_user,
                request.POST.get("submission", ""),
                lambda: self._create(request, sent, parents),
            )
        except (Invalid, Conflict, Malformed) as refusal:
            return self._show(request, context, sent, parents, refusal)
        if created:
            messages.success(request, f"{self.label_object(sent)} is added.")
        return redirect(address)

    def get_initial_values(self, request: Request) -> dict[str, Any]:
        """Get the first values of a new row's form."""
        return {}

    def _require(self, sent: Mapping[str, Any]) -> None:
        missing = {name: ["This field is required."] for name in self.required if not sent.get(name)}
        if self.any_of and not any(sent.get(name) for name in self.any_of):
            missing[self.any_of[0]] = [f"Enter the {self.singular}, or its code."]
        if missing:
            raise Invalid(missing)

    def _create(self, request: Request, sent: Mapping[str, Any], parents: Mapping[str, int]) -> str:
        records.create(self.written, request.actor, {**sent, **self.get_extra_values(request, **parents)})
        return self._build_url("", parents)

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Show the form of a row; a POST writes what the user changed."""
        context = self.get_context(request, **parents)
        self.get_object(request, row, **parents)
        if request.method != "POST":
            return self._show(request, context, self._read_row(request, row), parents, row=row)
        sent = forms.read_payload(self.list_keys(), request, self.written.model)
        try:
            with transaction.atomic():
                return self._save(request, context, sent, row, parents)
        except (Invalid, Malformed) as refusal:
            return self._show(request, context, sent, parents, refusal, row)

    def _read_row(self, request: Request, row: int) -> dict[str, Any]:
        return records.get_object(self.written, request.actor, row)

    def _save(
        self,
        request: Request,
        context: dict[str, Any],
        sent: dict[str, Any],
        row: int,
        parents: Mapping[str, int],
    ) -> HttpResponseBase:
        """Write what the user changed, or ask about what somebody else changed meanwhile. Within a transaction."""
        model: Any = self.written.model
        model.objects.select_for_update().filter(practice=request.actor.practice, pk=row).first()
        present = self.build_entry_form(request, self._read_row(request, row))
        found = editing.merge(self.list_keys(), present, request.POST, sent)
        form = self.build_entry_form(request, sent)
        if theirs := request.POST.get(editing.THEIRS):
            return self._render(
                request, context, editing.take_theirs(form, present, request.POST, theirs), parents, row
            )
        if found.conflicts:
            who = editing.name_last_editor(request.actor.practice, model._meta.db_table, row)
            asked = editing.show_conflicts(form, present, request.POST, found, who)
            return self._render(request, context, asked, parents, row, status=409)
        self._require({**self._read_row(request, row), **found.payload})
        if found.payload:
            records.update(self.written, request.actor, row, found.payload)
        words = f"The {self.singular} is saved." if found.payload else "Nothing was changed."
        if found.others:
            words += (
                f" Someone else changed {', '.join(found.others)} in the meantime. Their change was kept."
            )
        messages.success(request, words)
        return redirect(self._build_url("", parents))

    def _show(
        self,
        request: Request,
        context: dict[str, Any],
        values: Mapping[str, Any],
        parents: Mapping[str, int],
        refusal: Refusal | None = None,
        row: int | None = None,
    ) -> HttpResponseBase:
        form = self.build_entry_form(request, values).with_errors(refusal)
        if row is not None:
            editing.note_originals(form)
            for one in editing.list_leaves(form.inputs):
                one.original = request.POST.get(editing.ORIGINAL + one.name, one.original)
        return self._render(request, context, form, parents, row, status=refusal.status if refusal else 200)

    def _render(
        self,
        request: Request,
        context: dict[str, Any],
        form: Form,
        parents: Mapping[str, int],
        row: int | None,
        status: int = 200,
    ) -> HttpResponseBase:
        parts = []
        for part in self.sets:
            inputs = [one for name, _ in part.fields if (one := form.find(name)) is not None]
            parts.append(
                (part.title, inputs, any(one.has_errors or one.theirs is not None for one in inputs))
            )
        values = {
            **context,
            "form": form,
            "parts": parts,
            "title": f"New {self.singular}" if row is None else f"Edit {self.singular}",
            "back": self._build_url("", parents),
            "back_to": self.title,
            "submission": request.POST.get("submission") or submissions.make_token(),
            "is_new": row is None,
            **self.get_entry_context(request, parents["patient"], row),
        }
        return render_page(request, self.entry_template, values, status)


def may_write(of: Any, request: Request) -> bool:
    """Whether the user may write a resource."""
    try:
        records.require_write(of, request.actor)
    except Forbidden:
        return False
    return True
