"""The page of a doctor's working hours, for the primary user."""

import re
from typing import Any

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import forms
from charthouse.console.kit.page import Request, page, render_page
from charthouse.domains.practice import work_schedules
from charthouse.domains.practice.work_schedules import WEEKDAYS, Span
from charthouse.engine.errors import NotFound
from charthouse.identity.form_fields import LineField
from charthouse.identity.models import User

MAX_SPANS = 20  # of a day, as in the API
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-\u2013]\s*((?:[01]?\d|2[0-3]):[0-5]\d|24:00)", re.ASCII)


class HoursForm(django.Form):
    """The hours of each weekday, as text."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        for name in WEEKDAYS:
            self.fields[name.lower()] = LineField(
                label=name,
                max_length=300,
                required=False,
                help_text="For example 9:00-12:00, 13:00-17:00. Leave empty for a day off."
                if name == "Monday"
                else "",
            )

    def clean(self) -> dict[str, Any]:
        """Parse the texts into spans."""
        for name, text in list(self.cleaned_data.items()):
            try:
                self.cleaned_data[name] = parse_spans(text)
            except ValidationError as error:
                self.add_error(name, error)
        return self.cleaned_data


def parse_spans(text: str) -> list[Span]:
    """Parse hours such as "9:00-12:00, 13:00-17:00". Raises ValidationError."""
    spans: list[Span] = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ValidationError(f'Enter times such as 9:00-12:00; "{part}" is none.')
        begins, ends = f"{int(found[1]):02}:{found[2]}", found[3].zfill(5)
        if ends <= begins:
            raise ValidationError(f"Hours end after they begin: {part}.")
        if spans and begins < spans[-1][1]:
            raise ValidationError(f"Enter hours in order: {part} begins before the previous hours end.")
        spans.append((begins, ends))
    if len(spans) > MAX_SPANS:
        raise ValidationError(f"At most {MAX_SPANS} on a day.")
    return spans


def format_spans(spans: list[Span]) -> str:
    """Format hours as they are entered."""
    return ", ".join(f"{begins}-{ends}" for begins, ends in spans)


@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Edit the working hours of a user who is a doctor."""
    practice = request.actor.practice
    person = User.objects.filter(practice=practice, pk=row, role=User.Role.DOCTOR).first()
    if person is None or person.doctor_id is None:
        raise NotFound()
    schedule = work_schedules.find_schedule(practice, person.doctor_id)
    hours = (
        work_schedules.suggest_hours(practice) if schedule is None else work_schedules.list_hours(schedule)
    )
    initial = {name.lower(): format_spans(hours[day]) for day, name in enumerate(WEEKDAYS, 1)}
    form = HoursForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = {day: form.cleaned_data[name.lower()] for day, name in enumerate(WEEKDAYS, 1)}
        work_schedules.set_hours(practice, person.doctor_id, given)
        messages.success(request, "Saved.")
        return redirect("user", person.pk)
    name = f"{person.first_name} {person.last_name}".strip() or person.username
    about = "In the doctor's time zone. Patients can be booked during these hours while the office is open."
    if schedule is None:
        about += " Not set yet: the doctor is available whenever the office is open."
    values = {
        "title": f"Working hours of {name}",
        "about": about,
        "form": forms.convert_django_form(form),
        "back": reverse("user", args=[person.pk]),
        "back_to": name,
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)
