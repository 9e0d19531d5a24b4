"""Patients: writing and reading, lists, sharing, deletion, hostile values."""

import json
from datetime import timedelta
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.domains.caller import NEW, Caller
from tests.support import make_doctor, make_practice


def test_what_a_create_leaves_out(caller: Caller) -> None:
    made = caller.new()
    assert made["patient_status"] == "A"
    assert made["race"] == made["ethnicity"] == made["preferred_language"] == "blank"
    assert made["email"] == ""
    assert made["copay"] is None
    assert made["disable_sms_messages"] is False
    assert made["offices"] == []
    assert made["primary_insurance"] is None
    assert made["custom_demographics"] == made["patient_flags_attached"] == []
    assert made == caller.get(made["id"])


def test_verbose_keys_are_shown_on_request_only(caller: Caller) -> None:
    made = caller.new()
    plain = caller.http.get(f"/api/patients/{made['id']}").json()
    assert set(made) - set(plain) == {
        "auto_accident_insurance", "primary_insurance", "secondary_insurance", "tertiary_insurance",
        "custom_demographics", "patient_flags", "patient_flags_attached", "referring_doctor",
        "workers_comp_insurance", "date_of_first_appointment", "date_of_last_appointment",
    }  # fmt: skip


def test_every_wrong_key_is_named_at_once(caller: Caller) -> None:
    body = {
        "gender": "UNK",
        "race": "other",
        "ethnicity": "latino",
        "preferred_language": "English",
        "patient_status": "Z",
        "patient_payment_profile": "Barter",
        "state": "California",
        "date_of_birth": "12/04/1987",
        "copay": "much",
        "primary_insurance": {"insurance_plan_type": "XX", "insurance_company": "x" * 201},
        "patient_photo_date": "2026-01-01",
    }
    response = caller.post("patients", body)
    assert response.status_code == 400
    assert set(response.json()) == {*body, "doctor"}
    assert set(response.json()["primary_insurance"]) == {"insurance_plan_type", "insurance_company"}
    assert caller.ids() == []


def test_put_replaces_what_a_plain_get_shows_and_keeps_the_rest(caller: Caller) -> None:
    made = caller.new(
        nick_name="Ama",
        email="amara@example.com",
        race="black",
        patient_status="I",
        primary_insurance={"insurance_company": "Aetna"},
    )
    response = caller.http.put(f"/api/patients/{made['id']}", json=caller.patient(first_name="Amy"))
    assert response.status_code == 204
    assert response.content == b""
    after = caller.get(made["id"])
    assert (after["first_name"], after["nick_name"], after["email"], after["race"]) == (
        "Amy",
        "",
        "",
        "blank",
    )
    assert after["patient_status"] == "A"
    assert after["chart_id"] == made["chart_id"]
    assert after["primary_insurance"]["insurance_company"] == "Aetna"


def test_put_needs_what_is_required(caller: Caller) -> None:
    made = caller.new()
    response = caller.http.put(f"/api/patients/{made['id']}", json={"first_name": "Amy"})
    assert response.status_code == 400
    assert set(response.json()) == {"doctor", "gender"}


def test_patch_changes_what_it_names(caller: Caller) -> None:
    made = caller.new(email="amara@example.com")
    with clock.shift(timedelta(minutes=1)):
        assert caller.patch(made["id"], cell_phone="555-0100", unheard_of=1).status_code == 204
    after = caller.get(made["id"])
    assert after == made | {"cell_phone": "555-0100", "updated_at": after["updated_at"]}
    assert after["updated_at"] > made["updated_at"]


def test_a_form_can_write_plain_keys(caller: Caller) -> None:
    made = caller.new()
    response = caller.http.patch(f"/api/patients/{made['id']}", data={"city": "Lagos", "copay": "20.559"})
    assert response.status_code == 204
    after = caller.get(made["id"])
    assert (after["city"], after["copay"]) == ("Lagos", "20.55")


def test_a_list_is_created_whole_or_not_at_all(caller: Caller) -> None:
    wrong = [caller.patient(), caller.patient(gender="none"), caller.patient()]
    response = caller.post("patients", wrong)
    assert response.status_code == 400
    assert [set(errors) for errors in response.json()] == [set(), {"gender"}, set()]
    assert caller.ids() == []
    response = caller.post("patients", [caller.patient(), caller.patient()])
    assert response.status_code == 201
    assert [row["chart_id"] for row in response.json()] == ["OkAm000001", "OkAm000002"]


# -- lists ------------------------------------------------------------------------------------------------------


def test_lists_show_active_patients_unless_asked(caller: Caller) -> None:
    active, inactive, dead = (caller.new(patient_status=status)["id"] for status in "AID")
    for path in ("patients", "patients_summary"):
        assert caller.ids(path) == [active]
        assert caller.ids(path, show_inactive="true") == [active, inactive, dead]
        assert caller.ids(path, show_inactive="") == [active, inactive, dead]
        assert caller.ids(path, show_inactive="false") == [active]
        assert caller.http.get(f"/api/{path}/{dead}").status_code == 200


