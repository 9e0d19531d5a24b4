"""Apps that call the APIs, for their developers: credentials, scopes, quota, redirect URIs and authorizations.

Users with the permission Settings see the apps of their practice's users. Of the users who authorized an app, those of
other practices are only counted.
"""

from datetime import timedelta
from typing import Any

from django import forms as django
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from charthouse import clock
from charthouse.audit import captured_bodies, trail
from charthouse.audit.models import ApiCall
from charthouse.audit.request_log import UNAUTHENTICATED_GATES
from charthouse.console.kit import forms
from charthouse.console.kit.formats import format_utc
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity import applications, origin
from charthouse.identity.form_fields import LineField, LinesField
from charthouse.identity.models import RIGHTS, SCOPES, Application, Calls, RefreshToken, User
from charthouse.identity.scopes import SCOPE_LABELS

PERMISSION = "Settings"  # the permission
MAX_REDIRECT_URIS = 20
CAPTURE_DURATION = timedelta(hours=1)
_CAPTURE_TEXT = (
    "Request and response bodies, including patient data, will be in the request log. "
    "Each practice sees only its own."
)
_DISABLE_TEXT = (
    "It can no longer ask for access, and all its tokens are revoked right away, in other practices too. "
    "Its webhooks stop. What it wrote is kept."
)
_ENABLE_TEXT = "It can ask for access again. Everyone who had authorized it has to do so again."

TABLE = Table(
    name="apps",
    label="Apps",
    columns=(
        Column("Name", lambda row: row.name or "Unnamed", sort="name", link=lambda row: reverse("app", args=[row.pk])),
        Column("Client ID", "client_id", kind="wide"),
        Column("Owner", "user", kind="wide"),
        Column("Scopes", lambda row: f"{len(set(row.scopes) & set(SCOPES))} of {len(SCOPES)}", kind="number"),
        Column("Calls per hour", lambda row: row.hourly_limit or "no limit", kind="number"),
        Column("Made (UTC)", lambda row: format_utc(row.created), sort="created", kind="wide"),
        Column("State", lambda row: Badge("off", "red") if row.disabled else Badge("on", "green"), kind="wide"),
    ),
    search=("name", "client_id"),
    order="name",
    empty="No apps yet. Register one to get a client ID and a secret.",
)  # fmt: skip

AUTHORIZATIONS = Table(
    name="authorised",
    label="Authorized by",
    columns=(
        Column("Person", lambda row: f"{row.user.first_name} {row.user.last_name}".strip() or row.user.username),
        Column("Username", "user.username", kind="wide"),
        Column("Token of (UTC)", lambda row: format_utc(row.created), sort="created"),
        Column("Scopes", lambda row: row.scope.replace(":read", ":r").replace(":write", ":w"), kind="wide"),
        Column("Access", lambda _: "Revoke access", link=lambda row: _build_deauthorize_url(row)),
    ),
    search=("user__first_name", "user__last_name", "user__username"),
    order="-created",
    prefix="who-",
    empty="No one in your practice has authorized this app.",
)  # fmt: skip


class AppForm(django.Form):
    """The values of an app that its developer sets."""

    name = LineField(max_length=255)
    redirect_uris = LinesField(
        label="Redirect URIs",
        max_length=5000,
        help_text="One per line. They have to match exactly.",
    )
    scopes = django.MultipleChoiceField(
        choices=[(name, f"{name}: {SCOPE_LABELS[name]}") for name in SCOPES],
        widget=django.CheckboxSelectMultiple,
        required=False,
        help_text="What the app may ask users for, to read and to write.",
    )

    def clean_redirect_uris(self) -> str:
        given = self.cleaned_data["redirect_uris"].split()
        if len(given) > MAX_REDIRECT_URIS:
            raise ValidationError(f"At most {MAX_REDIRECT_URIS} addresses.")
        return " ".join(dict.fromkeys(given))


class NewAppForm(AppForm):
    """The form of a new app."""

    public = django.BooleanField(
        label="Public client",
        required=False,
        help_text="For browser and mobile apps: no secret, PKCE required.",
    )


