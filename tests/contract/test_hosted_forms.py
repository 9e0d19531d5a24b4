"""What clients of the hosted DrChrono API send and read beyond the reference page. Facts: reference
drchrono/behaviour.md, "Seen with clients"."""

import pytest

from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem
from charthouse.domains.clinical.models import ClinicalNoteTemplate
from charthouse.domains.practice.drchrono.differences import is_live
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.domains.billing.client import BillingClient
from tests.domains.scheduling.calendar import DAY


@pytest.fixture(scope="module")
def billing(database: None) -> BillingClient:
    return BillingClient()


def test_diagnoses_of_a_visit(billing: BillingClient) -> None:
    billing.charge(diagnosis_pointers=["E11.9", "I10"])
    shown = billing.get(billing.visit["id"], "appointments")
    expected = (["E11.9", "I10"], []) if is_live("appointments.icd10_codes") else ("E11.9, I10", "")
    assert (shown["icd10_codes"], shown["icd9_codes"]) == expected


def test_a_code_and_its_word_are_both_written(billing: BillingClient) -> None:
    shown = {billing.charge(procedure_type=text)["procedure_type"] for text in ("C", "CPT(C)")}
    assert shown == {"C" if is_live("line_items.procedure_type") else "CPT(C)"}
    assert list(billing.try_to_charge(procedure_type="X").json()) == ["procedure_type"]


def test_text_is_appended_to_the_pharmacy_note_as_a_paragraph(billing: BillingClient) -> None:
    row = billing.new("medications", patient=billing.patient_id, name="Metformin")["id"]
    url = f"/api/medications/{row}/append_to_pharmacy_note"
    answers = [billing.http.patch(url, json={"text": text}) for text in ("Call first.", "Then deliver.")]
    if is_live("medications.append_to_pharmacy_note"):
        assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    else:
        notes = ("Call first.", "Call first.\n\nThen deliver.")
        assert [answer.json() for answer in answers] == [{"pharmacy_note": note} for note in notes]
    assert billing.get(row, "medications")["pharmacy_note"] == "Call first.\n\nThen deliver."
    for body in ({}, {"text": ""}, {"text": None}, {"text": ["x"]}, [], None):
        assert billing.http.patch(url, json=body).status_code == 400
    assert billing.http.post(url, json={"text": "x"}).status_code == 405


def test_price_and_modifiers_of_the_fee_schedule(billing: BillingClient) -> None:
    practice = billing.clinic.practice
    with tenancy.within(practice.pk):
        schedule = FeeSchedule.objects.create(practice=practice, doctor=billing.doctor)
        FeeScheduleItem.objects.create(
            practice=practice,
            schedule=schedule,
            code="99214",
            base_price=90,
            insured_price=120,
            cpt_hcpcs_modifier1="25",
        )
    body = {
        "appointment": billing.visit["id"],
        "doctor": billing.doctor.pk,
        "code": "99214",
        "procedure_type": "C",
        "diagnosis_pointers": [1],
    }
    url, defaults = "/api/line_items", {"use_fee_schedule_defaults": "true"}
    made = billing.http.post(url, json=body, params=defaults).json()
    assert (made["price"], made["modifiers"]) == ("120.00", ["25", "", "", ""])
    own = billing.http.post(url, json=body | {"price": "75.00", "modifiers": ["59"]}, params=defaults).json()
    assert (own["price"], own["modifiers"]) == ("75.00", ["59", "", "", ""])
    for refused, parameters in (
        (body, {}),
        (body | {"code": "99999"}, defaults),
        (body | {"procedure_type": "U"}, defaults),
    ):
        answer = billing.http.post(url, json=refused, params=parameters)
        assert (answer.status_code, list(answer.json())) == (400, ["price"])


def test_a_break_without_an_exam_room(billing: BillingClient) -> None:
    first = billing.book(f"{DAY}T12:00:00", patient=None, exam_room=0)
    assert first["exam_room"] == 0
    assert billing.change_and_read(first, duration=60)["duration"] == 60
    assert list(billing.change(first, patient=billing.patient_id).json()) == ["exam_room"]
    assert list(billing.try_to_book(f"{DAY}T14:00:00", exam_room=0).json()) == ["exam_room"]
    body = billing.body(f"{DAY}T15:00:00", exam_room=0)
    del body["patient"]
    assert "patient" in billing.post("appointments", body).json()


def test_appointments_list_without_a_uuid_is_the_list(billing: BillingClient) -> None:
    visit = billing.book("2026-05-04T09:00:00")
    billing.book("2026-05-05T09:00:00")
    days = {"date_range": "2026-05-04/2026-05-05", "page_size": 1}
    page = billing.http.get("/api/appointments_list", params=days).json()
    assert page == billing.http.get("/api/appointments", params=days).json() | {"next": page["next"]}
    following = billing.http.get(page["next"]).json()
    assert (len(following["results"]), following["next"]) == (1, None)
    assert billing.http.get("/api/appointments_list").status_code == 400
    url = f"/api/appointments_list/{visit['id']}"
    assert billing.http.get(url).json()["scheduled_time"] == "2026-05-04T09:00:00"
    assert billing.http.patch(url, json={"reason": "Cough"}).status_code == 204
    assert billing.http.put(url, json=billing.body("2026-05-04T10:00:00")).status_code == 204
    assert billing.get(visit["id"], "appointments")["scheduled_time"] == "2026-05-04T10:00:00"
    assert billing.http.delete(url).status_code == 204
    assert billing.http.get("/api/appointments_list", params={"date": "2026-05-04"}).json()["results"] == []


def test_templates_of_days(billing: BillingClient) -> None:
    profile = billing.new(
        "appointment_profiles",
        name="Visit",
        duration=30,
        online_scheduling=True,
        color="#3366CC",
        reason="Visit",
    )["id"]
    body = {"profile": profile, "office": billing.office.pk, "exam_room": 1, "duration": 60}
    rows = [
        billing.new("appointment_templates", **body, scheduled_time=f"0{hour}:00:00", week_days=[hour])["id"]
        for hour in (1, 2)
    ]
    assert billing.ids("appointment_templates", week_days="1,6") == rows[:1]
    assert billing.ids("appointment_templates", week_days=["1", "2"]) == rows
    assert billing.ids("appointment_templates", week_days=["6", "2"]) == rows[1:]


def test_keys_in_the_query_are_parameters_of_the_document(billing: BillingClient) -> None:
    """Clients that are generated from the hosted document send these in the query."""
    paths = billing.http.get("/openapi/drchrono.json").json()["paths"]
    resources = {key for resource in get_registry() for key in _list_query_keys(resource)}
    assert ("yellow_notepad", "appointment_id") in resources
    for path, name in resources:
        (found,) = (each for each in paths[f"/api/{path}"]["post"]["parameters"] if each["name"] == name)
        assert (found["in"], found.get("required", False)) == ("query", False)
    practice = billing.clinic.practice
    with tenancy.within(practice.pk):
        template = ClinicalNoteTemplate.objects.create(practice=practice, doctor=billing.doctor, name="Visit")
    ids = {"appointment_id": int(billing.visit["id"]), "template_id": template.pk}
    answer = billing.http.post("/api/yellow_notepad", params=ids, json={"content": "Ask about the job."})
    assert answer.status_code == 201
    assert answer.json() | ids == answer.json() | {"content": "Ask about the job."}


def _list_query_keys(resource: Resource) -> list[tuple[str, str]]:
    posts = "POST" in resource.list_methods
    return [(resource.path, key.name) for key in resource.writable if key.in_query and posts]
