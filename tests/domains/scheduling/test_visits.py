"""What a visit records: status, vitals, custom values, insurance, times of changes."""

from datetime import timedelta
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.patients.models import Coverage
from charthouse.domains.scheduling.models import BillingNote, CustomVital, CustomVitalValue, Vitals
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import DAY, Calendar


def list_steps(appointment: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["from_status"], step["to_status"]) for step in appointment["status_transitions"]]


def test_status_changes_are_recorded(calendar: Calendar) -> None:
    made = calendar.book()
    assert (made["status"], made["status_transitions"]) == ("", [])
    for status in ("Arrived", "Arrived", "In Room"):
        assert calendar.change(made, status=status).status_code == 204
    with clock.shift(timedelta(minutes=20)):
        shown = calendar.change_and_read(made, status="Waiting for labs", notes="custom status")
    assert list_steps(shown) == [("", "Arrived"), ("Arrived", "In Room"), ("In Room", "Waiting for labs")]
    assert {step["appointment"] for step in shown["status_transitions"]} == {made["id"]}
    times = [step["datetime"] for step in shown["status_transitions"]]
    assert times == sorted(times)
    assert times[2] == shown["updated_at"] > times[1]
    assert calendar.change(made, notes="still").status_code == 204
    assert len(list_steps(calendar.read_appointment(made))) == 3
    assert list_steps(calendar.book(f"{DAY}T10:00:00", status="Arrived")) == [("", "Arrived")]


def test_a_refused_change_records_nothing(calendar: Calendar) -> None:
    calendar.book()
    second = calendar.book(status="Cancelled")
    assert calendar.change(second, status="Confirmed").status_code == 409
    assert list_steps(calendar.read_appointment(second)) == [("", "Cancelled")]
    assert calendar.change(second, status="x" * 101).status_code == 400


# -- vitals -------------------------------------------------------------------------------------------------------

NOT_TAKEN = {
    "height": None,
    "height_units": "inches",
    "weight": None,
    "weight_units": "lbs",
    "bmi": None,
    "blood_pressure_1": None,
    "blood_pressure_2": None,
    "temperature": None,
    "temperature_units": "f",
    "pulse": None,
    "respiratory_rate": None,
    "oxygen_saturation": None,
    "pain": "",
    "smoking_status": "blank",
    "head_circumference": None,
    "head_circumference_units": "inches",
}


def test_vitals_not_taken_are_an_object_of_nulls(calendar: Calendar) -> None:
    assert calendar.book()["vitals"] == NOT_TAKEN


def test_vitals_are_read_as_number_or_text_and_shown_as_numbers(calendar: Calendar) -> None:
    made = calendar.book(vitals={"height": "70", "weight": 170.5, "blood_pressure_1": "120", "pain": 3})
    taken = {"height": 70, "weight": 170.5, "bmi": "24.46", "blood_pressure_1": 120, "pain": "3"}
    assert made["vitals"] == NOT_TAKEN | taken
    later = calendar.change_and_read(
        made, vitals={"weight": None, "temperature": 98.6, "smoking_status": "8517006"}
    )
    changed = {"weight": None, "bmi": None, "temperature": 98.6, "smoking_status": "8517006"}
    assert later["vitals"] == NOT_TAKEN | taken | changed
    assert calendar.change_and_read(made, vitals=None)["vitals"] == NOT_TAKEN
    assert calendar.change_and_read(made, vitals={"pulse": 60})["vitals"] == NOT_TAKEN | {"pulse": 60}


@pytest.mark.parametrize(
    ("taken", "bmi"),
    [
        ({"height": 180, "height_units": "cm", "weight": 80, "weight_units": "kg"}, "24.69"),
        ({"height": 180, "height_units": "cm", "weight": 176.37, "weight_units": "lbs"}, "24.69"),
        ({"height": 70.87, "weight": 80, "weight_units": "kg"}, "24.69"),
        ({"height": 20, "height_units": "cm", "weight": 700, "weight_units": "kg"}, "17500.00"),
        ({"weight": 80}, None),
    ],
)
def test_body_mass_index(calendar: Calendar, taken: dict[str, Any], bmi: str | None) -> None:
    assert calendar.book(vitals=taken)["vitals"]["bmi"] == bmi