class ChangeAppForm(AppForm):
    """The form of an existing app."""

    patient_iframe_url = django.URLField(
        label="Iframe on patients' pages", max_length=500, required=False, assume_scheme="https",
        help_text="Shown to doctors for whom the app asked for it (POST /api/iframe_integration).",
    )  # fmt: skip
    patient_iframe_height = django.IntegerField(label="Height in pixels", min_value=50, max_value=5000)
    note_iframe_url = django.URLField(
        label="Iframe on clinical notes", max_length=500, required=False, assume_scheme="https"
    )
    note_iframe_height = django.IntegerField(label="Height in pixels", min_value=50, max_value=5000)
    hourly_limit = django.IntegerField(
        label="Calls per hour",
        min_value=1,
        max_value=10**9,
        required=False,
        help_text="Leave empty for no limit.",
    )
    second_limit = django.IntegerField(
        label="Calls per second",
        min_value=1,
        max_value=10**9,
        required=False,
        help_text="Leave empty for no limit.",
    )


@page(PERMISSION)
def show_list(request: Request) -> HttpResponseBase:
    """List the apps of the practice's users."""
    values = {
        "title": "Apps",
        "about": "Programs that call the API on behalf of users who allow it.",
        "table": TABLE.build_page(request, _select_apps(request).select_related("user")),
        "add": reverse("app-new"),
        "add_words": "Register an app",
    }
    return render_page(request, "kit/list.html", values)


@sensitive_variables()
@page(PERMISSION, methods=("GET", "POST"))
def register(request: Request) -> HttpResponseBase:
    """Register an app; its secret is in the answer and stored only as a digest."""
    form = NewAppForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            app, secret = applications.create_app(
                request.user, hourly_limit=settings.NEW_APP_LIMIT, **form.cleaned_data
            )
            return render_page(
                request, "developer/app_secret.html", {"app": app, "secret": secret, "first": True}
            )
        except ValidationError as error:
            _add_errors(form, error)
    values = {
        "title": "Register an app",
        "form": forms.convert_django_form(form),
        "back": reverse("apps"),
        "back_to": "Apps",
    }
    return render_page(
        request, "kit/edit.html", values | {"button": "Register"}, 400 if form.is_bound else 200
    )


@page(PERMISSION)
def show_app(request: Request, row: int) -> HttpResponseBase:
    """Show an app and who authorized it."""
    app = _find_app(request, row)
    held = RefreshToken.objects.filter(application=app, revoked=None)
    own = held.filter(user__practice=request.actor.practice)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    used = Calls.objects.filter(application=app, hour=hour).values_list("calls", flat=True).first()
    values = {
        "app": app,
        "public": app.client_type == Application.CLIENT_PUBLIC,
        "addresses": app.redirect_uris.split(),
        "scopes": [name for name in SCOPES if name in app.scopes],
        "rights": sorted(set(app.scopes) & set(RIGHTS)),
        "used": used or 0,
        "left": max(app.hourly_limit - (used or 0), 0) if app.hourly_limit else None,
        "renewed": hour + timedelta(hours=1),
        "table": AUTHORIZATIONS.build_page(request, own.select_related("user")),
        "others": held.aggregate(count=Count("pk"))["count"] - own.aggregate(count=Count("pk"))["count"],
        "base_url": origin.build_lasting_url(""),
        "captured": captured_bodies.get_capture_end(app),
        "unauthenticated_calls": _list_unauthenticated_calls(app),
    }
    return render_page(request, "developer/app.html", values)


