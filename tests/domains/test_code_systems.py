"""Codes as people write them: their normal form, and the system that they belong to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.domains import code_systems
from charthouse.domains.code_systems import (
    CPT,
    CVX,
    HCPCS,
    ICD9,
    ICD10,
    LOINC,
    NDC,
    RXNORM,
    SNOMED,
    CodeSystem,
    is_same_code,
    place_code,
)

SYSTEMS = (ICD10, ICD9, SNOMED, LOINC, RXNORM, NDC, CVX, CPT, HCPCS)
PLACED = [
    (ICD10, "E11.9", ICD10, "E11.9"),
    (ICD10, "E119", ICD10, "E11.9"),
    (ICD10, "e11.9", ICD10, "E11.9"),
    (ICD10, "E11.9 ", ICD10, "E11.9"),
    (ICD10, "I10.", ICD10, "I10"),
    (ICD10, "s72.001a", ICD10, "S72.001A"),
    (ICD10, "U07.1", ICD10, "U07.1"),
    (ICD10, "250.00", ICD9, "250.00"),
    (ICD10, "25000", ICD9, "250.00"),
    (ICD10, "E849.0", ICD9, "E849.0"),
    (ICD10, "V70.0", ICD10, "V70.0"),
    (ICD9, "V70.0", ICD9, "V70.0"),
    (ICD9, "4019", ICD9, "401.9"),
    (ICD9, "E11.9", ICD10, "E11.9"),
    (ICD9, "E8490", ICD9, "E849.0"),
    (SNOMED, " 73211009", SNOMED, "73211009"),
    (SNOMED, "428041000124106", SNOMED, "428041000124106"),
    (LOINC, "4548-4 ", LOINC, "4548-4"),
    (RXNORM, "860975", RXNORM, "860975"),
    (NDC, "0093-7214-01", NDC, "00093721401"),
    (NDC, "00093721401", NDC, "00093721401"),
    (CVX, "8", CVX, "08"),
    (CVX, "8.", CVX, "08"),
    (CVX, "158", CVX, "158"),
    (CPT, "99213", CPT, "99213"),
    (CPT, "j1100", HCPCS, "J1100"),
    (HCPCS, "99213", CPT, "99213"),
    (CPT, "0001f", CPT, "0001F"),
]
NOWHERE = [
    (ICD10, ""), (ICD10, "Diabetes"), (ICD10, "E1.19"), (ICD10, "E11.99999"), (ICD10, "11.9"), (ICD9, "12"),
    (SNOMED, "73211008"), (SNOMED, "E11.9"), (SNOMED, "0123456"), (LOINC, "4548-5"), (LOINC, "glucose"),
    (RXNORM, "metformin"), (NDC, "123"), (CVX, "flu"), (CVX, "8.0"), (RXNORM, "7980.0"), (CPT, "office"),
    (None, "E11.9"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code", "system", "form"), PLACED, ids=lambda part: getattr(part, "name", part)
)
def test_codes_are_put_where_they_belong(said: CodeSystem, code: str, system: CodeSystem, form: str) -> None:
    assert place_code(code, said) == (system, form)
    assert place_code(form, system) == (system, form), "a normal form is its own"
    assert is_same_code(code, form, said)


@pytest.mark.parametrize(("said", "code"), NOWHERE, ids=lambda part: str(getattr(part, "name", part)))
def test_what_is_no_code_is_none(said: CodeSystem | None, code: str) -> None:
    assert place_code(code, said) is None


@given(st.text(max_size=30), st.sampled_from(SYSTEMS))
def test_any_text_has_one_form_or_none(text: str, system: CodeSystem) -> None:
    found = system.find_code(text)
    assert system.find_code(found) == found
    assert " ".join(found.split()) == found


def test_each_system_has_identifiers_of_its_own() -> None:
    assert len({system.oid for system in SYSTEMS}) == len({system.uri for system in SYSTEMS}) == len(SYSTEMS)
    for name in (
        "ICD-10-CM",
        "icd10",
        "SNOMED CT",
        "SNOMEDCT",
        "CPT-4",
        "HCPCS",
        "loinc",
        "RxNorm",
        "CVX",
        "ICD9",
    ):
        assert code_systems.get_system(name) in SYSTEMS
    assert code_systems.get_system("local") is None
