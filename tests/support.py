"""What tests are made of: a practice of one's own, an app, a token, a client. All through the project's own doors."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from charthouse.domains.practice.models import Doctor
from charthouse.identity import tenancy
from charthouse.identity.api_users import renew_secret
from charthouse.identity.models import (
    PERMISSIONS,
    RIGHTS,
    SCOPES,
    SHARING,
    ApiUser,
    Application,
    Practice,
    User,
)
from charthouse.identity.token_pairs import issue_pair
from tests import conformance

PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example/callback"


@dataclass(frozen=True)
class Clinic:
    """A fresh practice. ``user`` is its primary user, a doctor with every permission, and ``doctor`` their record."""

    practice: Practice
    user: User
    doctor: Doctor

    @property
    def id(self) -> int:
        return self.practice.pk


@dataclass(frozen=True)
class App:
    """An OAuth app whose secret, unlike its row, is readable."""

    row: Application
    client_id: str
    client_secret: str


def make_practice(name: str = "Test Practice", *, sharing: Iterable[str] = SHARING, **values: Any) -> Clinic:
    """A practice, its first doctor and its primary user. ``values`` go to the practice's row."""
    tenancy.clear_tenant()  # a request made by this thread has left its practice behind
    practice = Practice.objects.create(name=name, sharing=list(sharing), **values)
    doctor = make_doctor(practice)
    user = make_user(practice, doctor=doctor, role=User.Role.DOCTOR, is_primary=True)
    return Clinic(practice, user, doctor)


def make_doctor(practice: Practice, **values: Any) -> Doctor:
    with tenancy.within(practice.pk):
        return Doctor.objects.create(
            practice=practice,
            **{"first_name": "Doris", "last_name": "Doctor", "timezone": "US/Eastern"} | values,
        )


def make_user(
    practice: Practice | None,
    *,
    permissions: Iterable[str] = PERMISSIONS,
    doctor: Doctor | None = None,
    password: str | None = None,
    **values: Any,
) -> User:
    """Somebody of the practice; ``password`` None is one that nobody knows (and that costs no hashing)."""
    user = User(
        practice=practice,
        username=values.pop("username", f"user-{secrets.token_hex(6)}"),
        permissions=list(permissions),
        doctor_id=doctor and doctor.pk,
        **values,
    )
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    user.save()
    return user


def make_app(
    scopes: Iterable[str] = (*SCOPES, *RIGHTS),
    *,
    hourly_limit: int | None = None,
    second_limit: int | None = None,
    redirect_uris: Sequence[str] = (CALLBACK,),
    **values: Any,
) -> App:
    """An app that may ask for these base scopes, and has these rights."""
    secret = secrets.token_urlsafe(32)
    row = Application.objects.create(
        name=values.pop("name", "Test App"),
        client_type=values.pop("client_type", Application.CLIENT_CONFIDENTIAL),
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        client_secret=secret,
        scopes=list(scopes),
        hourly_limit=hourly_limit,
        second_limit=second_limit,
        redirect_uris=" ".join(redirect_uris),
        **values,
    )
    return App(row, row.client_id, secret)


def issue_token(user: User, app: App, scopes: Iterable[str] | None = None) -> str:
    """An access token. One person has one live token per app: an earlier one stops."""
    return issue_pair(app.row, user, scopes).access_token


class Transport(httpx.WSGITransport):
    """Passes the path as WSGI has it: its bytes as Latin-1 (PEP 3333), not as text."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = unquote_to_bytes(request.url.raw_path.partition(b"?")[0]).decode("latin-1")
        app = self.app
        transport = httpx.WSGITransport(
            app=lambda environ, start: app({**environ, "PATH_INFO": path}, start),
            raise_app_exceptions=self.raise_app_exceptions,
            script_name=self.script_name,
            remote_addr=self.remote_addr,
            wsgi_errors=self.wsgi_errors,
        )
        return transport.handle_request(request)


def client(token: str | None = None, **options: Any) -> httpx.Client:
    """An HTTP client of the server in this process; it follows no redirects and keeps cookies. Answers of the API
    must be what our OpenAPI document says."""
    from charthouse.wsgi import application

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        transport=Transport(app=application, raise_app_exceptions=True),
        base_url="http://testserver",
        headers=headers,
        event_hooks={"response": [conformance.check]},
        **options,
    )


@dataclass(frozen=True)
class Program:
    """An API user whose secret, unlike its row, is readable."""

    row: ApiUser
    secret: str

    def client(self, **options: Any) -> httpx.Client:
        return client(auth=(self.row.username, self.secret), **options)


def make_api_user(practice: Practice, **values: Any) -> Program:
    """An API user of a practice, without limits but those in ``values``."""
    tenancy.clear_tenant()
    named = {"nickname": "Test", "contact": "ops@example.com", "username": f"pk_{secrets.token_hex(6)}"}
    row = ApiUser(practice=practice, **named | values)
    with tenancy.within(practice.pk):
        secret = renew_secret(row)
    return Program(row, secret)
