"""Encounters of Cerbo: notes of visits, written through the DrChrono API, and independent notes."""

from datetime import datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pikepdf
import pytest

from charthouse import clock
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment, CustomVital, CustomVitalValue
from charthouse.identity import tenancy
from charthouse.interchange.notes import pdf
from tests.domains.clinical.chart import Chart
from tests.domains.clinical.test_note_pdf import amend, file
from tests.domains.clinical.test_notes import lock, unlock
from tests.domains.scheduling.calendar import DAY
from tests.support import make_api_user, make_doctor

PROFILE = {"color": "#3a87ad", "duration": 30, "online_scheduling": False}
LATE = "2026-03-02T23:30:00"  # the third in UTC


@pytest.fixture
def program(chart: Chart) -> httpx.Client:
    """Return a client with an API user of the chart's practice; URLs are relative to Cerbo's base."""
    http = make_api_user(chart.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


def create(program: httpx.Client, patient: int, **values: Any) -> dict[str, Any]:
    answer = program.post("encounters", json={"pt_id": patient} | values)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def refused(program: httpx.Client, patient: int, **values: Any) -> dict[str, Any]:
    answer = program.post("encounters", json={"pt_id": patient} | values)
    assert answer.status_code == 400, answer.text
    fields: dict[str, Any] = answer.json()["error"]["fields"]
    return fields


def list_ids(program: httpx.Client, patient: int, **parameters: str) -> list[int]:
    page = program.get(f"patients/{patient}/encounters", params=parameters)
    assert page.status_code == 200, page.text
    return [row["id"] for row in page.json()["data"]]


# -- a visit's ----------------------------------------------------------------------------------------------------


def test_note_of_visit_is_an_encounter(chart: Chart, program: httpx.Client) -> None:
    visit = int(chart.book(LATE, reason="Cough")["id"])
    plan = chart.make_template("Plan", order_on_complete_note=2)
    box = chart.make_field(plan, "Follow up", "Checkbox", position=2)
    photo, quiet = chart.make_field(plan, "Photo", "Photo"), chart.make_field(plan, "Asked", "NullCheckbox")
    chart.write(visit, "Lungs clear.\nNo murmur.")
    for field, value in ((box, "True"), (photo, "https://example.com/x.png"), (quiet, "0")):
        assert chart.write(visit, value, field).status_code == 201
    shown = program.get(f"encounters/{visit}").json()
    assert shown.pop("created")
    assert shown == {
        "object": "encounter",
        "id": visit,
        "pt_id": chart.patient_id,
        "encounter_type": "ov",
        "title": "Cough",
        "content": "Assessment\nImpression: Lungs clear.\nNo murmur.\n\nPlan\nFollow up: Yes",
        "date_of_service": DAY,
        "owner": chart.clinic.user.pk,
        "parent_encounter": None,
        "is_signed": False,
        "date_signed": None,
        "signed_by": None,
        "addedby": chart.user.pk,
        "datedeleted": None,
    }
    assert list_ids(program, chart.patient_id) == []
    assert list_ids(program, chart.patient_id, signed_only="false") == [visit]
    lock(chart, visit)
    signed = program.get(f"encounters/{visit}").json()
    assert (signed["is_signed"], signed["signed_by"]) == (True, chart.user.pk)
    assert signed["date_signed"]
    assert list_ids(program, chart.patient_id) == [visit]
    unlock(chart, visit)
    assert program.get(f"encounters/{visit}").json()["date_signed"] is None


def test_title_of_visit_is_reason_profile_or_type(chart: Chart, program: httpx.Client) -> None:
    profile = chart.new("appointment_profiles", name="Physical exam", reason="Checkup", **PROFILE)["id"]
    visits = (
        chart.visit(),
        chart.visit("2026-03-03", profile=profile),
        chart.visit("2026-03-04", profile=profile, reason="Fever"),
    )
    with tenancy.within(chart.clinic.id):  # as an import does; the API uses the profile's reason
        Appointment.objects.filter(pk=visits[1]).update(reason="")
    titles = [program.get(f"encounters/{visit}").json()["title"] for visit in visits]
    assert titles == ["Office visit", "Physical exam", "Fever"]


def test_note_of_visit_is_deleted_with_appointment_only(chart: Chart, program: httpx.Client) -> None:
    visit = chart.visit()
    answer = program.delete(f"encounters/{visit}")
    assert answer.status_code == 409
    assert "appointment" in answer.json()["error"]["message"]
    assert chart.read_appointment(str(visit))["deleted_flag"] is False
    assert chart.http.delete(f"/api/appointments/{visit}").status_code == 204
    assert program.get(f"encounters/{visit}").status_code == 404


def test_links_of_other_objects_resolve(chart: Chart, program: httpx.Client) -> None:
    visit = chart.visit()
    body = {"doctor": chart.doctor.pk, "patient": chart.patient_id, "icd_code": "I10", "appointment": visit}
    chart.post("problems", body)
    with tenancy.within(chart.clinic.id):
        own = {"practice": chart.clinic.practice}
        flow = CustomVital.objects.create(doctor=chart.doctor, name="Peak flow", **own)
        CustomVitalValue.objects.create(appointment_id=visit, vital_type=flow, value="410", **own)
    for path in ("pmh", f"vitals/{flow.pk}"):
        (row,) = program.get(f"patients/{chart.patient_id}/{path}").json()["data"]
        found = program.get(row["url_encounter"])
        assert found.status_code == 200
        assert (found.json()["id"], found.json()["pt_id"]) == (row["encounter_id"], chart.patient_id)
    patient = program.get(f"patients/{chart.patient_id}").json()
    whole = program.get(patient["url_encounters"], params={"signed_only": "false"})
    assert [row["id"] for row in whole.json()["data"]] == [visit]


# -- one that stands alone ----------------------------------------------------------------------------------------


def test_missing_values_get_defaults(chart: Chart, program: httpx.Client) -> None:
    made = create(program, chart.patient_id)
    today = clock.now().astimezone(ZoneInfo(chart.doctor.timezone)).date().isoformat()
    assert (made["encounter_type"], made["title"], made["content"]) == ("ov", "Office visit", "")
    assert (made["date_of_service"], made["owner"], made["addedby"]) == (today, 99999, 99999)
    assert (made["is_signed"], made["parent_encounter"], made["pt_id"]) == (False, None, chart.patient_id)


def test_encounter_is_read_back_as_written(chart: Chart, program: httpx.Client) -> None:
    said = {
        "date_of_service": "2031-01-02",
        "title": "Call",
        "content": "Better.\n\nCalls again on Monday.",
        "encounter_type": "ph",
        "owner": chart.user.pk,
    }
    made = create(program, chart.patient_id, **said)
    assert {name: made[name] for name in said} == said
    assert program.get(f"encounters/{made['id']}").json() == made
    assert list_ids(program, chart.patient_id, signed_only="false", type="ph") == [made["id"]]
    assert list_ids(program, chart.patient_id, signed_only="false", type="ov") == []
    assert program.delete(f"encounters/{made['id']}").status_code == 200
    assert program.get(f"encounters/{made['id']}").status_code == 404
    assert list_ids(program, chart.patient_id, signed_only="false") == []


def test_ids_of_visits_and_independent_notes_are_unique(chart: Chart, program: httpx.Client) -> None:
    visits = [chart.visit(f"2026-03-0{day}") for day in (2, 3, 4)]
    others = [create(program, chart.patient_id)["id"] for _ in range(3)]
    assert len({*visits, *others}) == 6
    later = chart.visit("2026-03-05")
    assert later not in others
    assert list_ids(program, chart.patient_id, signed_only="false") == sorted([*visits, *others, later])
    with tenancy.within(chart.clinic.id):
        assert not Appointment.objects.filter(pk__in=others).exists()


def test_drchrono_shows_only_notes_of_visits(chart: Chart, program: httpx.Client) -> None:
    visit, other = chart.visit(), create(program, chart.patient_id)["id"]
    assert chart.ids("clinical_notes", since="2000-01-01") == [visit]
    assert chart.http.get(f"/api/clinical_notes/{other}").status_code == 404
    assert chart.http.get(f"/api/appointments/{other}").status_code == 404
    assert chart.write(other, "x").status_code == 400


def test_parent_must_be_of_same_patient(chart: Chart, program: httpx.Client) -> None:
    visit = chart.visit()
    top = create(program, chart.patient_id)["id"]
    below = create(program, chart.patient_id, parent_encounter=top)
    assert below["parent_encounter"] == top
    assert create(program, chart.patient_id, parent_encounter=visit)["parent_encounter"] == visit
    stranger = chart.new("patients", gender="Female", doctor=chart.doctor.pk)["id"]
    for patient, parent in ((chart.patient_id, below["id"]), (stranger, top), (chart.patient_id, 2**40)):
        assert refused(program, patient, parent_encounter=parent).keys() == {"parent_encounter"}
    assert program.delete(f"encounters/{top}").status_code == 409
    assert program.delete(f"encounters/{below['id']}").status_code == 200
    assert program.delete(f"encounters/{top}").status_code == 200
    assert refused(program, chart.patient_id, parent_encounter=top).keys() == {"parent_encounter"}


def test_invalid_encounters_are_rejected(chart: Chart, program: httpx.Client) -> None:
    assert refused(program, chart.patient_id, encounter_type="zz") == {
        "encounter_type": ['There is no encounter type "zz".']
    }
    elsewhere = Chart()
    assert refused(program, elsewhere.patient_id).keys() == {"pt_id"}
    assert refused(program, chart.patient_id, owner=elsewhere.user.pk).keys() == {"owner"}
    with tenancy.within(chart.clinic.id):
        type(chart.user).objects.filter(pk=chart.user.pk).update(is_active=False)
        Patient.objects.filter(pk=chart.patient_id).update(patient_status="I")
    assert refused(program, chart.patient_id, owner=chart.user.pk).keys() == {"owner"}
    assert refused(program, chart.patient_id) == {"pt_id": ["The patient is inactive."]}
    with tenancy.within(chart.clinic.id):
        Patient.objects.filter(pk=chart.patient_id).update(patient_status="D")
    assert create(program, chart.patient_id)["pt_id"] == chart.patient_id
    assert program.post("encounters", json={}).json()["error"]["fields"] == {
        "pt_id": ["This field is required."]
    }


def test_signed_encounter_cannot_be_deleted(chart: Chart, program: httpx.Client) -> None:
    made = create(program, chart.patient_id, title="Call", content="#panic() *as written*")["id"]
    assert amend(chart, file(2)).status_code == 201
    with tenancy.within(chart.clinic.id):
        notes.lock(chart.clinic.id, made, chart.user.pk)
        assert ClinicalNote.objects.get(pk=made).signed_pdf_id
        content = pdf.render_note(chart.clinic.id, made)
    assert content
    with pikepdf.open(BytesIO(content)) as pages:
        assert len(pages.pages) == 1, "an amendment that is of no visit doesn't follow it"
    shown = program.get(f"encounters/{made}").json()
    assert (shown["is_signed"], shown["signed_by"]) == (True, chart.user.pk)
    assert list_ids(program, chart.patient_id) == [made]
    answer = program.delete(f"encounters/{made}")
    assert answer.status_code == 409
    assert "locked" in answer.json()["error"]["message"]
    assert program.get(f"encounters/{made}").json() == shown


def test_patient_with_open_encounter_cannot_be_deleted(chart: Chart, program: httpx.Client) -> None:
    made = create(program, chart.patient_id)["id"]
    answer = program.delete(f"patients/{chart.patient_id}")
    assert answer.status_code == 409
    assert "SOAP notes" in answer.json()["error"]["message"]
    with tenancy.within(chart.clinic.id):
        notes.lock(chart.clinic.id, made, chart.user.pk)
    assert program.delete(f"patients/{chart.patient_id}").status_code == 200


def test_patient_with_open_note_of_visit_cannot_be_deleted(chart: Chart, program: httpx.Client) -> None:
    visit = chart.visit()
    chart.write(visit, "Lungs clear.")
    assert program.delete(f"patients/{chart.patient_id}").status_code == 409
    lock(chart, visit)
    assert program.delete(f"patients/{chart.patient_id}").status_code == 200


# -- types --------------------------------------------------------------------------------------------------------


def test_every_practice_has_encounter_types(program: httpx.Client, chart: Chart) -> None:
    shown = program.get("encounter_types").json()["data"]
    assert [row["encounter_type"] for row in shown] == ["ov", "tv", "ph", "cn"]
    assert shown[0] == {
        "encounter_type": "ov",
        "name": "Office visit",
        "description": "",
        "is_face_to_face": True,
        "place_of_service_code": "11",
        "provider_taxonomy": "",
        "sort_priority": 10,
        "deletedby": None,
    }


def test_encounters_keep_a_deleted_type(program: httpx.Client, chart: Chart) -> None:
    visit, made = chart.visit(), create(program, chart.patient_id)["id"]
    with tenancy.within(chart.clinic.id):
        types = EncounterType.objects.filter(practice=chart.clinic.id)
        types.filter(code="ov").update(archived=True, deleted_by=chart.user)
    assert program.get("encounter_types").json()["data"][0]["encounter_type"] == "tv"
    whole = program.get("encounter_types", params={"include_deleted": "1"}).json()["data"]
    assert (whole[0]["encounter_type"], whole[0]["deletedby"]) == ("ov", chart.user.pk)
    assert program.get(f"encounters/{made}").json()["encounter_type"] == "ov"
    assert program.get(f"encounters/{visit}").json()["encounter_type"] == "tv"
    assert list_ids(program, chart.patient_id, signed_only="false", type="tv") == [visit]
    assert refused(program, chart.patient_id, encounter_type="ov").keys() == {"encounter_type"}
    assert create(program, chart.patient_id)["encounter_type"] == "tv"
    with tenancy.within(chart.clinic.id):
        EncounterType.objects.filter(practice=chart.clinic.id).update(archived=True)
    assert refused(program, chart.patient_id).keys() == {"encounter_type"}
    assert program.get(f"encounters/{visit}").json()["encounter_type"] == "ov"


def test_encounter_of_other_practice_is_not_found(program: httpx.Client, chart: Chart) -> None:
    other = Chart()
    theirs = make_api_user(other.clinic.practice).client()
    made, visit = create(program, chart.patient_id)["id"], chart.visit()
    for row in (made, visit):
        assert theirs.get(f"/api/v1/encounters/{row}").status_code == 404
        assert theirs.delete(f"/api/v1/encounters/{row}").status_code == 404
    assert theirs.get(f"/api/v1/patients/{chart.patient_id}/encounters").status_code == 404
    body = {"pt_id": other.patient_id, "parent_encounter": made}
    assert theirs.post("/api/v1/encounters", json=body).status_code == 400


def test_doctor_without_user_owns_nothing(program: httpx.Client, chart: Chart) -> None:
    nobody = make_doctor(chart.clinic.practice)
    visit = chart.visit(doctor=nobody.pk)
    assert program.get(f"encounters/{visit}").json()["owner"] == 99999


def test_created_comes_from_the_clock(program: httpx.Client, chart: Chart) -> None:
    made = create(program, chart.patient_id)
    at = datetime.fromisoformat(made["created"] + "+00:00")
    assert abs((clock.now() - at).total_seconds()) < 60


def test_pdf_of_signed_encounter_has_its_title(program: httpx.Client, chart: Chart) -> None:
    made = create(program, chart.patient_id, title="Call", owner=chart.user.pk)["id"]
    with tenancy.within(chart.clinic.id):
        row = ClinicalNote.objects.select_related("patient__doctor", "practice").get(pk=made)
        facts = dict(pdf._build_header(row)["facts"])
    assert (facts["Kind"], facts["Date"]) == ("Office visit", row.date_of_service.isoformat())
