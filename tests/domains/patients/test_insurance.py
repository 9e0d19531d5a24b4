"""Insurances inside a patient: round trips, removal, the rule of payment profiles; the payer directory."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from charthouse.domains.patients.drchrono import patients
from charthouse.domains.patients.models import Coverage, CustomInsurancePlanName, Payer
from charthouse.engine.declaration.contact_types import EmailAddress, PhoneNumber
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean
from charthouse.identity import tenancy
from tests.domains.caller import Caller, at_once
from tests.support import make_doctor, make_practice

OBJECTS = [key for key in patients.patients.keys if key.source.writes_rows and not key.type.is_list]
INSURANCES = ("primary_insurance", "secondary_insurance", "tertiary_insurance")


def _fill(key: Key) -> dict[str, Any]:
    """A value for every key of an object, another one for each."""
    filled: dict[str, Any] = {}
    for position, member in enumerate(key.type.keys):
        column = member.find_column(key.source.to)
        if isinstance(member.type, Boolean):
            filled[member.name] = not column.default
        elif isinstance(member.type, Date):
            filled[member.name] = f"2001-01-{position % 28 + 1:02}"
        elif choices := member.type.choices:
            filled[member.name] = choices[-1]
        elif isinstance(member.type, PhoneNumber | EmailAddress):
            phone = isinstance(member.type, PhoneNumber)
            filled[member.name] = f"555-201-44{position:02}" if phone else f"a{position}@example.com"
        elif not column.is_relation:
            filled[member.name] = str(position)[: column.max_length]
    return filled


@pytest.mark.parametrize("key", OBJECTS, ids=lambda key: key.name)
def test_every_key_of_an_object_comes_back(caller: Caller, key: Key) -> None:
    filled = _fill(key)
    made = caller.new(**{key.name: filled})
    assert made[key.name] | filled == made[key.name]
    others = [other.name for other in OBJECTS if other is not key]
    assert all(made[name] is None for name in others)
    assert caller.get(made["id"])[key.name] == made[key.name]


@pytest.mark.parametrize("key", OBJECTS, ids=lambda key: key.name)
def test_patch_changes_named_keys_and_null_deletes_the_object(caller: Caller, key: Key) -> None:
    filled = _fill(key)
    made = caller.new(**{key.name: filled})
    name = next(member.name for member in key.type.keys if not isinstance(member.type, Boolean | Date))
    assert caller.patch(made["id"], **{key.name: {name: "7"}}).status_code == 204
    assert caller.get(made["id"])[key.name] == made[key.name] | {name: "7"}
    assert caller.patch(made["id"], **{key.name: {name: None}}).status_code == 204
    assert caller.get(made["id"])[key.name] == made[key.name] | {name: ""}
    for _ in range(2):
        assert caller.patch(made["id"], **{key.name: None}).status_code == 204
        assert caller.get(made["id"])[key.name] is None
    assert caller.patch(made["id"], **{key.name: {name: "8"}}).status_code == 204
    again = caller.get(made["id"])[key.name]
    assert again[name] == "8"
    assert not any(
        again[member] == value for member, value in filled.items() if member != name and value is not True
    )


def test_what_an_insurance_leaves_out(caller: Caller) -> None:
    made = caller.new(primary_insurance={})["primary_insurance"]
    assert made["is_subscriber_the_patient"] is True
    assert made["subscriber_date_of_birth"] is None
    assert made["photo_front"] is None
    assert made["insurance_company"] == ""


def test_concurrent_insurances_leave_one_row(caller: Caller) -> None:
    patient = caller.new()["id"]

    def patch(index: int) -> int:
        return caller.patch(patient, primary_insurance={"insurance_company": str(index)}).status_code

    assert at_once(6, patch) == [204] * 6
    with tenancy.within(caller.clinic.id):
        assert Coverage.objects.filter(patient=patient).count() == 1


def test_wrong_objects(caller: Caller) -> None:
    patient = caller.new()["id"]
    for wrong in ("Aetna", [], 1, {"subscriber_date_of_birth": "x"}, {"subscriber_state": "Ohio"}):
        response = caller.patch(patient, primary_insurance=wrong)
        assert response.status_code == 400, wrong
        assert set(response.json()) == {"primary_insurance"}
    assert caller.get(patient)["primary_insurance"] is None


def test_pictures_of_the_card(caller: Caller) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(picture, "PNG")
    text = base64.b64encode(picture.getvalue()).decode()
    made = caller.new(primary_insurance={"photo_front": text})
    link = made["primary_insurance"]["photo_front"]
    assert made["primary_insurance"]["photo_back"] is None
    assert caller.http.get(link).content == picture.getvalue()
    assert caller.patch(made["id"], primary_insurance={"insurance_company": "Aetna"}).status_code == 204
    assert caller.get(made["id"])["primary_insurance"]["photo_front"]
    assert caller.patch(made["id"], primary_insurance={"photo_front": None}).status_code == 204
    assert caller.get(made["id"])["primary_insurance"]["photo_front"] is None
    assert caller.patch(made["id"], primary_insurance={"photo_front": "not base64!"}).status_code == 400


def test_photo_of_the_patient(caller: Caller) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "blue").save(picture, "PNG")
    patient = caller.new()["id"]
    url = f"/api/patients/{patient}"
    refused = caller.http.patch(url, data={"patient_photo_date": "2026-02-01"})
    assert refused.status_code == 400
    assert set(refused.json()) == {"patient_photo_date"}
    response = caller.http.patch(
        url,
        data={"patient_photo_date": "2026-02-01"},
        files={"patient_photo": ("me.png", picture.getvalue(), "image/png")},
    )
    assert response.status_code == 204, response.text
    assert caller.http.put(url, json=caller.patient()).status_code == 204
    after = caller.get(patient)
    assert after["patient_photo_date"] == "2026-02-01"
    assert caller.http.get(after["patient_photo"]).content == picture.getvalue()
    bad = caller.http.patch(url, files={"patient_photo": ("me.png", b"<svg/>", "image/png")})
    assert bad.status_code == 400


# -- payment profiles -------------------------------------------------------------------------------------------

NEEDY = ("Insurance", "Auto Accident", "Worker's Comp")
FREE = ("", "Cash", "Insurance Out of Network")


@pytest.mark.parametrize("profile", NEEDY)
def test_profiles_that_need_insurance(caller: Caller, profile: str) -> None:
    key = {"patient_payment_profile": profile}
    response = caller.post("patients", caller.patient(**key))
    assert (response.status_code, set(response.json())) == (400, set(key))
    for enough in ("primary_insurance", "secondary_insurance"):
        made = caller.new(**key, **{enough: {"insurance_company": "Aetna"}})
        assert made["patient_payment_profile"] == profile
        later = caller.new(**{enough: {"insurance_company": "Aetna"}})
        assert caller.patch(later["id"], **key).status_code == 204
        assert caller.patch(later["id"], **{enough: None}).status_code == 400
        assert caller.patch(later["id"], **{enough: None}, patient_payment_profile="Cash").status_code == 204
        assert caller.patch(later["id"], **key).status_code == 400
        assert caller.patch(later["id"], **key, **{enough: {"insurance_company": "A"}}).status_code == 204
    not_enough: list[dict[str, Any]] = [
        {"tertiary_insurance": {"insurance_company": "Aetna"}},
        {"auto_accident_insurance": {"auto_accident_company": "Aetna"}},
        {"workers_comp_insurance": {"workers_comp_company": "Aetna"}},
        {"primary_insurance": None},
        {"primary_insurance": {}},
    ]
    for insurance in not_enough:
        assert caller.post("patients", caller.patient(**key, **insurance)).status_code == 400, insurance


@pytest.mark.parametrize("profile", FREE)
def test_profiles_that_need_none(caller: Caller, profile: str) -> None:
    assert caller.new(patient_payment_profile=profile)["patient_payment_profile"] == profile


def test_one_of_two_insurances_may_be_deleted(caller: Caller) -> None:
    both = {name: {"insurance_company": "Aetna"} for name in INSURANCES[:2]}
    made = caller.new(patient_payment_profile="Insurance", **both)
    assert caller.patch(made["id"], primary_insurance=None).status_code == 204
    assert caller.patch(made["id"], secondary_insurance=None).status_code == 400
    assert caller.patch(made["id"], city="Lagos").status_code == 204
    put = caller.http.put(
        f"/api/patients/{made['id']}", json=caller.patient(patient_payment_profile="Auto Accident")
    )
    assert put.status_code == 204


# -- payers and plan names --------------------------------------------------------------------------------------


@pytest.fixture
def payers() -> list[Payer]:
    rows = [
        ("emdeon", "ZQ1", "Zenith Quality Health", "OH"),
        ("emdeon", "ZQ2", "Mutual of Zyxland", "NY"),
        ("gateway", "ZQ1", "Zenith Quality Health", "OH"),
    ]
    return [
        Payer.objects.get_or_create(
            payer_type=kind, payer_id=payer_id, defaults={"payer_name": name, "state": state}
        )[0]
        for kind, payer_id, name, state in rows
    ]


def test_payers(caller: Caller, payers: list[Payer]) -> None:
    first, second, third = (payer.pk for payer in payers)
    assert caller.http.get("/api/insurances").status_code == 400
    assert caller.http.get("/api/insurances?payer_type=other").status_code == 400
    assert caller.ids("insurances", payer_type="emdeon", term="zq") == [first, second]
    assert caller.ids("insurances", payer_type="emdeon", term="zyxl") == [second]
    assert caller.ids("insurances", payer_type="gateway", term="zenith q") == [third]
    assert first in caller.ids("insurances", payer_type="emdeon", term="oh")
    assert second not in caller.ids("insurances", payer_type="emdeon", term="OH")
    assert caller.http.get(f"/api/insurances/{first}").json() == {
        "id": first, "payer_name": "Zenith Quality Health", "payer_id": "ZQ1", "state": "OH",
    }  # fmt: skip
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        url = "/api/insurances" if method == "POST" else f"/api/insurances/{first}"
        assert caller.http.request(method, url).status_code == 405


def test_plan_names_follow_their_own_switch() -> None:
    clinic = make_practice(sharing=("share_patients",))
    mine, theirs = Caller(clinic), Caller(clinic, doctor=make_doctor(clinic.practice))
    with tenancy.within(clinic.id):
        make = CustomInsurancePlanName.objects.create
        row = make(
            practice=clinic.practice, doctor=theirs.doctor, user=theirs.user, insurance_plan_name="County PPO"
        )
        make(
            practice=clinic.practice, doctor=theirs.doctor, user=theirs.user, insurance_plan_name="Old",
            archived=True,
        )  # fmt: skip
    path = "custom_insurance_plan_names"
    assert mine.ids(path) == []
    assert theirs.ids(path) == theirs.ids(path, name="ppo", user=theirs.user.pk) == [row.pk]
    assert theirs.ids(path, user=mine.user.pk) == theirs.ids(path, name="zzz") == []
    assert len(theirs.ids(path, show_archived="true")) == 2
    clinic.practice.sharing = [path.removesuffix("s")]
    clinic.practice.save()
    assert mine.ids(path) == [row.pk]
