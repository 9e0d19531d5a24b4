"""The API explorer: each operation of DrChrono's OpenAPI document as a form, run as a real call.

A call takes the same path as any other and is in the request log. Its token is of the explorer's own app, in the name
of the user, with the scopes of the app that the user chooses. An app has one live token a user, so a token of the
chosen app itself would revoke the one that it uses. The token is revoked once the answer is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from charthouse.console.developer.apps import PERMISSION, select_apps_of_practice
from charthouse.console.kit.forms import EMPTY_LABEL, Form, Input
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import NotFound
from charthouse.gateway.drchrono import api, wire_format
from charthouse.identity import tenancy, token_pairs
from charthouse.identity.models import RIGHTS, SCOPES, Application

CLIENT_ID = "charthouse-api-explorer"
MAX_SHOWN = 200_000  # bytes of an answer


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``parameters``: as in OpenAPI; ``body``: example in JSON, "" for none."""

    name: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[dict[str, Any], ...]
    body: str

    @cached_property
    def address(self) -> str:
        return reverse("operation", args=[self.name])

    @cached_property
    def color(self) -> str:
        return {"GET": "green", "POST": "blue", "DELETE": "red"}.get(self.method, "orange")


@dataclass(frozen=True)
class Answer:
    """The answer to a call. ``sent``: request line; ``text``: body, indented if it is JSON; ``cut``: shortened."""

    sent: str
    status: int
    phrase: str
    headers: list[tuple[str, str]]
    text: str
    cut: bool

    @property
    def good(self) -> bool:
        return self.status < 400


@page(PERMISSION)
def show_list(request: Request) -> HttpResponseBase:
    """List operations by resource; ``q`` searches them."""
    text = request.GET.get("q", "")[:100].lower()
    found = [
        one for one in load_operations().values() if text in f"{one.method} {one.path} {one.summary}".lower()
    ]
    groups: dict[str, list[Operation]] = {}
    for one in found:
        groups.setdefault(one.tag, []).append(one)
    values = {"groups": groups.items(), "q": text, "app": _get_parameters(request).get("app", "")}
    return render_page(request, "developer/api_explorer.html", values)


@sensitive_variables()
@page(PERMISSION, methods=("GET", "POST"))
def show_operation(request: Request, name: str) -> HttpResponseBase:
    """Show the form of an operation; a POST runs it and shows the answer. Raises NotFound."""
    one = load_operations().get(name)
    if one is None:
        raise NotFound()
    apps = {
        str(app.pk): app for app in select_apps_of_practice(request.actor.practice).order_by("name")[:200]
    }
    form = _build_form(one, request, apps)
    answered = None
    if request.method == "POST" and not _mark_missing(form, one):
        answered = call_api(request, one, apps.get(request.POST.get("app", "")))
    values = {"one": one, "form": form, "answered": answered}
    return render_page(request, "developer/api_operation.html", values, 400 if form.has_errors else 200)


@lru_cache(maxsize=1)
def load_operations() -> dict[str, Operation]:
    """Load the operations by operationId, in the document's order, once a process."""
    return {one.name: one for one in _parse_operations(wire_format.make_document())}


def _parse_operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method, one in item.items():
            if method == "parameters":
                continue
            content = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = content.get("example")
            yield Operation(
                name=one["operationId"],
                method=method.upper(),
                path=path,
                tag=one["tags"][0],
                summary=one["summary"],
                description=one.get("description", "").replace("`", ""),
                scopes=tuple(scope for needs in one.get("security", ()) for scope in needs.get("oauth2", ())),
                parameters=tuple(
                    parameter
                    for parameter in (*item.get("parameters", ()), *one.get("parameters", ()))
                    if parameter.get("in") in ("path", "query")
                ),
                body=_format_json(example) if example is not None else "{}" if "requestBody" in one else "",
            )


# -- the form ---------------------------------------------------------------------------------------------------