def test_invalid_vitals_are_refused(calendar: Calendar) -> None:
    vitals = {
        "height": "tall",
        "weight": -1,
        "pulse": 1.5,
        "oxygen_saturation": 101,
        "pain": 11,
        "height_units": "feet",
        "smoking_status": "sometimes",
        "blood_pressure_1": 10**6,
        "bmi": "ignored",
    }
    answer = calendar.try_to_book(vitals=vitals)
    assert answer.status_code == 400
    assert set(answer.json()["vitals"]) == set(vitals) - {"bmi"}
    assert calendar.try_to_book(vitals="fine").status_code == 400


# -- custom vitals and fields -------------------------------------------------------------------------------------


def vital(calendar: Calendar, **values: Any) -> int:
    with tenancy.within(calendar.clinic.id):
        return CustomVital.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, **{"name": "Peak flow"} | values
        ).pk


def test_custom_vitals_are_merged_by_type(calendar: Calendar) -> None:
    flow, mood = vital(calendar, data_type="number"), vital(calendar, name="Mood")
    made = calendar.book(custom_vitals=[{"vital_type": flow, "value": 400}])
    assert made["custom_vitals"] == [{"vital_type": flow, "value": "400"}]
    shown = calendar.change_and_read(made, custom_vitals=[{"vital_type": mood, "value": "calm"}])
    assert shown["custom_vitals"] == [*made["custom_vitals"], {"vital_type": mood, "value": "calm"}]
    assert calendar.http.put(f"/api/appointments/{made['id']}", json=calendar.body()).status_code == 204
    assert calendar.read_appointment(made)["custom_vitals"] == shown["custom_vitals"]


def test_custom_vitals_fit_their_definition(calendar: Calendar) -> None:
    number = vital(calendar, data_type="number")
    ratio = vital(calendar, data_type="number", is_fraction_field=True, fraction_delimiter="/")
    select = vital(calendar, data_type="single_sel", allowed_values=["low", "high"])
    values = [(number, "x"), (number, "1/2"), (ratio, "1/2/3"), (select, "mid"), (2**40, "1")]
    for kind, value in values:
        answer = calendar.try_to_book(custom_vitals=[{"vital_type": kind, "value": value}])
        assert (answer.status_code, list(answer.json())) == (400, ["custom_vitals"])
    fitting = [(number, "-1.5"), (ratio, "120/80"), (select, "high")]
    made = calendar.book(custom_vitals=[{"vital_type": kind, "value": value} for kind, value in fitting])
    assert [(item["vital_type"], item["value"]) for item in made["custom_vitals"]] == fitting
    assert calendar.change(made, custom_vitals=[{"vital_type": select, "value": ""}]).status_code == 204


def test_definitions_of_custom_vitals(calendar: Calendar) -> None:
    one = vital(calendar, data_type="single_sel", allowed_values=["low"], unit="mg", description="d")
    assert calendar.get(one, "custom_vitals") == {
        "archived": False,
        "data_type": "single_sel",
        "doctor": calendar.doctor.pk,
        "id": one,
        "is_fraction_field": False,
        "name": "Peak flow",
        "allowed_values": ["low"],
        "description": "d",
        "fraction_delimiter": "",
        "unit": "mg",
    }
    assert calendar.post("custom_vitals", {}).status_code == 405
    old = vital(calendar, archived=True)
    assert calendar.ids("custom_vitals") == [one]
    assert calendar.ids("custom_vitals", show_archived="1", doctor=calendar.doctor.pk) == [one, old]
    gone = calendar.try_to_book(custom_vitals=[{"vital_type": old, "value": "1"}])
    assert gone.json() == {
        "custom_vitals": {"0": {"vital_type": [f'Invalid pk "{old}" - object does not exist.']}}
    }


def test_custom_fields(calendar: Calendar) -> None:
    first = calendar.new("custom_appointment_fields", field_name="Interpreter")
    second = calendar.new("custom_appointment_fields", field_name="Transport", field_desc="How")
    assert (first["order"], second["order"], second["archived"]) == (1, 2, False)
    made = calendar.book(custom_fields=[{"field_type": first["id"], "field_value": "Twi"}])
    later = calendar.change_and_read(made, custom_fields=[{"field_type": second["id"], "field_value": "Bus"}])
    assert [(item["field_type"], item["field_value"]) for item in later["custom_fields"]] == [
        (first["id"], "Twi"),
        (second["id"], "Bus"),
    ]
    assert calendar.list_appointments(date=DAY)[0]["custom_fields"] == later["custom_fields"]
    renamed = calendar.patch(first["id"], "custom_appointment_fields", field_name="Language")
    assert renamed.status_code == 204
    assert calendar.http.delete(f"/api/custom_appointment_fields/{first['id']}").status_code == 405