def test_inactive_patients_can_still_be_written_to(caller: Caller) -> None:
    made = caller.new(patient_status="D", date_of_death="2026-01-02")
    assert caller.patch(made["id"], city="Lagos").status_code == 204
    assert caller.get(made["id"])["city"] == "Lagos"


def test_filters(caller: Caller) -> None:
    other = make_doctor(caller.clinic.practice)
    amara = caller.new(email="amara@example.com", race="black", preferred_language="ibo")["id"]
    bo = caller.new(
        first_name="Bo", last_name="O'Kane", gender="Male", date_of_birth="2001-02-03", doctor=other.pk,
        ethnicity="declined", chart_id="BO-1",
    )["id"]  # fmt: skip
    found: list[tuple[list[int], dict[str, Any]]] = [
        ([amara], {"first_name": "MAR"}),
        ([amara], {"last_name": "kaf"}),
        ([amara], {"gender": "Female"}),
        ([amara], {"date_of_birth": "1987-04-12"}),
        ([amara], {"email": "amara@example.com"}),
        ([amara], {"race": "black"}),
        ([amara], {"preferred_language": "ibo"}),
        ([amara], {"first_name": "a", "last_name": "o", "date_of_birth": "1987-04-12"}),
        ([bo], {"last_name": "o'k"}),
        ([bo], {"doctor": other.pk}),
        ([bo], {"ethnicity": "declined"}),
        ([bo], {"chart_id": "BO-1"}),
        ([amara, bo], {"since": "2020-01-01"}),
        ([amara, bo], {"created_at": "2020-01-01"}),
        ([amara, bo], {"gender": "", "nobody_knows": "1"}),
        ([], {"last_name": "%"}),
        ([], {"last_name": "_"}),
        ([], {"email": "amara"}),
        ([], {"since": "2999-01-01"}),
        ([], {"doctor": "9" * 15}),
        ([], {"race": "nobody's"}),
    ]
    for ids, query in found:
        assert caller.ids(**query) == ids, query
    wrong = {
        "gender": "UNK",
        "date_of_birth": "x",
        "doctor": "x",
        "since": "x",
        "offices": "1,x",
        "first_name": "\0",
    }
    response = caller.http.get("/api/patients", params=wrong)
    assert response.status_code == 400
    assert set(response.json()) == set(wrong)


def test_since_sees_what_changed_inside_an_object(caller: Caller) -> None:
    """A client that asks for changes since a moment must not miss a new insurance."""
    made = caller.new(primary_insurance={"insurance_company": "Aetna"})
    later = clock.now() + timedelta(hours=1)
    with clock.shift(timedelta(hours=2)):
        assert caller.patch(made["id"], primary_insurance={"insurance_company": "Aetna"}).status_code == 204
        assert caller.ids(since=later.strftime("%Y-%m-%dT%H:%M:%S")) == []
        assert caller.patch(made["id"], primary_insurance={"insurance_company": "Cigna"}).status_code == 204
        assert caller.ids(since=later.strftime("%Y-%m-%dT%H:%M:%S")) == [made["id"]]


# -- who sees whom ----------------------------------------------------------------------------------------------


def test_sharing_off_shows_the_own_doctors_patients() -> None:
    clinic = make_practice(sharing=())
    mine, theirs = Caller(clinic), Caller(clinic, doctor=make_doctor(clinic.practice))
    patient, flag, field = (
        theirs.new()["id"],
        theirs.new("patient_flag_types", name="Fall risk")["id"],
        theirs.new("custom_demographics", name="Housing")["id"],
    )
    for path, row in {
        "patients": patient,
        "patients_summary": patient,
        "patient_flag_types": flag,
        "custom_demographics": field,
    }.items():
        assert mine.ids(path) == []
        assert theirs.ids(path) == [row]
        url = f"/api/{path}/{row}"
        assert mine.http.get(url).status_code == 404
        assert mine.http.patch(url, json={"name": "x"}).status_code == 404
    assert mine.http.delete(f"/api/patients/{patient}").status_code == 404
    own = mine.new()["id"]
    refused = mine.patch(
        own, patient_flags_attached=[{"flag_type": flag}], custom_demographics=[{"field_type": field}]
    )
    assert refused.status_code == 400
    assert set(refused.json()) == {"patient_flags_attached", "custom_demographics"}
    # neither a create nor a change may put a row out of the caller's own sight
    assert mine.post("patients", mine.patient(doctor=theirs.doctor.pk)).status_code == 400
    assert mine.patch(own, doctor=theirs.doctor.pk).status_code == 400
    assert mine.get(own)["doctor"] == mine.doctor.pk


