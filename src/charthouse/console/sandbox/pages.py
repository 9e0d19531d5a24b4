"""Pages of the controls of a sandbox: tables of what there is, and a form for each control, made of its declaration."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse import clock
from charthouse.console.developer.apps import PERMISSION
from charthouse.console.kit.forms import EMPTY_LABEL, Form, Input
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.sandbox.subjects import (
    CLOCK,
    ENDS_SESSION,
    EVERY,
    Listing,
    Subject,
    find_subject,
    list_offered,
    name_button,
)
from charthouse.engine.errors import Invalid, NotFound, RequestError
from charthouse.identity import tenancy
from charthouse.toolkit import local, openapi
from charthouse.toolkit.controls import find_control
from charthouse.toolkit.declaration import Control, InvalidParameters

CHOICES = re.compile(r"\^\(([\w|-]+)\)\$")  # a pattern that lists what may be given
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d).*")
LOOPBACK = ("127.", "::1")
MAX_CELL = 200  # characters
STEPS = (("15m", "15 minutes"), ("1h", "1 hour"), ("3h", "3 hours"), ("7h", "7 hours"), ("1d", "1 day"),
         ("7d", "1 week"))  # fmt: skip


@page(PERMISSION, methods=("GET", "POST"))
def show_subject(request: Request, slug: str) -> HttpResponseBase:
    """Show a page of controls; a POST runs one of them. Raises NotFound outside of sandboxes, and to other machines."""
    subject = find_subject(slug)
    if subject is None or not settings.SANDBOX or not local.is_available():
        raise NotFound()
    if not str(request.META.get("REMOTE_ADDR") or "127.").startswith(LOOPBACK):
        raise NotFound()
    if request.method != "POST":
        return _render(request, subject)
    name = request.POST.get("control", "")
    if name not in list_offered(subject):
        raise NotFound()
    return _run(request, subject, find_control(name))


@page(PERMISSION)
def show_start(request: Request) -> HttpResponseBase:
    """Go to the first page."""
    return redirect("sandbox", CLOCK.slug)


def _run(request: Request, subject: Subject, control: Control) -> HttpResponseBase:
    """Run a control with what was entered, and show its answer."""
    given = _read(request, control)
    try:
        with tenancy.within(None):
            answer = msgspec.to_builtins(local.run(control.name, given))
    except (RequestError, InvalidParameters) as error:
        refusal = error if isinstance(error, RequestError) else Invalid(error.errors)
        return _render(request, subject, refused=(control, given, refusal))
    if control.name in ENDS_SESSION:
        logout(request)
        return redirect("sign-in")
    if _is_told(answer):
        messages.success(request, f"{control.summary.split('.')[0].split(',')[0]}: done.")
        return redirect("sandbox", subject.slug)
    return _render(request, subject, done=(control, answer))


def _is_told(answer: Any) -> bool:
    """Whether an answer says nothing that the page does not show."""
    return not isinstance(answer, dict) or not set(answer) & {
        "access_token", "client_secret", "secret", "password", "deliveries", "ids", "token", "base_url"
    }  # fmt: skip


def _render(
    request: Request,
    subject: Subject,
    refused: tuple[Control, Mapping[str, Any], RequestError] | None = None,
    done: tuple[Control, Any] | None = None,
) -> HttpResponseBase:
    forms = []
    for name in subject.actions:
        control = find_control(name)
        given = refused[1] if refused and refused[0] is control else {}
        form = build_form(control, given)
        if refused and refused[0] is control:
            form = _add_errors(form, control, refused[2])
        forms.append((control, form, name_button(name)))
    of_button = refused is not None and refused[0].name not in subject.actions
    values: dict[str, Any] = {
        "subject": subject,
        "subjects": EVERY,
        "forms": forms,
        "tables": [_list(listing) for listing in subject.listings],
        "refusal": refused[2].detail if refused and of_button else "",
        "done": _describe_answer(*done) if done else None,
    }
    if subject is CLOCK:
        ahead = timedelta(seconds=round(clock.get_offset().total_seconds()))
        stopped = clock.get_stopped_time() is not None
        values |= {"now": clock.now(), "ahead": ahead, "stopped": stopped, "steps": STEPS}
    return render_page(request, "sandbox/subject.html", values, 400 if refused else 200)


# -- forms ------------------------------------------------------------------------------------------------------


def build_form(control: Control, given: Mapping[str, Any]) -> Form:
    """Build the form of a control, with what was given."""
    required = {field.name for field in control.list_fields() if field.required}
    schemas = openapi.make_parameter_schemas(control)
    return Form(
        [_build_input(control, name, schema, name in required, given) for name, schema in schemas.items()]
    )


def _build_input(
    control: Control, name: str, schema: Mapping[str, Any], required: bool, given: Mapping[str, Any]
) -> Input:
    plain = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    value, default = given.get(name), schema.get("default")
    made = Input(
        f"{control.name}.{name}",
        name.replace("_", " ").capitalize(),
        help=schema.get("description") or plain.get("description", ""),
        required=required,
    )
    kind = plain.get("type")
    if kind == "boolean":
        made.kind, made.value = "checkbox", default if value is None else value == "true"
    elif choices := _list_choices(control, name, plain):
        made.kind, made.value = "select", value or default or ""
        made.choices = choices if required or default else [("", EMPTY_LABEL), *choices]
        made.help = made.help if len(choices) < 4 else ""
    elif kind == "object":
        made.kind, made.rows, made.code = "textarea", 2, True
        made.value = "\n".join(f"{key}={text}" for key, text in (value or {}).items())
        made.help = f"{made.help} A line each: name=value."
    else:
        made.kind = "number" if kind in ("integer", "number") else "text"
        made.attributes = {"step": "any"} if kind == "number" else {}
        shown = value if value is not None else default
        made.value = ", ".join(map(str, shown)) if isinstance(shown, list) else "" if shown is None else shown
    return made


def _list_choices(control: Control, name: str, schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What may be chosen, (value, words) each; [] for what is entered."""
    if (control.name, name) == ("events.trigger", "event"):
        return [(event.name, event.name) for event in local.run("events.list", {}).events]
    found = CHOICES.fullmatch(schema.get("pattern", ""))
    return [(value, value) for value in found[1].split("|")] if found else []