@page(PERMISSION, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change an app."""
    app = _find_app(request, row)
    initial = {name: getattr(app, name) for name in ChangeAppForm.base_fields}
    initial["redirect_uris"] = "\n".join(app.redirect_uris.split())
    form = ChangeAppForm(request.POST or None, initial=initial)
    if not _may_set_quota(request.user):
        del form.fields["hourly_limit"], form.fields["second_limit"]
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data}
        values["scopes"] = [
            n for n in (*SCOPES, *RIGHTS) if n in values["scopes"] or (n in RIGHTS and n in app.scopes)
        ]
        try:
            applications.update_app(app, request.user, **values)
            messages.success(request, "The app has been saved.")
            return redirect("app", row)
        except ValidationError as error:
            _add_errors(form, error)
    drawn = {
        "title": app.name,
        "form": forms.convert_django_form(form),
        "back": reverse("app", args=[row]),
        "back_to": "App",
    }
    return render_page(request, "kit/edit.html", drawn, 400 if form.is_bound else 200)


@sensitive_variables()
@page(PERMISSION, methods=("GET", "POST"))
def rotate_secret(request: Request, row: int) -> HttpResponseBase:
    """Replace the client secret and show the new one, once. Raises Conflict for a public app."""
    app = _find_app(request, row)
    if app.client_type == Application.CLIENT_PUBLIC:
        raise Conflict("This app has no secret.")
    if request.method == "POST":
        return render_page(
            request,
            "developer/app_secret.html",
            {"app": app, "secret": applications.rotate_secret(app, request.user)},
        )
    values = {
        "title": "Rotate the secret?",
        "text": f"The current secret of {app.name} stops working right away. Its tokens remain valid.",
        "button": "Rotate secret",
        "danger": True,
        "back": reverse("app", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


@page(PERMISSION, methods=("GET", "POST"))
def deauthorize(request: Request, row: int, user: int | None = None) -> HttpResponseBase:
    """Revoke the app's tokens of one user, or of all users of the practice. Raises NotFound."""
    app = _find_app(request, row)
    people = User.objects.filter(practice=request.actor.practice)
    if user is not None and not people.filter(pk=user).exists():
        raise NotFound()
    if request.method == "POST":
        applications.revoke_tokens(
            app, [user] if user is not None else list(people.values_list("pk", flat=True))
        )
        messages.success(request, "Its access is revoked.")
        return redirect("app", row)
    whose = people.get(pk=user).username if user is not None else "everyone in your practice"
    values = {
        "title": f"Deauthorize {app.name}?",
        "text": f"It can no longer act on behalf of {whose}. It can ask again.",
        "button": "Revoke access",
        "danger": True,
        "back": reverse("app", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


@page(PERMISSION, methods=("GET", "POST"))
def switch_app(request: Request, row: int) -> HttpResponseBase:
    """Disable the app for all practices, or enable it again."""
    app = _find_app(request, row)
    if request.method == "POST":
        if app.disabled:
            applications.enable(app, request.user)
        else:
            applications.disable(app, request.user)
        messages.success(
            request, "The app has been reactivated." if app.disabled else "The app has been deactivated."
        )
        return redirect("app", row)
    values = {
        "title": f"{'Reactivate' if app.disabled else 'Deactivate'} {app.name}?",
        "text": _ENABLE_TEXT if app.disabled else _DISABLE_TEXT,
        "button": "Reactivate" if app.disabled else "Deactivate",
        "danger": not app.disabled,
        "back": reverse("app", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


@page(PERMISSION, methods=("GET", "POST"))
def switch_capture(request: Request, row: int) -> HttpResponseBase:
    """Start capturing the bodies of the app's calls for an hour, or stop."""
    app = _find_app(request, row)
    on = captured_bodies.get_capture_end(app) is not None
    if request.method == "POST":
        if on:
            captured_bodies.stop_capture(app)
        else:
            captured_bodies.start_capture(app, CAPTURE_DURATION, request.user)
        messages.success(
            request, "Bodies are no longer logged." if on else "Bodies are logged for the next hour."
        )
        return redirect("app", row)
    values = {
        "title": "Stop logging bodies?" if on else "Log bodies for an hour?",
        "text": "Logged bodies are deleted within a week." if on else _CAPTURE_TEXT,
        "button": "Stop" if on else "Log for an hour",
        "back": reverse("app", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


def select_apps_of_practice(practice: int) -> "QuerySet[Any]":
    """Select the apps of a practice's users."""
    found: QuerySet[Any] = Application.objects.filter(user__practice=practice)
    return found


def _select_apps(request: Request) -> "QuerySet[Any]":
    return select_apps_of_practice(request.actor.practice)


def _find_app(request: Request, row: int) -> Application:
    found: Application | None = _select_apps(request).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _build_deauthorize_url(held: RefreshToken) -> str:
    return reverse("app-stop", args=[held.application_id, held.user_id])


def _list_unauthenticated_calls(app: Application) -> list[ApiCall]:
    """List the latest calls of the app whose token was not accepted, or that came too often."""
    refused = trail.list_app_calls(trail.CallQuery(app=app.pk, status=(400, 499), limit=100))
    return [call for call in refused if call.gate in UNAUTHENTICATED_GATES][:10]


def _may_set_quota(user: User) -> bool:
    """Say whether the user may set quotas: the server's operators, and everybody in a sandbox."""
    return bool(settings.SANDBOX or user.is_staff)


def _add_errors(form: django.Form, error: ValidationError) -> None:
    for name, texts in error.message_dict.items():
        form.add_error(name if name in form.fields else None, texts)