def test_sharing_on_shows_the_whole_group() -> None:
    clinic = make_practice(sharing=("share_patients",))
    mine, theirs = Caller(clinic), Caller(clinic, doctor=make_doctor(clinic.practice))
    patient = theirs.new()["id"]
    assert mine.ids() == [patient]
    assert mine.patch(patient, city="Lagos").status_code == 204
    assert mine.patch(patient, doctor=mine.doctor.pk).status_code == 204


def test_patients_of_another_practice_are_not_found(caller: Caller) -> None:
    stranger = Caller()
    patient = stranger.new()["id"]
    flag = stranger.new("patient_flag_types", name="Fall risk")["id"]
    own = caller.new()["id"]
    assert caller.ids() == [own]
    assert caller.http.get(f"/api/patients/{patient}").status_code == 404
    assert caller.http.put(f"/api/patients/{patient}", json=caller.patient()).status_code == 404
    assert caller.http.delete(f"/api/patients/{patient}").status_code == 404
    assert caller.patch(own, doctor=stranger.doctor.pk).status_code == 400
    assert caller.patch(own, patient_flags_attached=[{"flag_type": flag}]).status_code == 400
    assert stranger.get(patient)["doctor"] == stranger.doctor.pk


def test_the_summary_is_read_without_permission_and_written_with_it() -> None:
    clinic = make_practice()
    patient = Caller(clinic).new()["id"]
    reader = Caller(clinic, scopes=("patients:summary",), permissions=())
    assert reader.ids("patients_summary") == [patient]
    assert set(reader.get(patient, "patients_summary")) == {"id", "doctor", "chart_id", *NEW}
    assert reader.patch(patient, "patients_summary", first_name="Amy").status_code == 403
    assert reader.http.get("/api/patients").status_code == 403
    writer = Caller(clinic, scopes=("patients:summary",), permissions=("Manage Patients",))
    assert writer.patch(patient, "patients_summary", first_name="Amy").status_code == 204


def test_the_summary_leaves_the_rest_of_a_patient_alone(caller: Caller) -> None:
    made = caller.new(email="amara@example.com", primary_insurance={"insurance_company": "Aetna"})
    response = caller.http.put(f"/api/patients_summary/{made['id']}", json=caller.patient(first_name="Amy"))
    assert response.status_code == 204
    assert caller.get(made["id"]) == made | {
        "first_name": "Amy",
        "updated_at": caller.get(made["id"])["updated_at"],
    }
    short = caller.post("patients_summary", {"doctor": caller.doctor.pk, "gender": "Other"})
    assert set(short.json()) == {"date_of_birth"}
    whole = caller.new("patients_summary")
    assert caller.get(whole["id"])["patient_status"] == "A"


# -- deletes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["patients", "patients_summary"])
def test_a_deleted_patient_is_not_found_and_the_row_stays(caller: Caller, path: str) -> None:
    patient = caller.new()["id"]
    url = f"/api/{path}/{patient}"
    assert caller.http.delete(url).status_code == 204
    assert caller.http.delete(url).status_code == 404
    assert caller.http.get(url).status_code == 404
    assert caller.http.patch(url, json={"city": "Lagos"}).status_code == 404
    assert caller.ids(show_inactive="true") == []
    with tenancy.within(caller.clinic.id):
        assert Patient.objects.get(pk=patient).archived


# -- hostile values ---------------------------------------------------------------------------------------------

HOSTILE: list[Any] = [
    "\0", "x" * 10_000, "'; drop table patients_patient; --", -1, 0, 2**63, 10**400, 1e308, True, [], {},
    [[]], [None], [{}], {"id": {}}, {"$gt": ""}, "9999-99-99", "0000-01-01", "1e9999", "NaN", "\u202e", None,
]  # fmt: skip


@pytest.mark.parametrize("position", range(len(HOSTILE)))
def test_no_value_of_any_key_breaks_anything(caller: Caller, position: int) -> None:
    """The client itself fails on a 500, and on an answer that doesn't match the OpenAPI document."""
    made = caller.new()
    value, names = HOSTILE[position], set(made) - {"doctor"}
    headers = {"Content-Type": "application/json"}
    for method, url in (("POST", "/api/patients"), ("PATCH", f"/api/patients/{made['id']}")):
        response = caller.http.request(method, url, content=_encode(value, names), headers=headers)
        assert response.status_code == 400
    names -= set(response.json())  # what can be parsed must be fit to be stored
    response = caller.http.patch(
        f"/api/patients/{made['id']}", content=_encode(value, names), headers=headers
    )
    assert response.status_code == 204, response.text


def _encode(value: Any, names: set[str]) -> bytes:
    return json.dumps({name: value for name in names}).encode()
