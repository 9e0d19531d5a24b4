"""The search of the top bar: patients as people write them, pages and actions, by permission."""

from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search import parse_birthday
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user


@pytest.fixture
def browser(clinic: Clinic) -> httpx.Client:
    with tenancy.within(clinic.id):
        Patient.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, gender="Female", first_name="Zoë",
            last_name="O\u2019Brien-Smith",
            date_of_birth="1987-04-12", cell_phone="+1 (303) 555-0142", chart_id="ObZo000001", email="zoe@example.com",
        )  # fmt: skip
    return open_signed_in_browser(clinic.user.username)


def find(browser: httpx.Client, text: str) -> list[dict[str, Any]]:
    with bounded_queries():
        found: list[dict[str, Any]] = browser.get("/search", params={"q": text}).json()["choices"]
    return found


@each_case(
    "text",
    [
        "zoe o'brien", "O'BRIEN, Zoë", "brien zo", "Zoe\u0308", "smith", "3035550142", "(303) 555-0142", "555-0142",
        "4/12/1987", "04/12/87", "4-12-1987", "1987-04-12", "April 12, 1987", "Apr 12 1987", "obzo000001",
        "zoe@example.com", "o'brien 4/12/1987",
    ],
)  # fmt: skip
def test_a_patient_is_found_as_people_write(browser: httpx.Client, text: str) -> None:
    first = find(browser, text)[0]
    assert first["label"] == "O\u2019Brien-Smith, Zoë", text
    assert "DOB 04/12/1987" in first["detail"]
    assert "(303) 555-0142" in first["detail"]
    assert browser.get(first["href"]).status_code == 200


@each_case("text", ["", " ", "z", "zoe miller", "4/13/1987", "13/13/1987", "\0\0", "5550143", "x" * 500])
def test_what_is_not_found(browser: httpx.Client, text: str) -> None:
    assert not [one for one in find(browser, text) if "O\u2019Brien" in one["label"]]


def test_pages_and_actions_are_found_by_permission(browser: httpx.Client, clinic: Clinic) -> None:
    assert {"label": "Register patient", "detail": "Action", "href": "/patients/new"} in find(
        browser, "reg pat"
    )
    assert {"label": "Calendar", "detail": "Page", "href": "/calendar"} in find(browser, "cal")
    plain = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"])
    there = open_signed_in_browser(plain.username)
    assert find(there, "zoe") == []
    assert find(there, "register") == []
    assert [one["label"] for one in find(there, "today")] == ["Today"]


def test_patients_of_another_practice_are_not_found(browser: httpx.Client) -> None:
    other = make_practice()
    other.user.set_password(PASSWORD)
    other.user.save()
    assert find(open_signed_in_browser(other.user.username), "zoe") == []


def test_years_of_two_digits_are_not_in_the_future() -> None:
    this = clock.now().year % 100
    assert parse_birthday(f"1/2/{this:02}") is not None
    found = parse_birthday(f"1/2/{(this + 1) % 100:02}")
    assert found is not None
    assert found.year == clock.now().year + 1 - 100
