"""The first page: today's patients and what waits, by role."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from charthouse import clock
from charthouse.console.home import worklists
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.domains.documents.models import Document
from charthouse.domains.labs.models import PatientLabResult
from charthouse.domains.messaging.models import Message
from charthouse.domains.practice.models import UserGroup, UserGroupMember
from charthouse.domains.tasks.models import Task, TaskStatus
from charthouse.identity import tenancy
from charthouse.identity.models import User
from charthouse.identity.permission_presets import PRESETS
from tests.domains.documents.uploads import make_picture
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_user

ZONE = ZoneInfo("US/Eastern")


@pytest.fixture
def at_noon() -> Iterator[None]:
    """The clock is at noon of the office, so that hours before and after are of the same day."""
    local = clock.now().astimezone(ZONE)
    with clock.shift(local.replace(hour=12, minute=0) - local):
        yield


def read_lists(page: str) -> dict[str, str]:
    """The HTML of each card by its label."""
    return dict(
        re.findall(
            r'<section class="card[^"]*" aria-label="([^"]+)">(.*?)</section>', unescape(page), re.DOTALL
        )
    )


def open_home(user: User | str) -> dict[str, str]:
    name = user if isinstance(user, str) else user.username
    browser: httpx.Client = open_signed_in_browser(name)
    with bounded_queries():
        answer = browser.get("/")
    assert answer.status_code == 200
    return read_lists(answer.text)


def local_time(calendar: Calendar, **ago: Any) -> str:
    at = clock.now().astimezone(ZONE) - timedelta(**ago)
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def test_a_provider_sees_own_work(
    calendar: Calendar, clinic: Clinic, at_noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar.book(local_time(calendar, hours=-1), reason="Sore throat")
    calendar.book(local_time(calendar, hours=-2), reason="Not coming", status="Cancelled")
    calendar.book(local_time(calendar, hours=-3), reason="Someone else's", doctor=calendar.add_colleague().pk)
    past = calendar.book(local_time(calendar, days=2), reason="Back pain", status="Complete")
    calendar.book(local_time(calendar, days=3), reason="Nothing written")
    sent = calendar.http.post(
        "/api/documents",
        data={
            "doctor": clinic.doctor.pk,
            "patient": calendar.patient_id,
            "description": "Consult",
            "date": DAY,
        },
        files={"document": ("consult.png", make_picture(), "image/png")},
    )
    consult = sent.json()["id"]
    now = clock.now()
    with tenancy.within(clinic.id):
        own: dict[str, Any] = {"practice": clinic.practice, "patient_id": calendar.patient_id}
        for signed, title in ((False, "Potassium"), (True, "Sodium")):
            PatientLabResult.objects.create(
                **own,
                ordering_doctor=clinic.doctor,
                title=title,
                lab_result_value="5.9",
                doctor_signoff=signed,
            )
        Document.objects.filter(pk=consult).update(review_by=clinic.user)
        for read, title in ((False, "Question"), (True, "Answered")):
            Message.objects.create(**own, doctor=clinic.doctor, owner=clinic.user, title=title, read=read)
        make_tasks(clinic, now)
    lists = open_home(clinic.user)
    assert "Sore throat" in lists["Today's patients"]
    assert not [one for one in ("Not coming", "Someone else") if one in lists["Today's patients"]]
    assert f"/visits/{past['id']}#note" in lists["Notes to sign"]
    assert "Nothing written" not in lists["Notes to sign"]
    assert "Potassium: 5.9" in lists["Results to review"]
    assert "Sodium" not in lists["Results to review"]
    assert "Consult" in lists["Documents to review"]
    assert "Question" in lists["Unread messages"]
    assert "Answered" not in lists["Unread messages"]
    tasks = lists["My tasks"]
    assert tasks.index("Call the lab") < tasks.index("Fax records") < tasks.index("Undated 0")
    assert tasks.count("Overdue") == 1
    assert "Done already" not in tasks
    assert "+2 more" in tasks, "five of seven are shown, and the others counted"
    monkeypatch.setattr(worklists, "COUNTED", 6)
    assert "Over 1 more" in open_home(clinic.user)["My tasks"], "more than that are not counted"
    with tenancy.within(clinic.id):
        ClinicalNote.objects.filter(pk=past["id"]).update(locked_at=now, locked_by=clinic.user)
    assert "All notes are signed." in open_home(clinic.user)["Nothing waiting"]


def make_tasks(clinic: Clinic, now: Any) -> None:
    """Two tasks of the user, five of the user's group, and one that is done."""
    practice = clinic.practice
    todo = TaskStatus.objects.create(practice=practice, name="To do", status_category="O")
    done = TaskStatus.objects.create(practice=practice, name="Done", status_category="C")
    group = UserGroup.objects.create(practice=practice, name="Nurses")
    UserGroupMember.objects.create(practice=practice, group=group, user=clinic.user)
    own: dict[str, Any] = {"practice": practice, "assignee_user": clinic.user}
    Task.objects.create(**own, title="Fax records", status=todo, due_at=now + timedelta(days=1))
    Task.objects.create(**own, title="Call the lab", status=todo, due_at=now - timedelta(days=1))
    Task.objects.create(**own, title="Done already", status=done, due_at=now - timedelta(days=1))
    for number in range(5):
        Task.objects.create(practice=practice, title=f"Undated {number}", status=todo, assignee_group=group)


def test_each_role_sees_its_work(calendar: Calendar, clinic: Clinic, at_noon: None) -> None:
    calendar.book(local_time(calendar, hours=-1), reason="Sore throat")
    calendar.book(local_time(calendar, days=2), status="Complete")
    seen = {}
    for role, permissions in PRESETS.items():
        staff = make_user(clinic.practice, password=PASSWORD, permissions=permissions, role=User.Role.STAFF)
        seen[role] = open_home(staff)
        assert "Ada" in seen[role]["Today's patients"], role
        assert "Notes to sign" not in seen[role], "they are the provider's"
    assert "No unread messages." in seen["Front desk"]["Nothing waiting"]
    nobody = make_user(clinic.practice, password=PASSWORD, permissions=[], role=User.Role.STAFF)
    assert list(open_home(nobody)) == ["Nothing waiting"]
