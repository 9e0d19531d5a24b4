"""What the pages of the portal take."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.core.exceptions import ValidationError

from charthouse.domains.patients import portal_credentials
from charthouse.domains.patients.models import Patient

NAME_MOST, PASSWORD_MOST = 254, 200  # characters


class Born(forms.DateField):
    """A date as a browser's field sends it; what is none is no date, which is then the wrong one."""

    def clean(self, value: Any) -> date | None:
        try:
            return date.fromisoformat(str(value or "")[:20])
        except ValueError:
            return None


class Password(forms.Form):
    """A new password, twice, as good as those of people must be."""

    password = forms.CharField(max_length=PASSWORD_MOST, strip=False)
    again = forms.CharField(max_length=PASSWORD_MOST, strip=False)

    def __init__(self, *args: Any, patient: Patient, username: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.patient, self.known_as = patient, username

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        password = values.get("password")
        if not password:
            return values
        if "again" in values and values["again"] != password:
            self.add_error("again", "The two are not the same.")
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


class Taking(Password):
    """Taking a link: who one is, and what one signs in with from now on. Who has a name keeps it."""

    born = Born(required=False)
    username = forms.CharField(max_length=NAME_MOST, min_length=3, required=False)

    def clean_username(self) -> str:
        if self.known_as:
            return self.known_as
        name = portal_credentials.normalize_username(self.cleaned_data["username"])
        if not name:
            raise ValidationError("Choose a name to sign in with.")
        return name
