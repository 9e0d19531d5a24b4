"""Patients who sign in to the portal."""

from dataclasses import dataclass
from datetime import date
from secrets import token_hex
from typing import Any

import httpx
from django.contrib.auth.hashers import make_password

from charthouse import clock
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import tenancy
from tests.identity.oauth_flow import load_form
from tests.support import PASSWORD, Clinic, client

CSRF = "charthouse_csrf"


@dataclass
class PortalPatient:
    """A patient with portal access, whose password is PASSWORD."""

    clinic: Clinic
    patient: Patient
    access: PortalAccess

    @property
    def username(self) -> str:
        return self.access.username

    def browser(self) -> httpx.Client:
        """Open a signed-in browser."""
        cookies, _ = load_form("/portal/sign-in")
        opened = client(cookies=cookies)
        answer = post(opened, "/portal/sign-in", username=self.username, password=PASSWORD)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/portal"), answer.text
        return opened


def make_portal_patient(clinic: Clinic, username: str = "", **values: Any) -> PortalPatient:
    """Make a patient with portal access; the username is unique on the server by default."""
    with tenancy.within(clinic.id):
        said = {
            "first_name": "Amara",
            "last_name": "Okafor",
            "gender": "Female",
            "email": "amara@example.com",
        }
        patient = Patient.objects.create(
            practice=clinic.practice,
            doctor=clinic.doctor,
            **said | {"date_of_birth": date(1987, 4, 12)} | values,
        )
    return give_access(clinic, patient, username)


def give_access(clinic: Clinic, patient: Patient, username: str = "") -> PortalPatient:
    """Give a patient access to the portal."""
    now = clock.now()
    with tenancy.within(clinic.id):
        access = PortalAccess.objects.create(
            practice=clinic.practice,
            patient=patient,
            doctor=clinic.doctor,
            enabled_by=clinic.user,
            expires_on=now,
            activated_on=now,
            username=username or f"guest-{patient.pk}-{token_hex(4)}@example.com",
            password=make_password(PASSWORD),
        )
    return PortalPatient(clinic, patient, access)


def post(browser: httpx.Client, path: str, **said: Any) -> httpx.Response:
    """Post a form of the page that the browser has open; tuples are files: (name, content)."""
    files = {name: value for name, value in said.items() if isinstance(value, tuple)}
    data = {name: value for name, value in said.items() if name not in files}
    data["csrfmiddlewaretoken"] = browser.cookies.get(CSRF, "")
    return browser.post(path, data=data, files=files or None)


def sign_in(browser: httpx.Client, username: str, password: str = PASSWORD, **other: str) -> httpx.Response:
    browser.get("/portal/sign-in")
    return post(browser, "/portal/sign-in", username=username, password=password, **other)
