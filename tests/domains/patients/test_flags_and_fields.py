"""What a practice adds to a chart: flags and custom demographics. The referring doctor is tested with the
insurances."""

from typing import Any

from tests.domains.caller import Caller
from tests.support import make_doctor


def test_attached_flags_are_replaced_by_the_list(caller: Caller) -> None:
    fall, allergy = (caller.new("patient_flag_types", name=name)["id"] for name in ("Fall risk", "Allergy"))
    made = caller.new(patient_flags_attached=[{"flag_type": fall, "flag_text": "uses a cane"}])
    (first,) = made["patient_flags_attached"]
    assert (first["flag_type"], first["flag_text"], first["archived"]) == (fall, "uses a cane", False)
    # one kept by its id, one new
    kept = {"id": first["id"], "flag_type": fall, "flag_text": "uses a walker"}
    assert caller.patch(made["id"], patient_flags_attached=[kept, {"flag_type": allergy}]).status_code == 204
    after = caller.get(made["id"])["patient_flags_attached"]
    assert [(flag["flag_type"], flag["flag_text"]) for flag in after] == [
        (fall, "uses a walker"),
        (allergy, ""),
    ]
    assert after[0]["id"] == first["id"]
    assert caller.patch(made["id"], city="Lagos").status_code == 204
    assert caller.http.put(f"/api/patients/{made['id']}", json=caller.patient()).status_code == 204
    assert caller.get(made["id"])["patient_flags_attached"] == after
    assert caller.patch(made["id"], patient_flags_attached=[after[1]]).status_code == 204
    assert caller.get(made["id"])["patient_flags_attached"] == [after[1]]
    assert caller.patch(made["id"], patient_flags_attached=[]).status_code == 204
    assert caller.get(made["id"])["patient_flags_attached"] == []


def test_wrong_flags(caller: Caller) -> None:
    fall = caller.new("patient_flag_types", name="Fall risk")["id"]
    other = caller.new(patient_flags_attached=[{"flag_type": fall}])["patient_flags_attached"][0]["id"]
    patient = caller.new(patient_flags_attached=[{"flag_type": fall}])
    wrong: list[Any] = [
        [{"flag_type": 999_999_999}],
        [{"flag_text": "of no type"}],
        [{"id": other, "flag_type": fall}],
        [{"id": "x", "flag_type": fall}],
        [fall],
        {"flag_type": fall},
        "fall",
        [{"flag_type": fall, "flag_text": "x" * 2000}],
    ]
    for flags in wrong:
        response = caller.patch(patient["id"], patient_flags_attached=flags)
        assert response.status_code == 400, flags
        assert set(response.json()) == {"patient_flags_attached"}
    assert caller.get(patient["id"]) == patient


def test_the_flags_that_a_patient_can_carry(caller: Caller) -> None:
    other = make_doctor(caller.clinic.practice)
    own = caller.new("patient_flag_types", name="Fall risk", color="rgb(1, 2, 3)", priority=2)
    foreign, unused = (caller.new("patient_flag_types", name=n, doctor=other.pk)["id"] for n in "ab")
    made = caller.new(patient_flags_attached=[{"flag_type": foreign}])
    assert [flag["id"] for flag in made["patient_flags"]] == [own["id"], foreign]
    assert made["patient_flags"][0] == own
    assert unused not in [flag["id"] for flag in made["patient_flags"]]


def test_flag_types(caller: Caller) -> None:
    made = caller.new("patient_flag_types")
    assert (made["name"], made["color"], made["priority"], made["archived"]) == ("", "", None, False)
    url = f"/api/patient_flag_types/{made['id']}"
    assert caller.http.put(url, json={"doctor": caller.doctor.pk, "color": "#aabbcc"}).status_code == 204
    assert caller.http.patch(url, json={"color": "blue"}).status_code == 400
    assert caller.http.delete(url).status_code == 405
    assert caller.http.get(url).json()["color"] == "#aabbcc"


def test_custom_demographics_are_merged_by_their_field(caller: Caller) -> None:
    housing = caller.new("custom_demographics", name="Housing", allowed_values="Owns, Rents")
    assert housing["allowed_values"] == ["Owns", "Rents"]
    pet = caller.new("custom_demographics", name="Pet", allowed_values=[])["id"]
    made = caller.new(custom_demographics=[{"field_type": housing["id"], "value": "Owns"}])
    assert [(v["field_type"], v["value"]) for v in made["custom_demographics"]] == [(housing["id"], "Owns")]
    assert (
        caller.patch(made["id"], custom_demographics=[{"field_type": pet, "value": "cat"}]).status_code == 204
    )
    values = {v["field_type"]: v["value"] for v in caller.get(made["id"])["custom_demographics"]}
    assert values == {housing["id"]: "Owns", pet: "cat"}
    for wrong in (
        [{"field_type": housing["id"], "value": "Squats"}],
        [{"field_type": pet, "value": "a"}, {"field_type": pet, "value": "b"}],
        [{"value": "cat"}],
        [{"field_type": 999_999_999, "value": "cat"}],
        [{"field_type": pet, "value": ["cat"]}],
    ):
        response = caller.patch(made["id"], custom_demographics=wrong)
        assert response.status_code == 400, wrong
        assert set(response.json()) == {"custom_demographics"}
    refused = caller.patch(made["id"], custom_demographics=[{"field_type": housing["id"], "value": "Squats"}])
    assert set(refused.json()["custom_demographics"]) == {"0"}
    assert (
        caller.patch(made["id"], custom_demographics=[{"field_type": housing["id"], "value": ""}]).status_code
        == 204
    )
    values = {v["field_type"]: v["value"] for v in caller.get(made["id"])["custom_demographics"]}
    assert values == {housing["id"]: "", pet: "cat"}


def test_archived_fields_are_hidden_and_can_not_be_used(caller: Caller) -> None:
    field = caller.new("custom_demographics", name="Pet")["id"]
    patient = caller.new(custom_demographics=[{"field_type": field, "value": "cat"}])["id"]
    assert caller.patch(field, "custom_demographics", archived=True).status_code == 204
    assert caller.ids("custom_demographics") == []
    assert caller.ids("custom_demographics", show_archived="true") == [field]
    assert caller.http.get(f"/api/custom_demographics/{field}").json()["archived"] is True
    assert caller.get(patient)["custom_demographics"][0]["value"] == "cat"
    assert (
        caller.post("patients", caller.patient(custom_demographics=[{"field_type": field}])).status_code
        == 400
    )
    assert caller.patch(field, "custom_demographics", archived=False).status_code == 204
    assert caller.ids("custom_demographics") == [field]


def test_template_names_are_plain(caller: Caller) -> None:
    for wrong in ("two words", "a-b", "é", "x\n"):
        body = {"doctor": caller.doctor.pk, "name": "Pet", "template_name": wrong}
        assert caller.post("custom_demographics", body).status_code == 400
    assert caller.new("custom_demographics", name="Pet", template_name="pet_1")["template_name"] == "pet_1"
