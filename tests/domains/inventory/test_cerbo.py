"""Vaccines of patients, written through the DrChrono API and read through Cerbo's."""

from typing import Any

import pytest

from tests.domains.inventory.test_inventory import LOT, Clinic
from tests.support import make_api_user


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


def test_vaccine_given(clinic: Clinic) -> None:
    office = clinic.office.pk
    given = clinic.give(
        amount=0.5,
        units="mL",
        site="LD",
        administered_at=office,
        administered_by=clinic.user.pk,
        administered_start="2026-03-02T10:00:00",
        next_dose_date="2027-03-02",
        comments="No reaction.",
    )
    program = make_api_user(clinic.clinic.practice).client()
    url = f"/api/v1/patients/{clinic.patient_id}/vaccines"
    (shown,) = program.get(url).json()["data"]
    expected: dict[str, Any] = {
        "id": str(given["id"]),
        "pt_id": str(clinic.patient_id),
        "vaccine_id": str(clinic.lot),
        "vaccine_name": LOT["name"],
        "dose": "0.50 mL",
        "site": "LD",
        "lot": LOT["lot_number"],
        "notes": "No reaction.",
        "in_office": True,
        "administeredby": str(clinic.user.pk),
        "enteredby": clinic.user.pk,
        "next_due": True,
    }
    assert shown.items() >= expected.items()
    assert len(shown["administered"]) == len("2026-03-02 10:00:00")
    plain = clinic.give()
    shown = program.get(url).json()["data"][1]
    assert (shown["id"], shown["dose"], shown["administered"]) == (str(plain["id"]), "", "")
    assert (shown["in_office"], shown["administeredby"], shown["next_due"]) == (False, None, False)
