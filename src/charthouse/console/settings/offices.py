"""Offices and exam rooms, for the primary user. Rooms are not deleted: appointments refer to their index."""

from typing import Any

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import forms
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.practice import offices
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.engine.errors import NotFound
from charthouse.identity.form_fields import LineField, LinesField, PhoneField

TABLE = Table(
    name="offices",
    label="Offices",
    columns=(
        Column("Name", "name", sort="name", link=lambda row: reverse("office", args=[row.pk])),
        Column("Place", lambda row: ", ".join(filter(None, (row.address, row.city, row.state))), kind="wide"),
        Column("Phone", "phone_number", kind="wide"),
        Column("Doctor", "doctor", kind="wide"),
        Column("Rooms", "room_count", kind="number"),
        Column("State", lambda row: Badge("closed", "red") if row.archived else Badge("open", "green")),
    ),
    search=("name", "city"),
    filters=(
        TableFilter(
            name="state",
            label="State",
            options=(("", "Open"), ("closed", "Closed"), ("all", "All")),
            apply=lambda rows, value: rows if value == "all" else rows.filter(archived=value == "closed"),
        ),
    ),
    order="name",
)


class OfficeForm(django.ModelForm):  # type: ignore[type-arg]
    """The values of an office."""

    class Meta:
        model = Office
        fields = (
            "name",
            "doctor",
            "address",
            "city",
            "state",
            "zip_code",
            "country",
            "phone_number",
            "fax_number",
            "tax_id_number_professional",
            "start_hour",
            "end_hour",
            "online_scheduling",
            "archived",
        )
        field_classes = {
            **dict.fromkeys(("name", "city", "state", "zip_code", "country"), LineField),
            "tax_id_number_professional": LineField,
            "address": LinesField,
            "phone_number": PhoneField,
            "fax_number": PhoneField,
        }
        labels = {
            "archived": "Closed for good",
            "start_hour": "Opens (hour, 0 to 23)",
            "end_hour": "Closes (hour, 1 to 24)",
            "online_scheduling": "Can be booked online",
            "zip_code": "ZIP code",
            "tax_id_number_professional": "Tax ID",
        }

    def __init__(self, *args: Any, practice: int, **values: Any) -> None:
        super().__init__(*args, **values)
        doctors: Any = self.fields["doctor"]
        doctors.queryset = Doctor.objects.filter(practice=practice, archived=False).order_by(
            "last_name", "id"
        )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        opens, closes = given.get("start_hour"), given.get("end_hour")
        if opens is not None and closes is not None and opens >= closes:
            self.add_error("end_hour", "An office closes after it opens.")
        return given

    def _post_clean(self) -> None:
        """Skip the model's validation: ``domains.practice.offices`` validates and saves."""


class RoomForm(django.Form):
    """The values of an exam room."""

    name = LineField(max_length=200)
    online_scheduling = django.BooleanField(label="Can be booked online", required=False)


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    # A subquery, not a join: PostgreSQL groups by a composite primary key only if all its columns are named.
    """List the practice's offices."""
    rooms = ExamRoom.objects.filter(practice=OuterRef("practice"), office=OuterRef("pk"), archived=False)
    count = Coalesce(
        Subquery(rooms.order_by().values("office").annotate(count=Count("*")).values("count")), 0
    )
    rows = Office.objects.filter(practice=request.actor.practice).select_related("doctor")
    values = {
        "title": "Offices",
        "about": "Where patients are seen, and their exam rooms.",
        "table": TABLE.build_page(request, rows.annotate(room_count=count)),
        "add": reverse("office-new"),
        "add_words": "Add office",
    }
    return render_page(request, "kit/list.html", values)


@page(primary=True, methods=("GET", "POST"))
def add(request: Request) -> HttpResponseBase:
    """Add an office."""
    form = OfficeForm(request.POST or None, practice=request.actor.practice)
    del form.fields["archived"]
    if request.method == "POST" and form.is_valid():
        office = _save(Office(practice_id=request.actor.practice), form)
        if office is not None:
            messages.success(request, "The office has been added. Now add its rooms.")
            return redirect("office", office.pk)
    values = {
        "title": "New office",
        "form": forms.convert_django_form(form),
        "back": reverse("offices"),
        "back_to": "Offices",
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Edit an office and list its rooms."""
    office = _find_office(request, row)
    form = OfficeForm(request.POST or None, instance=office, practice=request.actor.practice)
    if request.method == "POST" and form.is_valid() and _save(_find_office(request, row), form) is not None:
        messages.success(request, "Saved.")
        return redirect("office", row)
    values = {
        "office": office,
        "form": forms.convert_django_form(form),
        "rooms": _select_rooms(office),
        "room": forms.convert_django_form(RoomForm()),
    }
    return render_page(request, "settings/office.html", values, 400 if form.is_bound else 200)


@page(primary=True, methods=("GET", "POST"))
def edit_room(request: Request, row: int, index: int | None = None) -> HttpResponseBase:
    """Add a room, or edit the one at ``index``. Raises NotFound."""
    office = _find_office(request, row)
    there = _select_rooms(office).filter(index=index).first() if index is not None else None
    if index is not None and there is None:
        raise NotFound()
    initial = {"name": there.name, "online_scheduling": there.online_scheduling} if there else None
    form = RoomForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if there is not None:
            offices.save_exam_room(there, **form.cleaned_data)
        else:
            offices.add_exam_room(office, **form.cleaned_data)
        messages.success(request, "The room has been saved." if there else "The room has been added.")
        return redirect("office", row)
    values = {
        "title": f"Room {index}" if there else "New room",
        "form": forms.convert_django_form(form),
        "back": reverse("office", args=[row]),
        "back_to": office.name,
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


def _save(office: Office, form: OfficeForm) -> Office | None:
    """Save the office from the form; None if it was refused, with the errors in the form."""
    try:
        return offices.save_office(office, dict(form.cleaned_data))
    except ValidationError as error:
        for name, texts in error.message_dict.items():
            form.add_error(name if name in form.fields else None, texts)
        return None


def _find_office(request: Request, row: int) -> Office:
    found = Office.objects.filter(practice=request.actor.practice, pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _select_rooms(office: Office) -> Any:
    return ExamRoom.objects.filter(practice=office.practice_id, office=office, archived=False).order_by(
        "index"
    )
