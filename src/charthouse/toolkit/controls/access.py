"""Who may call: practices, apps, access tokens, API users."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.declaration import Control, Parameters

Name = Annotated[str, Meta(min_length=1, max_length=100, description="Name, as shown on pages.")]
Scopes = Annotated[
    list[str] | None,
    Meta(description="Scopes such as patients:read; a base name (patients) means :read and :write."),
]
Username = Annotated[str, Meta(description="Username of a user of the practice.")]
Permissions = Annotated[list[str] | None, Meta(description="The user's permissions, by name. Default: all.")]


Limit = Annotated[int, Meta(ge=1, le=1_000_000)]


class AppParameters(Parameters):
    name: Name = "Sandbox app"
    user: Annotated[
        str | None, Meta(description="Username of the app's owner. Default: the first primary user.")
    ] = None
    scopes: Scopes = None
    redirect_uris: Annotated[list[str], Meta(description="Redirect URIs of the app.")] = []
    hourly_limit: Annotated[Limit | None, Meta(description="Requests per hour. Default: no limit.")] = None
    second_limit: Annotated[Limit | None, Meta(description="Requests per second. Default: no limit.")] = None


class App(msgspec.Struct):
    client_id: str
    client_secret: str
    name: str
    user: str
    redirect_uris: list[str]
    scopes: list[str]


class TokenParameters(Parameters):
    user: Annotated[str | None, Meta(description="Username. Default: the first primary user.")] = None
    client_id: Annotated[
        str | None,
        Meta(description="Client id of the app. Default: a new app. An app has one pair of tokens per user."),
    ] = None
    scopes: Scopes = None
    state: Annotated[
        str, Meta(pattern="^(live|expired|revoked)$", description="live (default), expired, or revoked.")
    ] = "live"


class Token(msgspec.Struct):
    access_token: str
    refresh_token: str
    scope: str
    state: str
    expires_at: str
    user: str
    client_id: str
    client_secret: str


class ApiUserParameters(Parameters):
    practice: Annotated[int | None, Meta(description="Id of the practice. Default: the first.")] = None
    name: Name = "Sandbox API user"
    read_only: Annotated[bool, Meta(description="Read-only access.")] = False
    anonymize: Annotated[bool, Meta(description="Hide data that identifies patients.")] = False
    endpoints: Annotated[list[str], Meta(description="Endpoint groups it can use. Default: all.")] = []
    ips: Annotated[list[str], Meta(description="IP addresses and networks it can use. Default: any.")] = []
    enabled: Annotated[bool, Meta(description="Whether the API user is enabled.")] = True


class ApiUser(msgspec.Struct):
    username: str
    secret: str
    practice: int


class PracticeParameters(Parameters):
    name: Name = "Sandbox practice"
    patients: Annotated[int, Meta(ge=0, le=500, description="Number of patients.")] = 1
    sharing: Annotated[list[str] | None, Meta(description="Sharing settings to turn on. Default: all.")] = (
        None
    )


class Person(msgspec.Struct):
    id: int
    first_name: str
    last_name: str


class Practice(msgspec.Struct):
    id: int
    name: str
    user: str
    password: str
    doctor: Person
    office: int
    exam_room: int
    patients: list[Person]
    app: App
    token: Token
    api_user: ApiUser


class UserParameters(Parameters):
    practice: Annotated[int | None, Meta(description="Id of the practice. Default: the first.")] = None
    role: Annotated[str, Meta(pattern="^(doctor|staff)$", description="doctor or staff (default).")] = "staff"
    permissions: Permissions = None


class User(msgspec.Struct):
    id: int
    username: str
    password: str
    practice: int
    role: str
    doctor: int | None


CONTROLS = (
    Control(
        "tokens.mint", "POST", "/tokens",
        "Issue an access token for a user and an app, with any scopes; it can be expired or revoked.",
        TokenParameters, Token,
    ),
    Control("apps.create", "POST", "/apps", "Register an OAuth app, with any limits.", AppParameters, App),
    Control(
        "api_users.create", "POST", "/api-users",
        "Add an API user of Cerbo's API, with any limits.", ApiUserParameters, ApiUser,
    ),
    Control(
        "users.create", "POST", "/users", "Add a user who can sign in, with any permissions.", UserParameters, User
    ),
    Control(
        "practices.create", "POST", "/practices",
        "Add a small practice with a doctor, an office, patients, an app with a token, and an API user.",
        PracticeParameters, Practice,
    ),
)  # fmt: skip