# -- computed keys ------------------------------------------------------------------------------------------------


def test_extended_updated_at_is_the_last_of_three(calendar: Calendar) -> None:
    made = calendar.book(vitals={"pulse": 60}, custom_vitals=[{"vital_type": vital(calendar), "value": "1"}])
    assert made["extended_updated_at"] == made["updated_at"]
    before = made["extended_updated_at"]
    for minutes, model in (
        (20, Vitals),
        (10, CustomVitalValue),
    ):  # as they change when another room writes them
        with clock.shift(timedelta(minutes=minutes)), tenancy.within(calendar.clinic.id):
            model.objects.get(appointment=made["id"]).save()
        shown = calendar.read_appointment(made)
        assert shown["updated_at"] == made["updated_at"] < shown["extended_updated_at"]
        assert (
            shown["extended_updated_at"] > before if minutes == 20 else shown["extended_updated_at"] == before
        )
        before = shown["extended_updated_at"]
    with clock.shift(timedelta(minutes=30)):
        shown = calendar.change_and_read(made, notes="later")
    assert before < shown["extended_updated_at"] == shown["updated_at"]


def test_a_change_of_vitals_alone_is_found_by_since(calendar: Calendar) -> None:
    made = calendar.book()
    with clock.shift(timedelta(minutes=10)):
        shown = calendar.change_and_read(made, vitals={"pulse": 60})
    assert shown["updated_at"] > made["updated_at"]
    assert [row["id"] for row in calendar.list_appointments(since=shown["updated_at"])] == [made["id"]]


def test_insurance_is_the_patients_as_it_is_now(calendar: Calendar) -> None:
    made = calendar.book()
    keys = ("insurer_payer_id", "insurer_name", "insurance_id_number")
    assert {made[f"{rank}_{key}"] for rank in ("primary", "secondary") for key in keys} == {None}
    with tenancy.within(calendar.clinic.id):
        for rank, name in ((1, "Aetna"), (2, "Cigna"), (3, "Humana")):
            Coverage.objects.create(
                practice=calendar.clinic.practice,
                patient_id=calendar.patient_id,
                rank=rank,
                insurance_company=name,
                insurance_payer_id=f"P{rank}",
                insurance_id_number=f"N{rank}",
            )
    shown = calendar.read_appointment(made)
    assert [shown[f"primary_{key}"] for key in keys] == ["P1", "Aetna", "N1"]
    assert [shown[f"secondary_{key}"] for key in keys] == ["P2", "Cigna", "N2"]
    assert calendar.change_and_read(made, patient=None)["primary_insurer_name"] is None


def test_keys_that_other_domains_write_are_shown(calendar: Calendar) -> None:
    made = calendar.book(billing_status="Sent to collections", supervising_provider=calendar.doctor.pk)
    with tenancy.within(calendar.clinic.id):
        row = calendar.row(made)
        row.icd10_codes, row.first_billed_date = ["J45.909", "E11.9"], clock.now()
        row.save()
        note = BillingNote.objects.create(
            practice=calendar.clinic.practice, appointment=row, text="Resent", created_by=calendar.user
        )
    shown = calendar.read_appointment(made)
    assert (shown["icd10_codes"], shown["icd9_codes"], shown["billing_status"]) == (
        ["J45.909", "E11.9"],
        [],
        "Sent to collections",
    )
    assert shown["first_billed_date"] is not None
    assert shown["billing_notes"] == [
        {
            "id": note.pk,
            "appointment": int(made["id"]),
            "text": "Resent",
            "created_at": shown["billing_notes"][0]["created_at"],
            "created_by": calendar.user.username,
        }
    ]
    assert calendar.change(made, icd10_codes="X", deleted_flag=True, id=5).status_code == 204
    assert calendar.read_appointment(made) == shown


def test_the_units_of_measures_are_kept_when_only_values_change(calendar: Calendar) -> None:
    made = calendar.book(vitals={"height": 100, "height_units": "cm"})
    assert calendar.change_and_read(made, vitals={"height": 101})["vitals"]["height_units"] == "cm"
    with tenancy.within(calendar.clinic.id):
        assert Vitals.objects.filter(appointment=made["id"]).count() == 1
