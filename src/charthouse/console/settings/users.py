"""The practice's users, for its primary user: invitation, permissions, deactivation."""

from typing import Any
from zoneinfo import available_timezones

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_totp.models import TOTPDevice

from charthouse.console.account.views import confirm_password
from charthouse.console.kit import forms
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.practice import user_accounts
from charthouse.domains.practice.models import Doctor
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity import password_links
from charthouse.identity.form_fields import LineField
from charthouse.identity.models import PERMISSIONS, User
from charthouse.identity.permission_presets import PRESETS, find_preset
from charthouse.identity.permissions import set_permissions


def _format_name(person: User) -> str:
    return f"{person.first_name} {person.last_name}".strip() or person.username


def _build_state_badge(person: User) -> Badge:
    if not person.is_active:
        return Badge("deactivated", "red")
    if person.is_primary:
        return Badge("primary user", "blue")
    return Badge("active", "green") if person.has_usable_password() else Badge("invited", "orange")


TABLE = Table(
    name="people",
    label="People",
    columns=(
        Column("Name", _format_name, sort="last_name", link=lambda row: reverse("user", args=[row.pk])),
        Column("Username", "username", sort="username", kind="wide"),
        Column("Role", "get_role_display", sort="role"),
        Column(
            "Permissions",
            lambda row: find_preset(row.permissions) or f"{len(row.permissions)} of {len(PERMISSIONS)}",
            kind="wide",
        ),
        Column("Two-factor", lambda row: Badge("on", "green") if row.second else "", kind="wide"),
        Column("Last signed in", "last_login", sort="last_login", kind="wide"),
        Column("State", _build_state_badge),
    ),
    search=("first_name", "last_name", "username", "email"),
    filters=(
        TableFilter(
            name="state",
            label="State",
            options=(("", "Active"), ("off", "Deactivated"), ("all", "Everybody")),
            apply=lambda rows, value: rows if value == "all" else rows.filter(is_active=value != "off"),
        ),
    ),
    order="last_name",
)


class UserForm(django.Form):
    """The values of a user. ``doctors``: (id, name) of the practice's doctors."""

    first_name = LineField(max_length=100)
    last_name = LineField(max_length=100)
    email = django.EmailField(label="E-mail", help_text="Links to set the password are sent to it.")
    doctor_id = django.TypedChoiceField(
        label="Primary physician",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="For staff members.",
    )
    preset = django.ChoiceField(
        label="Permissions of a role",
        choices=[("", "As checked below"), *((role, role) for role in PRESETS)],
        required=False,
        help_text="Choose a role, or check each permission below.",
    )
    permissions = django.MultipleChoiceField(
        choices=[(name, name) for name in PERMISSIONS], widget=django.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, doctors: list[tuple[int, str]], **values: Any) -> None:
        super().__init__(*args, **values)
        self.initial.setdefault("preset", find_preset(self.initial.get("permissions") or ()))
        self.fields["doctor_id"].choices = [("", forms.EMPTY_LABEL), *doctors]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Set the permissions of a role that was chosen; one that was shown at first leaves the checkboxes in force."""
        given = {**(super().clean() or {})}
        role = given.pop("preset", "")
        if role and "preset" in self.changed_data:
            given["permissions"] = list(PRESETS[role])
        return given


class NewUserForm(UserForm):
    """The form of a new user."""

    field_order = ("first_name", "last_name", "email", "username", "role", "timezone", "doctor_id")
    username = LineField(max_length=150, validators=User._meta.get_field("username").validators)
    role = django.ChoiceField(choices=User.Role.choices, initial=User.Role.STAFF)
    timezone = django.ChoiceField(
        label="Time zone",
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
        initial="US/Eastern",
        help_text="For doctors: the time zone of their appointments.",
    )


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    """List the practice's users."""
    second = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    rows = User.objects.filter(practice=request.actor.practice).annotate(second=Exists(second))
    values = {
        "title": "People",
        "about": "Everyone who signs in to the practice. An app has at most the permissions of the user it acts for.",
        "table": TABLE.build_page(request, rows),
        "add": reverse("user-new"),
        "add_words": "Invite user",
    }
    return render_page(request, "kit/list.html", values)


