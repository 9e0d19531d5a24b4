"""The audit in the console: its list, and its export, which is an entry as well."""

import csv
from io import StringIO
from typing import Any

import httpx
import pytest

from charthouse.audit.models import Event
from charthouse.console.audit import views as audit
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user


def rename(clinic: Clinic, calendar: Calendar, browser: httpx.Client, times: int) -> None:
    """Change the patient ``times`` times."""
    with tenancy.within(clinic.id):
        for number in range(times):
            row = Patient.objects.get(pk=calendar.patient_id)
            row.nick_name = f"A{number}"
            row.save(update_fields=["nick_name", "updated_at"])


def take(browser: httpx.Client, **values: str) -> httpx.Response:
    token = {"csrfmiddlewaretoken": parse_hidden_fields(browser.get("/audit"))["csrfmiddlewaretoken"]}
    return browser.post("/audit/export", data=token | values)


def test_entries_are_listed_page_by_page(clinic: Clinic, browser: httpx.Client) -> None:
    calendar = Calendar(clinic=clinic)
    rename(clinic, calendar, browser, 60)
    with bounded_queries():
        page = browser.get("/audit", params={"patient": str(calendar.patient_id)})
    assert page.text.count("Updated patient") == audit.PAGE_SIZE
    assert "nick_name" in page.text
    (following,) = [line for line in page.text.split('"') if "after=" in line]
    older = browser.get(following.replace("&amp;", "&")).text
    assert "Created patient" in older
    assert 10 <= older.count("Updated patient") < audit.PAGE_SIZE
    assert "Signed in" in browser.get("/audit", params={"action": "Not specified"}).text
    assert "Signed in" not in browser.get("/audit", params={"action": "Create"}).text
    assert "No entries for these dates." in browser.get("/audit?from=2001-01-01&to=2001-01-02").text
    for nonsense in (
        "from=x",
        "to=99999-01-01",
        "user=x",
        "patient=-1",
        "after=a.1.x",
        "after=z",
        "action=%00",
    ):
        assert browser.get(f"/audit?{nonsense}").status_code == 200, nonsense


def test_an_export_is_an_entry_of_the_audit(clinic: Clinic, browser: httpx.Client) -> None:
    calendar = Calendar(clinic=clinic)
    rename(clinic, calendar, browser, 2)
    clinic.user.first_name, clinic.user.last_name = "=1+1", ""
    clinic.user.save()
    taken = take(browser, format="json")
    assert taken.headers["Content-Type"] == "application/json"
    lines = taken.json()
    assert "Signed in" in {line["description"] for line in lines}
    assert sum(line["patient"] == calendar.patient_id for line in lines) == 3
    answer = take(browser, format="csv", patient=str(calendar.patient_id))
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert len(rows) == 3
    assert rows[0]["fields"] == "nick_name updated_at"
    everything = list(csv.DictReader(StringIO(take(browser, format="csv").text)))
    assert "'=1+1" in {row["name_of_user"].strip() for row in everything}
    assert sum(row["description"] == "Exported data" for row in everything) == 2
    with tenancy.within(clinic.id):
        told = Event.objects.filter(practice_id=clinic.id, what="exported").order_by("pk")
        details: list[Any] = [event.details for event in told]
    assert [one["format"] for one in details] == ["json", "csv", "csv"]
    assert details[1]["patient"] == calendar.patient_id
    assert take(browser, format="xml").status_code == 400


def test_an_export_of_too_many_entries_is_refused(
    clinic: Clinic, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename(clinic, Calendar(clinic=clinic), browser, 5)
    monkeypatch.setattr(audit, "MAX_EXPORTED", 4)
    monkeypatch.setattr(audit, "BATCH_SIZE", 2)
    refused = take(browser, format="csv")
    assert refused.status_code == 409
    assert "Choose fewer days" in refused.text
    monkeypatch.setattr(audit, "MAX_EXPORTED", 100)
    assert len(take(browser, format="json").json()) > 5


def test_the_audit_is_for_the_practices_primary_user(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, password=PASSWORD)
    theirs = open_signed_in_browser(staff.username)
    assert theirs.get("/audit").status_code == 403
    token = {"csrfmiddlewaretoken": parse_hidden_fields(theirs.get("/"))["csrfmiddlewaretoken"]}
    assert theirs.post("/audit/export", data=token | {"format": "csv"}).status_code == 403
    other = Calendar(clinic=make_practice())
    rename(other.clinic, other, browser, 1)
    assert "Updated patient" not in browser.get("/audit", params={"patient": str(other.patient_id)}).text
