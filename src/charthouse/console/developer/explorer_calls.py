"""Running an operation for the API explorer: a real call, on the path of any other, which is in the request log.

A call of DrChrono's API has a token of the explorer's own app, in the name of the user, with the scopes of the app that
the user chooses: an app has one live token a user, so that a token of the chosen app itself would revoke the one that
it uses. A call of Cerbo's API is made by an API user of the explorer's own, whose secret nobody knows, with the limits
of the one that is chosen. Token and secret end once the answer is there.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import msgspec
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from charthouse.console.developer.explorer_operations import Operation, format_json, name_input
from charthouse.console.kit.page import Request
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.docs import cerbo as cerbo_reference
from charthouse.gateway.docs import drchrono as drchrono_reference
from charthouse.gateway.docs.descriptions import build_curl
from charthouse.gateway.drchrono import api as drchrono
from charthouse.identity import api_users, origin, tenancy, token_pairs
from charthouse.identity.models import RIGHTS, SCOPES, ApiUser, Application

CLIENT_ID = "charthouse-api-explorer"
API_USER_PREFIX = "pk_explorer_"
MAX_SHOWN = 200_000  # bytes of an answer
_APPLICATIONS = {"drchrono": drchrono.application, "cerbo": cerbo.application}
_REFERENCES = {"drchrono": drchrono_reference.reference, "cerbo": cerbo_reference.reference}
_FORWARDED = (
    "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "wsgi.url_scheme"
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What a form asks for: path, query and body of a call."""

    path: str
    query: str
    body: str

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


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


def read_target(operation: Operation, given: Mapping[str, str]) -> Target:
    """Read what the form of an operation asks for."""
    path, query = operation.path, []
    for parameter in operation.parameters:
        value = given.get(name_input(parameter), "")
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif value and parameter.get("schema", {}).get("type") == "array":
            query += [(parameter["name"], part.strip()) for part in value.split(",")]
        elif value:
            query.append((parameter["name"], value))
    return Target(path, urlencode(query), given.get("body", "") if operation.body else "")


def format_as_curl(operation: Operation, target: Target) -> str:
    """Format the command of a shell that makes the same call. Credentials are variables of the shell."""
    credentials = _REFERENCES[operation.api]().credentials
    return build_curl(operation.method, origin.build_url(target.address), credentials, target.body)


@sensitive_variables()
def call_api(
    request: Request, operation: Operation, target: Target, like: Application | ApiUser | None
) -> Answer:
    """Run an operation with the scopes of an app, or the limits of an API user; None: with all, or without any."""
    caught: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        caught["status"], caught["headers"] = status, headers

    lend = _lend_token if operation.api == "drchrono" else _lend_secret
    with lend(request, like) as authorization:
        environ = _build_environ(request, operation, target, authorization)
        body = b"".join(_APPLICATIONS[operation.api](environ, start))
    code, _, phrase = caught["status"].partition(" ")
    media = dict(caught["headers"]).get("Content-Type", "")
    text = _format_body(body[:MAX_SHOWN], media, is_whole=len(body) <= MAX_SHOWN)
    sent = f"{operation.method} {target.address}"
    return Answer(sent, int(code), phrase, caught["headers"], text, len(body) > MAX_SHOWN)


@contextmanager
@sensitive_variables()
def _lend_token(request: Request, like: Application | ApiUser | None) -> Iterator[str]:
    """Within the block there is a token of the explorer's app. Yields the Authorization header."""
    explorer = _get_explorer_app()
    scopes = like.scopes if isinstance(like, Application) else SCOPES
    pair = token_pairs.issue_pair(explorer, request.user, scopes)
    practice = request.actor.practice
    try:
        yield f"Bearer {pair.access_token}"
    finally:
        tenancy.set_tenant(practice, user_id=request.user.pk)  # every API call ends by leaving the practice
        with transaction.atomic():
            token_pairs.lock_pairs(explorer.pk, request.user.pk)
            token_pairs.revoke_pairs(explorer.pk, request.user.pk)


@contextmanager
@sensitive_variables()
def _lend_secret(request: Request, like: Application | ApiUser | None) -> Iterator[str]:
    """Within the block the explorer's API user for this user is enabled and has a secret. Yields the Authorization
    header."""
    practice, user = request.actor.practice, request.user
    explorer, _ = ApiUser.objects.get_or_create(
        username=f"{API_USER_PREFIX}{user.pk}",
        defaults={
            "practice_id": practice,
            "nickname": f"API explorer, {user.username}"[:100],
            "contact": user.email,
            "description": "Calls of the API explorer. It is enabled while one runs.",
        },
    )
    explorer.enabled = True
    explorer.read_only, explorer.anonymize, explorer.endpoints = False, False, []
    if isinstance(like, ApiUser):
        explorer.read_only, explorer.anonymize = like.read_only, like.anonymize
        explorer.endpoints = like.endpoints
    secret = api_users.renew_secret(explorer)
    try:
        yield f"Basic {b64encode(f'{explorer.username}:{secret}'.encode()).decode()}"
    finally:
        tenancy.set_tenant(practice, user_id=user.pk)
        ApiUser.objects.filter(pk=explorer.pk).update(enabled=False, secret_digest="")


def _build_environ(
    request: Request, operation: Operation, target: Target, authorization: str
) -> dict[str, Any]:
    body = target.body.encode("utf-8", "replace")
    return {name: request.META[name] for name in _FORWARDED if name in request.META} | {
        "REQUEST_METHOD": operation.method,
        "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
        "QUERY_STRING": target.query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": authorization,
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


def _format_body(body: bytes, media: str, *, is_whole: bool) -> str:
    if media.startswith("application/json") and body and is_whole:
        return format_json(msgspec.json.decode(body))
    if media.startswith(("text/", "application/json", "application/xml")):
        return body.decode("utf-8", "replace")
    return f"{len(body):,} bytes of {media}" if body else ""