def _read(request: Request, control: Control) -> dict[str, Any]:
    """What was entered in the form of a control; empty fields are left out."""
    given: dict[str, Any] = {}
    for name, schema in openapi.make_parameter_schemas(control).items():
        plain = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
        text = request.POST.get(f"{control.name}.{name}", "").strip()
        if plain.get("type") == "boolean":
            given[name] = text or "false"
        elif text and plain.get("type") == "array":
            given[name] = [part.strip() for part in text.split(",") if part.strip()]
        elif text and plain.get("type") == "object":
            given[name] = dict(_parse_pair(line) for line in text.splitlines() if line.strip())
        elif text:
            given[name] = text
    return given


def _parse_pair(line: str) -> tuple[str, Any]:
    """NAME=VALUE; a value that is JSON is read as such."""
    name, _, value = line.partition("=")
    try:
        return name.strip(), msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name.strip(), value.strip()


def _add_errors(form: Form, control: Control, refusal: RequestError) -> Form:
    if not isinstance(refusal, Invalid) or not isinstance(refusal.errors, Mapping):
        return form.with_errors(refusal)
    for name, texts in refusal.errors.items():
        found = form.find(f"{control.name}.{name.partition('.')[0]}")
        words = [str(text) if "." not in name else f"{name}: {text}" for text in texts]
        (found.errors if found else form.errors).extend(words)
    return form


# -- what there is ----------------------------------------------------------------------------------------------


def _list(listing: Listing) -> dict[str, Any]:
    """A table: headings, and of each row its cells and the buttons with their hidden fields."""
    with tenancy.within(None):
        answer = msgspec.to_builtins(local.run(listing.control, listing.given))
    rows = []
    for row in answer[listing.rows]:
        buttons = [
            (words, name, [(f"{name}.{parameter}", row[member]) for parameter, member in filled.items()])
            for words, (name, filled) in listing.buttons.items()
        ]
        rows.append(([_format_cell(row[column]) for column in listing.columns], buttons))
    headings = [column.replace("_", " ").capitalize() for column in listing.columns]
    return {"title": listing.title, "headings": headings, "rows": rows, "empty": listing.empty}


def _format_cell(value: Any) -> str:
    if value is None or value == "":
        return EMPTY_LABEL
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and (time := TIME.fullmatch(value)):
        return f"{time[1]} {time[2]} UTC"
    if isinstance(value, dict):
        value = ", ".join(
            f"{name} {item}" for name, item in value.items() if not isinstance(item, list | dict)
        )
    return str(value)[:MAX_CELL]


def _describe_answer(control: Control, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as pairs of name and value."""
    return {"title": control.summary, "lines": list(_flatten(answer))}


def _flatten(answer: Mapping[str, Any], within: str = "") -> Any:
    for name, value in answer.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{within}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for index, item in enumerate(value, 1):
                yield from _flatten(item, f"{within}{name} {index}.")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{within}{name}".replace("_", " "), EMPTY_LABEL if text in (None, "") else str(text)
