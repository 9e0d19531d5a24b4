"""List, form and deletion pages of a resource, declared in a few lines.

ResourcePages("appointment_profiles", title="Appointment profiles", singular="profile", url_path="settings/profiles",
              columns=(Column("Name", "name", sort="name"),), search=("name",)).build_urls()
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

from charthouse.console.kit import forms, records
from charthouse.console.kit.navigation import CHARTS, MenuEntry
from charthouse.console.kit.page import Request, View, page, render_page
from charthouse.console.kit.tables import Column, Table, TableFilter, TablePage
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import Conflict, Invalid, Malformed


@dataclass(frozen=True, kw_only=True)
class ResourcePages:
    """The pages of a resource.

    resource_path  of the resource in the console's registry
    singular       what a row is called, in lower case
    url_path       of the list, without leading slash; also the name of its view. Its captured parameters
                   (``patients/<id:patient>/problems``) are ``parents`` in the methods below
    columns        of the list; the first one links to the row's form
    form_keys      keys of the form in their order; empty: all writable ones
    create_only_keys   those of them that only the form of a new row has
    labels, hints  by key, texts that replace the declaration's, which address developers
    choice_labels  by key, labels of the values to choose from
    fixed_values   values of every new row, by key
    related        ORM relations that the columns show
    filters        of the list
    size           rows of a page
    group          section of the menu
    deletion_note  what happens to a deleted row, after its name
    empty          what a list without rows says; default: that there is none yet
    template       of a row's page
    """

    resource_path: str = field(kw_only=False)
    title: str
    singular: str
    url_path: str
    columns: Sequence[Column]
    about: str = ""
    icon: str = "list-details"
    search: Sequence[str] = ()
    order: str = "pk"
    form_keys: Sequence[str] = ()
    create_only_keys: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    choice_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed_values: Mapping[str, Any] = field(default_factory=dict)
    related: Sequence[str] = ()
    filters: Sequence[TableFilter] = ()
    primary: bool = False
    size: int = 25
    group: str = CHARTS
    deletion_note: str = "will no longer be offered. Records that use it are unchanged."
    empty: str = ""
    template: str = "kit/edit.html"

    @cached_property
    def resource(self) -> Resource:
        return records.get_resource(self.resource_path)

    # -- overridden by pages within a parent --------------------------------------------------------------------

    @property
    def view(self) -> str:
        """The name of the list's URL."""
        return self.url_path

    def get_context(self, request: Request, **parents: int) -> dict[str, Any]:
        """Get the template context of all pages. Raises NotFound for an unknown parent."""
        return {}

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        """Select the rows of the list."""
        return records.select_rows(self.resource, request.actor)

    def get_extra_values(self, request: Request, **parents: int) -> Mapping[str, Any]:
        """Get the values of a new row that the form does not ask."""
        return self.fixed_values

    def get_object(self, request: Request, row: int, **parents: int) -> Mapping[str, Any]:
        """Get an object as the API shows it. Raises NotFound, also if it has another parent."""
        return records.get_object(self.resource, request.actor, row)

    def label_object(self, one: Mapping[str, Any]) -> str:
        """Label an object by its own values, or by what rows are called."""
        words = records.label_object(one)
        return self.singular.capitalize() if words == str(one.get("id")) else words

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        """Get the additional context of a row's page; ``below_form``: a template below the form."""
        return {}

    def get_list_context(self, request: Request, **parents: int) -> dict[str, Any]:
        """Get the additional context of the list; ``other``, ``other_words``: a second button."""
        return {}

    def build_options(self, request: Request, **parents: int) -> records.ReferenceOptions:
        """Build the options of the form's references."""
        return records.ReferenceOptions(request.actor)

    # -----------------------------------------------------------------------------------------------------------

    @property
    def menu_entry(self) -> MenuEntry:
        """The menu entry of the list."""
        return MenuEntry(
            name=self.title,
            view=self.view,
            icon=self.icon,
            permissions=self.resource.policy.list_permissions(reading=True),
            primary=self.primary,
        )

    @cached_property
    def form_fields(self) -> list[Key]:
        """The keys of the form."""
        if self.form_keys:
            return [self.resource.keys_by_name[name] for name in self.form_keys]
        return [one for one in self.resource.writable if one.name not in self.fixed_values]

    def build_urls(self) -> list[URLPattern]:
        """Build the URLs of the pages for the resource's methods."""
        views: list[tuple[str, str, View, tuple[str, ...]]] = [("", "", self.show_list, ("GET",))]
        methods = self.resource.method_set
        if "POST" in methods:
            views.append(("/new", "-new", self.add, ("GET", "POST")))
        if "PATCH" in methods or "PUT" in methods:
            views.append(("/<id:row>", "-one", self.edit, ("GET", "POST")))
        if "DELETE" in methods:
            views.append(("/<id:row>/delete", "-delete", self.delete, ("GET", "POST")))
        return [
            path(
                self.url_path + end,
                page(primary=self.primary, methods=allowed)(view),
                name=self.view + suffix,
            )
            for end, suffix, view, allowed in views
        ]

    # -- views --------------------------------------------------------------------------------------------------

    def show_list(self, request: Request, **parents: int) -> HttpResponseBase:
        """Show the list."""
        context = self.get_context(request, **parents)
        table = self.build_table(request, "", **parents)
        values = {**context, "title": self.title, "about": self.about, "table": table}
        if "POST" in self.resource.method_set:
            values |= {"add": self._build_url("-new", parents), "add_words": f"Add {self.singular}"}
        return render_page(request, "kit/list.html", values | self.get_list_context(request, **parents))

    def add(self, request: Request, **parents: int) -> HttpResponseBase:
        """Show the form of a new row; a POST creates it."""
        context = self.get_context(request, **parents)
        records.require_write(self.resource, request.actor)
        if request.method != "POST":
            return self._render_form(
                request, context, forms.get_defaults(self.form_fields, self.resource.model), parents
            )
        sent = forms.read_payload(self.form_fields, request, self.resource.model)
        try:
            records.create(
                self.resource, request.actor, {**sent, **self.get_extra_values(request, **parents)}
            )
        except (Invalid, Conflict, Malformed) as refusal:
            return self._render_form(request, context, sent, parents, refusal)
        return self._redirect_to_list(request, parents, f"The {self.singular} has been added.")

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Show the form of a row; a POST changes it."""
        context = self.get_context(request, **parents)
        one = self.get_object(request, row, **parents)
        if request.method != "POST":
            return self._render_form(request, context, one, parents, row=row)
        sent = forms.read_payload(self._list_form_keys(row), request, self.resource.model)
        try:
            records.update(self.resource, request.actor, row, sent)
        except (Invalid, Conflict, Malformed) as refusal:
            return self._render_form(request, context, {**one, **sent}, parents, refusal, row)
        return self._redirect_to_list(request, parents, f"The {self.singular} has been saved.")

    def delete(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Ask for confirmation, then delete the row."""
        context = self.get_context(request, **parents)
        label = self.label_object(self.get_object(request, row, **parents))
        if request.method == "POST":
            records.delete(self.resource, request.actor, row)
            return self._redirect_to_list(request, parents, f"The {self.singular} has been deleted.")
        values = {
            **context,
            "title": f"Delete this {self.singular}?",
            "text": f"“{label}” {self.deletion_note}",
            "button": "Delete",
            "danger": True,
            "back": self._build_url("-one", parents, row),
        }
        return render_page(request, "kit/confirm.html", values)

    def build_table(self, request: Request, prefix: str, **parents: int) -> TablePage:
        """Build a page of the list. ``prefix``: of its query parameters, for pages with several tables."""
        columns = self.columns
        if {*self.resource.method_set} & {"PATCH", "PUT"}:
            first = columns[0]
            link = partial(self._build_row_url, parents)
            linked = Column(first.name, first.show, sort=first.sort, kind=first.kind, link=link)
            columns = (linked, *columns[1:])
        table = Table(
            name=self.resource_path.replace("_", "-"),
            label=self.title,
            columns=columns,
            search=self.search,
            filters=self.filters,
            order=self.order,
            size=self.size,
            prefix=prefix,
            empty=self.empty or f"There is no {self.singular} yet.",
        )
        return table.build_page(request, self.select_rows(request, **parents).select_related(*self.related))

    # -- parts --------------------------------------------------------------------------------------------------

    def _list_form_keys(self, row: int | None) -> Sequence[Key]:
        """List the keys of a row's form, or of a new row's."""
        return [one for one in self.form_fields if row is None or one.name not in self.create_only_keys]

    def _build_url(self, suffix: str, parents: Mapping[str, int], row: int | None = None) -> str:
        return reverse(self.view + suffix, kwargs={**parents, **({} if row is None else {"row": row})})

    def _build_row_url(self, parents: Mapping[str, int], row: Any) -> str:
        return self._build_url("-one", parents, row.pk)

    def _redirect_to_list(self, request: Request, parents: Mapping[str, int], words: str) -> HttpResponseBase:
        messages.success(request, words)
        return redirect(self._build_url("", parents))

    def _render_form(
        self,
        request: Request,
        context: Mapping[str, Any],
        values: Mapping[str, Any],
        parents: Mapping[str, int],
        refusal: Invalid | Conflict | Malformed | None = None,
        row: int | None = None,
    ) -> HttpResponseBase:
        options = self.build_options(request, **parents)
        form = forms.build_form(
            self._list_form_keys(row), self.resource.model, values, options, self.labels, self.hints
        )
        for one in form.inputs:
            labels = self.choice_labels.get(one.name, {})
            one.choices = [(value, labels.get(value, words)) for value, words in one.choices]
        title = (
            f"New {self.singular}" if row is None else self.title if refusal else self.label_object(values)
        )
        template_context = {
            **context,
            "form": form.with_errors(refusal),
            "title": title,
            "back": self._build_url("", parents),
            "back_to": self.title,
        }
        if row is not None:
            template_context |= self.get_edit_context(request, values, row)
        if row is not None and "DELETE" in self.resource.method_set:
            template_context["remove"] = self._build_url("-delete", parents, row)
        template = "kit/edit.html" if row is None else self.template
        return render_page(request, template, template_context, refusal.status if refusal else 200)
