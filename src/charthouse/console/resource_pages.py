"""Pages of a plain resource, for a few lines each: its list, a form for a new row, a form of a row, its deletion.

Catalogue("appointment_profiles", title="Appointment profiles", one="profile", base="settings/profiles",
          columns=(Column("Name", "name", sort="name"),), search=("name",)).urls()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from charthouse.console import forms, records
from charthouse.console.navigation import CHARTS, Entry
from charthouse.console.page import Request, View, page, show
from charthouse.console.tables import Choice, Column, Listing, Table
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import Conflict, Invalid, Malformed


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """path     of the resource in the DrChrono registry
    one      what a row is called, in small letters
    base     address of the list, without slash in front; also the name of its view. What it captures beside a row
             (``patients/<int:patient>/problems``) is ``at`` in the methods below
    columns  of the list; the first one leads to the row's form
    asks     keys of the form in their order; none: all that can be written
    at_first   of them, those that only the form of a new row asks
    labels, notes   by key, words in the place of the declaration's, which speak to developers
    words    by key, what values that are chosen from are called
    fixed    keys that every new row gets
    related  ORM relations that the columns show
    choices  parameters that narrow the list
    size     rows of a page
    group    section of the menu
    gone     what becomes of a row that is deleted
    template of a row's page
    """

    path: str = field(kw_only=False)
    title: str
    one: str
    base: str
    columns: Sequence[Column]
    about: str = ""
    icon: str = "list-details"
    search: Sequence[str] = ()
    order: str = "pk"
    asks: Sequence[str] = ()
    at_first: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    related: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    primary: bool = False
    size: int = 25
    group: str = CHARTS
    gone: str = "will no longer be offered. What refers to it stays as it is."
    template: str = "edit.html"

    @cached_property
    def resource(self) -> Resource:
        return records.resource(self.path)

    # -- what a catalogue that lies within something else says anew ---------------------------------------------

    @property
    def view(self) -> str:
        """The name of the list's view."""
        return self.base

    def around(self, request: Request, **at: int) -> dict[str, Any]:
        """What the templates of all its pages get. Raises NotFound for a place that isn't there."""
        return {}

    def found(self, request: Request, **at: int) -> "QuerySet[Any]":
        """The rows of the list."""
        return records.rows(self.resource, request.actor)

    def given(self, request: Request, **at: int) -> Mapping[str, Any]:
        """Keys that a new row gets beside what the form asks."""
        return self.fixed

    def one_at(self, request: Request, row: int, **at: int) -> Mapping[str, Any]:
        """One object as the API shows it. Raises NotFound, also where it lies elsewhere."""
        return records.get(self.resource, request.actor, row)

    def called(self, one: Mapping[str, Any]) -> str:
        """What a row is called: by its own words, or by its kind."""
        words = records.words(one)
        return self.one.capitalize() if words == str(one.get("id")) else words

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        """What the page of a row gets beside its form; ``beside``: a template that stands below it."""
        return {}

    def options(self, request: Request, **at: int) -> records.Choices:
        """What the references of its form can point to."""
        return records.Choices(request.actor)

    # -----------------------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry:
        """Its line in the menu."""
        return Entry(
            name=self.title,
            view=self.view,
            icon=self.icon,
            permissions=self.resource.policy.list_permissions(reading=True),
            primary=self.primary,
        )

    @cached_property
    def fields(self) -> list[Key]:
        if self.asks:
            return [self.resource.keys_by_name[name] for name in self.asks]
        return [one for one in self.resource.writable if one.name not in self.fixed]

    def urls(self) -> list[URLPattern]:
        views: list[tuple[str, str, View, tuple[str, ...]]] = [("", "", self.list, ("GET",))]
        methods = self.resource.method_set
        if "POST" in methods:
            views.append(("/new", "-new", self.new, ("GET", "POST")))
        if "PATCH" in methods or "PUT" in methods:
            views.append(("/<int:row>", "-one", self.edit, ("GET", "POST")))
        if "DELETE" in methods:
            views.append(("/<int:row>/delete", "-delete", self.remove, ("GET", "POST")))
        return [
            path(self.base + end, page(primary=self.primary, methods=allowed)(view), name=self.view + suffix)
            for end, suffix, view, allowed in views
        ]

    # -- views --------------------------------------------------------------------------------------------------

    def list(self, request: Request, **at: int) -> HttpResponseBase:
        around = self.around(request, **at)
        table = self.table(request, "", **at)
        values = {**around, "title": self.title, "about": self.about, "table": table}
        if "POST" in self.resource.method_set:
            values |= {"add": self._to("-new", at), "add_words": f"Add {self.one}"}
        return show(request, "list.html", values)

    def new(self, request: Request, **at: int) -> HttpResponseBase:
        around = self.around(request, **at)
        records.check_writes(self.resource, request.actor)
        if request.method != "POST":
            return self._form(request, around, forms.empty(self.fields, self.resource.model), at)
        sent = forms.payload(self.fields, request, self.resource.model)
        try:
            records.create(self.resource, request.actor, {**sent, **self.given(request, **at)})
        except (Invalid, Conflict, Malformed) as refusal:
            return self._form(request, around, sent, at, refusal)
        return self._done(request, at, f"The {self.one} has been added.")

    def edit(self, request: Request, row: int, **at: int) -> HttpResponseBase:
        around = self.around(request, **at)
        one = self.one_at(request, row, **at)
        if request.method != "POST":
            return self._form(request, around, one, at, row=row)
        sent = forms.payload(self._asked(row), request, self.resource.model)
        try:
            records.modify(self.resource, request.actor, row, sent)
        except (Invalid, Conflict, Malformed) as refusal:
            return self._form(request, around, sent, at, refusal, row)
        return self._done(request, at, f"The {self.one} has been saved.")

    def remove(self, request: Request, row: int, **at: int) -> HttpResponseBase:
        around = self.around(request, **at)
        told = self.called(self.one_at(request, row, **at))
        if request.method == "POST":
            records.delete(self.resource, request.actor, row)
            return self._done(request, at, f"The {self.one} has been deleted.")
        values = {
            **around,
            "title": f"Delete this {self.one}?",
            "text": f"“{told}” {self.gone}",
            "button": "Delete",
            "danger": True,
            "back": self._to("-one", at, row),
        }
        return show(request, "confirm.html", values)

    def table(self, request: Request, prefix: str, **at: int) -> Listing:
        """A page of the list. ``prefix``: of its parameters, where the page has several tables."""
        columns = self.columns
        if {*self.resource.method_set} & {"PATCH", "PUT"}:
            first = columns[0]
            link = partial(self._address, at)
            linked = Column(first.name, first.show, sort=first.sort, kind=first.kind, link=link)
            columns = (linked, *columns[1:])
        table = Table(
            name=self.path.replace("_", "-"),
            label=self.title,
            columns=columns,
            search=self.search,
            choices=self.choices,
            order=self.order,
            size=self.size,
            prefix=prefix,
            empty=f"There is no {self.one} yet.",
        )
        return table.of(request, self.found(request, **at).select_related(*self.related))

    # -- parts --------------------------------------------------------------------------------------------------

    def _asked(self, row: int | None) -> Sequence[Key]:
        """The keys of the form of a row, or of a new one."""
        return [one for one in self.fields if row is None or one.name not in self.at_first]

    def _to(self, suffix: str, at: Mapping[str, int], row: int | None = None) -> str:
        return reverse(self.view + suffix, kwargs={**at, **({} if row is None else {"row": row})})

    def _address(self, at: Mapping[str, int], row: Any) -> str:
        return self._to("-one", at, row.pk)

    def _done(self, request: Request, at: Mapping[str, int], words: str) -> HttpResponseBase:
        messages.success(request, words)
        return redirect(self._to("", at))

    def _form(
        self,
        request: Request,
        around: Mapping[str, Any],
        values: Mapping[str, Any],
        at: Mapping[str, int],
        refusal: Invalid | Conflict | Malformed | None = None,
        row: int | None = None,
    ) -> HttpResponseBase:
        options = self.options(request, **at)
        form = forms.build(self._asked(row), self.resource.model, values, options, self.labels, self.notes)
        for one in form.inputs:
            called = self.words.get(one.name, {})
            one.choices = [(value, called.get(value, words)) for value, words in one.choices]
        title = f"New {self.one}" if row is None else self.title if refusal else self.called(values)
        told = {
            **around,
            "form": form.told(refusal),
            "title": title,
            "back": self._to("", at),
            "back_to": self.title,
        }
        if row is not None:
            told |= self.edit_values(request, values, row)
        if row is not None and "DELETE" in self.resource.method_set:
            told["remove"] = self._to("-delete", at, row)
        template = "edit.html" if row is None else self.template
        return show(request, template, told, refusal.status if refusal else 200)
