"""Vaccines: quantities of lots, values copied to records, and access."""

from typing import Any

import pytest

from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from tests.domains.caller import at_once
from tests.domains.scheduling.calendar import Calendar
from tests.support import client

LOT = {
    "name": "Influenza, injectable, quadrivalent",
    "cvx_code": "158",
    "manufacturer": "Sanofi Pasteur",
    "manufacturer_code": "PMC",
    "lot_number": "UT8121",
}


class Clinic(Calendar):
    """A practice with one lot of ten doses."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lot = self.new("inventory_vaccines", **LOT, original_quantity=10)["id"]

    def body(self, **values: Any) -> dict[str, Any]:  # type: ignore[override]
        return {
            "patient": self.patient_id,
            "ordering_doctor": self.doctor.pk,
            "vaccine_inventory": self.lot,
            "cvx_code": "158",
        } | values

    def give(self, **values: Any) -> dict[str, Any]:
        answer = self.post("patient_vaccine_records", self.body(**values))
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def count_left(self, lot: int | None = None) -> int:
        return int(self.get(lot or self.lot, "inventory_vaccines")["current_quantity"])


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


def test_each_record_reduces_quantity_of_lot(clinic: Clinic) -> None:
    other = clinic.new("inventory_vaccines", **LOT | {"lot_number": "UT8122"}, original_quantity=3)["id"]
    assert clinic.count_left() == 10
    records = [clinic.give() for _ in range(3)]
    assert (clinic.count_left(), clinic.count_left(other)) == (7, 3)
    moved = clinic.patch(records[0]["id"], "patient_vaccine_records", vaccine_inventory=other)
    assert moved.status_code == 204
    assert (clinic.count_left(), clinic.count_left(other)) == (8, 2)
    with tenancy.within(clinic.clinic.id):
        PatientVaccineRecord.objects.filter(pk=records[1]["id"]).update(archived=True)
    assert clinic.count_left() == 9
    shown = clinic.http.get("/api/inventory_vaccines").json()["results"]
    assert [row["current_quantity"] for row in shown] == [9, 2]


def test_concurrent_doses_are_counted(clinic: Clinic) -> None:
    answers = at_once(
        6, lambda _: client(clinic.token).post("/api/patient_vaccine_records", json=clinic.body())
    )
    assert [answer.status_code for answer in answers] == [201] * 6
    assert clinic.count_left() == 4


def test_quantity_may_become_negative(clinic: Clinic) -> None:
    empty = clinic.new("inventory_vaccines", **LOT)["id"]
    clinic.give(vaccine_inventory=empty)
    assert clinic.count_left(empty) == -1


def test_record_copies_vaccine_from_lot(clinic: Clinic) -> None:
    taken, own = clinic.give(), clinic.give(name="Flu shot", lot_number="", manufacturer="Seqirus")
    assert [taken[key] for key in ("name", "lot_number", "manufacturer")] == [
        LOT["name"],
        LOT["lot_number"],
        LOT["manufacturer"],
    ]
    assert [own[key] for key in ("name", "lot_number", "manufacturer")] == ["Flu shot", "", "Seqirus"]
    assert taken["entered_by"] == clinic.user.pk


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("observed_immunity", 1),
        ("completion_status", "XX"),
        ("route", "XX"),
        ("site", "XX"),
        ("funding_eligibility", "V06"),
        ("record_source", "09"),
        ("vaccine_inventory", None),
        ("doses", ["x"]),
    ],
)
def test_values_outside_code_lists_are_rejected(clinic: Clinic, key: str, value: Any) -> None:
    answer = clinic.post("patient_vaccine_records", clinic.body(**{key: value}))
    assert answer.status_code == 400
    assert list(answer.json()) == [key]


def test_observed_immunity_as_text(clinic: Clinic) -> None:
    assert clinic.give(observed_immunity="14189004")["observed_immunity"] == 14189004


def test_lists_are_filtered_by_patient_and_vaccine(clinic: Clinic) -> None:
    flu, tdap = clinic.give()["id"], clinic.give(cvx_code="115")["id"]
    assert clinic.ids("patient_vaccine_records", patient=clinic.patient_id) == [flu, tdap]
    assert clinic.ids("patient_vaccine_records", cvx_code="115") == [tdap]
    assert clinic.ids("inventory_vaccines", status="voided") == []


# -- who sees any of it -------------------------------------------------------------------------------------------


def test_trial_practice_has_no_inventory(clinic: Clinic) -> None:
    paths = ("inventory_categories", "inventory_vaccines", "patient_vaccine_records")

    def on(plan: str) -> None:
        tenancy.clear_tenant()
        Practice.objects.filter(pk=clinic.clinic.id).update(plan_type=plan)

    on("Trial")
    for path in paths:
        for url in (f"/api/{path}", f"/api/{path}/{clinic.lot}"):
            refused = clinic.http.get(url)
            assert refused.status_code == 403
            assert refused.json() == {"detail": f"The Trial plan of this practice does not include {path}."}
    assert clinic.post("patient_vaccine_records", clinic.body()).status_code == 403
    assert clinic.http.get("/api/patients").status_code == 200
    on("Provider")
    for path in paths:
        assert clinic.http.get(f"/api/{path}").status_code == 200
