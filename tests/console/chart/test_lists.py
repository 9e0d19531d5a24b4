"""Lists of the chart that DrChrono's API lacks: written in the console, read by Cerbo's API."""

import re
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from charthouse.console.chart import lists as chart_lists
from charthouse.console.resources.registry import RESOURCES
from charthouse.domains.clinical.free_text_notes import FreeTextNoteType
from charthouse.domains.clinical.health_maintenance import HealthTracker
from charthouse.domains.medications.models import Supplement
from charthouse.domains.patients.models import Facility, Patient, Tag
from charthouse.identity import tenancy
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import Clinic, make_api_user, make_practice


@pytest.fixture
def lists(clinic: Clinic) -> dict[str, int]:
    """Make a row of each setup list that the chart refers to and return their ids."""
    return add_rows(clinic)


def add_rows(clinic: Clinic) -> dict[str, int]:
    practice: dict[str, Any] = {"practice": clinic.practice}
    with tenancy.within(clinic.id):
        return {
            "supplement": Supplement.objects.create(name="Magnesium", **practice).pk,
            "tracker": HealthTracker.objects.create(name="Mammogram", frequency="Yearly", **practice).pk,
            "note_type": FreeTextNoteType.objects.create(name="Social history", **practice).pk,
            "tag": Tag.objects.create(
                name="VIP", category="Care", color="b2f07e", displays_on_dash=True, **practice
            ).pk,
            "facility": Facility.objects.create(name="Foothill", kind="laboratory", **practice).pk,
            "pharmacy": Facility.objects.create(name="Corner", kind="pharmacy", **practice).pk,
        }


# Place in the chart: what is written, and Cerbo's list and key that show it.
WRITTEN = {
    "supplements": ({"supplement": "supplement", "dose": "2 capsules"}, "supplements", "Magnesium"),
    "maintenance": ({"tracker": "tracker", "date": "2024-03-02"}, "health_maintenance", "2024-03-02"),
    "notes": ({"note_type": "note_type", "note": "Lives alone."}, "pt_notes", "Lives alone."),
    "tags": ({"tag": "tag", "notes": "Since 2019"}, "tags", "VIP"),
    "facilities": ({"facility": "facility", "priority_order": "1"}, "laboratories", "Foothill"),
}


@pytest.mark.parametrize("place", WRITTEN)
def test_rows_written_in_the_chart_are_in_cerbos_api(
    calendar: Calendar, browser: httpx.Client, lists: dict[str, int], place: str
) -> None:
    values, path, shown = WRITTEN[place]
    told = {name: str(lists[value]) if value in lists else value for name, value in values.items()}
    base = f"/patients/{calendar.patient_id}/{place}"
    assert send(browser, f"{base}/new", **told).status_code == 302
    with bounded_queries():
        page = browser.get(base).text
    (row,) = re.findall(rf'href="{base}/(\d+)"', page)
    caller = make_api_user(calendar.clinic.practice).client()
    answer = caller.get(f"/api/v1/patients/{calendar.patient_id}/{path}")
    assert shown in answer.text
    assert str(calendar.clinic.user.pk) in answer.text or place in ("supplements", "tags"), "who wrote it"
    with bounded_queries():
        assert browser.get(f"{base}/{row}").status_code == 200
    again = send(browser, f"{base}/new", **told)
    assert again.status_code == (302 if place in ("supplements", "maintenance") else 400)
    elsewhere = make_practice()
    stranger = str(add_rows(elsewhere)[next(iter(values.values()))])
    refused = send(browser, f"{base}/new", **told | {next(iter(values)): stranger})
    assert refused.status_code == 400, "a row of another practice"
    assert (
        browser.post(
            f"{base}/{row}/delete", data=parse_hidden_fields(browser.get(f"{base}/{row}"))
        ).status_code
        == 302
    )
    assert f"{base}/{row}" not in browser.get(base).text


def test_rows_of_another_patient_are_not_found(
    calendar: Calendar, browser: httpx.Client, lists: dict[str, int]
) -> None:
    base = f"/patients/{calendar.patient_id}/tags"
    send(browser, f"{base}/new", tag=str(lists["tag"]))
    (row,) = re.findall(rf'href="{base}/(\d+)"', browser.get(base).text)
    with tenancy.within(calendar.clinic.id):
        other = Patient.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, first_name="Else", gender="Other"
        )
    assert browser.get(f"/patients/{other.pk}/tags/{row}").status_code == 404
    assert "VIP" not in browser.get(f"/patients/{other.pk}").text
    assert 'fill="#b2f07e"' in browser.get(f"/patients/{calendar.patient_id}").text, (
        "it stands above the chart"
    )


def test_future_dates_are_refused(calendar: Calendar, browser: httpx.Client, lists: dict[str, int]) -> None:
    base = f"/patients/{calendar.patient_id}"
    tracked = send(browser, f"{base}/maintenance/new", tracker=str(lists["tracker"]), date="2099-01-01")
    assert "is in the future" in tracked.text
    values = {"supplement": str(lists["supplement"]), "discontinued_at": "2099-01-01T10:00:00"}
    assert "is in the future" in send(browser, f"{base}/supplements/new", **values).text
    facility = send(browser, f"{base}/facilities/new", facility=str(lists["pharmacy"]))
    assert "part of the demographics" in facility.text


def test_an_image_is_added_and_shown(calendar: Calendar, browser: httpx.Client) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    base = f"/patients/{calendar.patient_id}/images"
    values = parse_hidden_fields(browser.get(f"{base}/new")) | {"photo_type": "medical", "name": "Rash"}
    upload = {"file": ("rash.png", picture.getvalue(), "image/png")}
    assert (
        browser.post(f"{base}/new", data=values, files={"file": ("x.png", b"no", "image/png")}).status_code
        == 400
    )
    assert browser.post(f"{base}/new", data=values, files=upload).status_code == 302
    with bounded_queries():
        page = browser.get(base).text
    assert re.search(r'<img class="thumbnail" src="[^"]+/thumbnails/[^"]+" alt="Rash"', page)
    caller = make_api_user(calendar.clinic.practice).client()
    (image,) = caller.get(f"/api/v1/patients/{calendar.patient_id}/images").json()["data"]
    assert (image["photo_type"], image["name"]) == ("medical", "Rash")
    content = caller.get(f"/api/v1/patients/{calendar.patient_id}/images/{image['id']}/content")
    assert content.content == picture.getvalue()


def test_every_list_of_cerbos_resources_is_written_here() -> None:
    own = {resource.path for resource in RESOURCES}
    segments = {section.segment for section in chart_lists.LISTS if section.resource_path in own}
    assert segments == {*WRITTEN, "images"}
