"""The API explorer: each operation of both OpenAPI documents as a form, run as a real call or shown as one of curl.

Cerbo's API is called by API users, who see the whole practice: as these are, it is for the primary user alone.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from charthouse.console.developer.apps import PERMISSION, select_apps_of_practice
from charthouse.console.developer.explorer_calls import (
    API_USER_PREFIX,
    call_api,
    format_as_curl,
    read_target,
)
from charthouse.console.developer.explorer_examples import fill_in
from charthouse.console.developer.explorer_operations import (
    TITLES,
    Operation,
    load_operations,
    name_input,
)
from charthouse.console.kit.forms import EMPTY_LABEL, Form, Input
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import Forbidden, NotFound
from charthouse.identity.models import ApiUser, Application

MAX_CALLERS = 200
_CALLERS = {"drchrono": ("Scopes of", "All scopes"), "cerbo": ("Limits of", "No limits")}


@page(PERMISSION)
def show_list(request: Request, api: str = "drchrono") -> HttpResponseBase:
    """List the operations of an API by resource; ``q`` searches them. Raises NotFound, Forbidden."""
    _require_api(request, api)
    text = request.GET.get("q", "")[:100].lower()
    groups: dict[str, list[Operation]] = {}
    for one in load_operations(api).values():
        if text in f"{one.method} {one.path} {one.summary}".lower():
            groups.setdefault(one.tag, []).append(one)
    values = {
        "groups": groups.items(),
        "q": text,
        "app": _get_parameters(request).get("app", ""),
        "api": api,
        "titles": TITLES if request.user.is_primary else {api: TITLES[api]},
    }
    return render_page(request, "developer/api_explorer.html", values)


@sensitive_variables()
@page(PERMISSION, methods=("GET", "POST"))
def show_operation(request: Request, api: str, name: str) -> HttpResponseBase:
    """Show the form of an operation; a POST runs it and shows the answer. Raises NotFound, Forbidden."""
    _require_api(request, api)
    one = load_operations(api).get(name)
    if one is None:
        raise NotFound()
    callers = _list_callers(request, api)
    given = _get_parameters(request)
    form = _build_form(
        one, callers, given if request.method == "POST" else _add_examples(request, one, given)
    )
    values: dict[str, Any] = {"one": one, "form": form, "title": TITLES[api]}
    if request.method == "POST" and not _mark_missing(form, one):
        target = read_target(one, given)
        values["curl"] = format_as_curl(one, target)
        if given.get("as") != "curl":
            values["answered"] = call_api(request, one, target, callers.get(given.get("app", "")))
    return render_page(request, "developer/api_operation.html", values, 400 if form.has_errors else 200)


def _require_api(request: Request, api: str) -> None:
    if api not in TITLES:
        raise NotFound()
    if api == "cerbo" and not request.user.is_primary:
        raise Forbidden("API users see the whole practice: only its primary user may call as one.")


def _list_callers(request: Request, api: str) -> dict[str, Application | ApiUser]:
    """The apps or API users whose scopes or limits a call may have, by id."""
    practice = request.actor.practice
    if api == "drchrono":
        found = select_apps_of_practice(practice).order_by("name")
    else:
        own = ApiUser.objects.filter(practice=practice, enabled=True)
        found = own.exclude(username__startswith=API_USER_PREFIX).order_by("nickname")
    return {str(caller.pk): caller for caller in found[:MAX_CALLERS]}


def _add_examples(request: Request, one: Operation, given: Mapping[str, str]) -> dict[str, str]:
    return fill_in(one, request.actor) | dict(given)


def _build_form(
    one: Operation, callers: Mapping[str, Application | ApiUser], given: Mapping[str, str]
) -> Form:
    label, everything = _CALLERS[one.api]
    choices = [
        (pk, caller.nickname if isinstance(caller, ApiUser) else caller.name)
        for pk, caller in callers.items()
    ]
    inputs = [
        Input(
            name="app",
            label=label,
            kind="select",
            value=given.get("app", ""),
            choices=[("", everything), *choices],
        )
    ]
    inputs += [_build_input(parameter, given.get(name_input(parameter), "")) for parameter in one.parameters]
    if one.body:
        text = given.get("body", one.body)
        inputs.append(
            Input(name="body", label="Body (JSON)", kind="textarea", value=text, rows=12, code=True)
        )
    return Form(inputs)


def _build_input(parameter: dict[str, Any], value: str) -> Input:
    schema = parameter.get("schema", {})
    entry = Input(
        name=name_input(parameter),
        label=parameter["name"],
        value=value,
        required=bool(parameter.get("required")),
        help=parameter.get("description", ""),
    )
    choices = schema.get("enum") or (["true", "false"] if schema.get("type") == "boolean" else [])
    if choices:
        entry.kind = "select"
        entry.choices = [
            ("", EMPTY_LABEL),
            *((str(choice), str(choice) or EMPTY_LABEL) for choice in choices),
        ]
    elif schema.get("format") == "date":
        entry.kind = "date"
    elif schema.get("type") == "integer":
        entry.attributes["inputmode"] = "numeric"
    elif schema.get("type") == "array":
        entry.help = f"{entry.help} Several are separated by commas.".strip()
    return entry


def _get_parameters(request: Request) -> dict[str, str]:
    sent = request.POST if request.method == "POST" else request.GET
    return {name: str(sent[name]) for name in sent}


def _mark_missing(form: Form, one: Operation) -> bool:
    """Mark missing path parameters and say whether there are any; the API validates the rest."""
    needed = {name_input(parameter) for parameter in one.parameters if parameter["in"] == "path"}
    for field in form.inputs:
        if field.name in needed and not field.value:
            field.errors.append("Required in the path.")
    return form.has_errors
