"""Forms of the portal."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from charthouse.domains.patients import portal_credentials
from charthouse.domains.patients.models import Patient

MAX_USERNAME_LENGTH, MAX_PASSWORD_LENGTH = 254, 200  # characters


class LenientDateField(forms.DateField):
    """A date in ISO format; malformed text becomes None."""

    def clean(self, value: Any) -> date | None:
        try:
            return date.fromisoformat(str(value or "")[:20])
        except ValueError:
            return None


class PasswordForm(forms.Form):
    """A new password, entered twice, validated as those of users are."""

    password = forms.CharField(max_length=MAX_PASSWORD_LENGTH, strip=False)
    again = forms.CharField(max_length=MAX_PASSWORD_LENGTH, strip=False)

    def __init__(self, *args: Any, patient: Patient, username: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.patient, self.known_as = patient, username

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        password = values.get("password")
        if not password:
            return values
        if "again" in values and values["again"] != password:
            self.add_error("again", _("The passwords don't match."))
        patient = self.patient
        owner = get_user_model()(
            username=values.get("username") or self.known_as,
            email=patient.email,
            first_name=patient.first_name,
            last_name=patient.last_name,
        )
        try:
            password_validation.validate_password(password, owner)
        except ValidationError as error:
            self.add_error("password", error)
        return values


class InvitationForm(PasswordForm):
    """Acceptance of a link: date of birth, username and password. An existing username is kept."""

    born = LenientDateField(required=False)
    username = forms.CharField(max_length=MAX_USERNAME_LENGTH, min_length=3, required=False)

    def clean_username(self) -> str:
        if self.known_as:
            return self.known_as
        name = portal_credentials.normalize_username(self.cleaned_data["username"])
        if not name:
            raise ValidationError(_("Enter a username."))
        return name