def _build_form(one: Operation, request: Request, apps: dict[str, Application]) -> Form:
    given = _get_parameters(request)
    inputs = [
        Input(
            name="app",
            label="Scopes of",
            kind="select",
            value=given.get("app", ""),
            choices=[("", "Every scope"), *((pk, app.name) for pk, app in apps.items())],
        )
    ]
    inputs += [_build_input(parameter, given.get(_name_input(parameter), "")) for parameter in one.parameters]
    if one.body:
        body = Input(
            name="body", label="Body (JSON)", kind="textarea", value=given.get("body", one.body), rows=12
        )
        inputs.append(body)
    return Form(inputs)


def _build_input(parameter: dict[str, Any], value: str) -> Input:
    schema = parameter.get("schema", {})
    entry = Input(
        name=_name_input(parameter),
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
    return entry


def _name_input(parameter: dict[str, Any]) -> str:
    return f"{parameter['in']}.{parameter['name']}"


def _get_parameters(request: Request) -> dict[str, str]:
    sent = request.POST if request.method == "POST" else request.GET
    return {name: str(sent[name]) for name in sent}


def _mark_missing(form: Form, one: Operation) -> bool:
    """Mark missing path parameters and say whether there are any; the API validates the rest."""
    needed = {_name_input(parameter) for parameter in one.parameters if parameter["in"] == "path"}
    for field in form.inputs:
        if field.name in needed and not field.value:
            field.errors.append("The address needs this.")
    return form.has_errors


# -- the call ---------------------------------------------------------------------------------------------------


@sensitive_variables()
def call_api(request: Request, one: Operation, app: Application | None) -> Answer:
    """Run an operation in the user's name, then revoke the token it used."""
    explorer = _get_explorer_app()
    pair = token_pairs.issue_pair(explorer, request.user, app.scopes if app is not None else SCOPES)
    environ = _build_environ(request, one, pair.access_token)
    caught: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        caught["status"], caught["headers"] = status, headers

    practice = request.actor.practice
    try:
        body = b"".join(api.application(environ, start))
    finally:
        tenancy.set_tenant(practice, user_id=request.user.pk)  # every API call ends by leaving the practice
        with transaction.atomic():
            token_pairs.lock_pairs(explorer.pk, request.user.pk)
            token_pairs.revoke_pairs(explorer.pk, request.user.pk)
    code, _, phrase = caught["status"].partition(" ")
    query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
    return Answer(
        f"{one.method} {environ['PATH_INFO']}{query}",
        int(code),
        phrase,
        caught["headers"],
        _format_body(
            body[:MAX_SHOWN], dict(caught["headers"]).get("Content-Type", ""), len(body) <= MAX_SHOWN
        ),
        len(body) > MAX_SHOWN,
    )


def _build_environ(request: Request, one: Operation, token: str) -> dict[str, Any]:
    given = _get_parameters(request)
    path, query = one.path, []
    for parameter in one.parameters:
        value = given.get(_name_input(parameter), "")
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif value:
            query.append((parameter["name"], value))
    body = given.get("body", "").encode("utf-8", "replace") if one.body else b""
    forwarded = (
        "SERVER_NAME",
        "SERVER_PORT",
        "REMOTE_ADDR",
        "HTTP_HOST",
        "HTTP_X_FORWARDED_FOR",
        "wsgi.url_scheme",
    )
    return {name: request.META[name] for name in forwarded if name in request.META} | {
        "REQUEST_METHOD": one.method,
        "PATH_INFO": path,
        "QUERY_STRING": urlencode(query),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": BytesIO(body),
    }


def _get_explorer_app() -> Application:
    """Get or create the explorer's own app. Nobody knows its secret and it has no redirect URI."""
    app: Application = Application.objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "API explorer",
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "scopes": [*SCOPES, *RIGHTS],
            "hourly_limit": None,
            "second_limit": None,
        },
    )[0]
    return app


def _format_body(body: bytes, media: str, whole: bool) -> str:
    if media.startswith("application/json") and body and whole:
        return _format_json(msgspec.json.decode(body))
    if media.startswith(("text/", "application/json", "application/xml")):
        return body.decode("utf-8", "replace")
    return f"{len(body):,} bytes of {media}" if body else ""


def _format_json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