@page(primary=True, methods=("GET", "POST"))
def invite(request: Request) -> HttpResponseBase:
    """Create an account and mail a link to set its password."""
    form = NewUserForm(request.POST or None, doctors=_list_doctors(request))
    if request.method == "POST" and form.is_valid():
        user = _create_user(request, form)
        if user is not None:
            sent = password_links.send_link(user, invited_by=request.user)
            messages.success(
                request,
                f"{_format_name(user)} has been invited by e-mail." if sent else "The user has been added.",
            )
            return redirect("user", user.pk)
    rendered_form = forms.convert_django_form(form)
    values = {
        "title": "Invite user",
        "form": rendered_form,
        "button": "Invite",
        "back": reverse("users"),
        "back_to": "People",
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


def _create_user(request: Request, form: NewUserForm) -> User | None:
    """Create the account; None if it was refused, with the errors in the form."""
    given = {**form.cleaned_data}
    zone = given.pop("timezone")
    person = User(practice=request.user.practice, **given)
    person.set_unusable_password()
    try:
        with transaction.atomic():
            user_accounts.create_user(person, zone)
            user_accounts.record_creation(person, request.actor.required_user)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return None
    except IntegrityError:
        form.add_error("username", "This username is taken. Choose another one.")
        return None
    return person


@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Edit a user's name, address and permissions; links to actions of the account."""
    person = _find_user(request, row)
    initial = {name: getattr(person, name) for name in UserForm.base_fields if name != "preset"}
    form = UserForm(request.POST or None, initial=initial, doctors=_list_doctors(request))
    if person.role == User.Role.DOCTOR:
        del form.fields["doctor_id"]
    if request.method == "POST" and form.is_valid():
        given = {**form.cleaned_data}
        permissions = given.pop("permissions")
        with transaction.atomic():
            user_accounts.change_user(person, given, request.actor.required_user)
            set_permissions(
                person, [name for name in PERMISSIONS if name in permissions], by=request.actor.required_user
            )
        messages.success(request, "Saved.")
        return redirect("users")
    values = {
        "person": person,
        "name": _format_name(person),
        "state": _build_state_badge(person),
        "second": TOTPDevice.objects.filter(user=person, confirmed=True).exists(),
        "form": forms.convert_django_form(form),
        "own": person.pk == request.user.pk,
        "hours": person.role == User.Role.DOCTOR and person.doctor_id is not None,
    }
    return render_page(request, "settings/user.html", values, 400 if form.is_bound else 200)


# Actions of an account: name → (title, text, button, whether it is dangerous, confirmation).
_ACTIONS = {
    "off": ("Deactivate {}?", "They lose access right away, and so do their apps. What they wrote is kept.",
            "Deactivate", True,
            "{} has been deactivated."),
    "on": ("Reactivate {}?", "They can sign in with their old password.", "Reactivate", False,
           "{} can sign in again."),
    "link": ("Send {} a link?", "The link lets them set a password. It works once, within a day.", "Send link", False,
             "A link has been sent to {}."),
    "second-factor": ("Turn off two-factor authentication for {}?",
                      "For someone who lost their phone and recovery codes. They sign in with their password alone "
                      "until they set it up again.", "Turn off", True,
                      "Two-factor authentication is off for {}."),
}  # fmt: skip


@page(primary=True, methods=("GET", "POST"))
def confirm_action(request: Request, row: int, name: str) -> HttpResponseBase:
    """Ask for confirmation, then run the action of the account. Raises NotFound, Conflict."""
    if name not in _ACTIONS:
        raise NotFound()
    person = _find_user(request, row)
    title, text, button, danger, done = _ACTIONS[name]
    if request.method == "POST":
        _run_action(name, person, request)
        messages.success(request, done.format(_format_name(person)))
        return redirect("user", person.pk)
    values = {
        "title": title.format(_format_name(person)),
        "text": text,
        "button": button,
        "danger": danger,
        "back": reverse("user", args=[person.pk]),
    }
    return render_page(request, "kit/confirm.html", values)


@sensitive_post_parameters()
@page(primary=True, methods=("GET", "POST"))
def hand_over_primary(request: Request, row: int) -> HttpResponseBase:
    """Make another user the primary user, after checking the present one's password."""
    person = _find_user(request, row)
    confirm_page = confirm_password(
        request,
        f"Make {_format_name(person)} the primary user?",
        "They will manage the practice's settings and everyone's permissions, including yours. You can't undo this.",
        reverse("user", args=[row]),
        _format_name(person),
    )
    if confirm_page is not None:
        return confirm_page
    user_accounts.transfer_primary_role(person, request.actor.required_user)
    messages.success(request, f"{_format_name(person)} is the primary user now.")
    return redirect("home")


def _run_action(name: str, person: User, request: Request) -> None:
    if name == "off":
        if person.is_primary:
            raise Conflict("The primary user can't be deactivated.")
        user_accounts.set_active(person, False, request.actor.required_user)
    elif name == "on":
        user_accounts.set_active(person, True, request.actor.required_user)
    elif name == "second-factor":
        user_accounts.remove_second_factor(person, request.actor.required_user)
    elif not password_links.send_link(person, invited_by=request.user):
        raise Conflict("There is no e-mail address to send it to, or the account is deactivated.")


def _find_user(request: Request, row: int) -> User:
    found = User.objects.select_related("practice").filter(practice=request.actor.practice, pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _list_doctors(request: Request) -> list[tuple[int, str]]:
    rows = Doctor.objects.filter(practice=request.actor.practice, archived=False).order_by("last_name", "id")
    return [(doctor.pk, str(doctor)) for doctor in rows[:1000]]
