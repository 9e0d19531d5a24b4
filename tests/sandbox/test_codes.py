"""Every code of the synthetic practices stands in a published source: ICD-10-CM's list, or the modules of Synthea."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.sandbox.data import chart_entries, complaints, conditions, drugs, lab_panels, vaccines

PUBLISHED = json.loads(Path(__file__).with_name("published_codes.json").read_text())
# Codes that the modules lack, with the name that they were looked up under in other published material: value sets of
# quality measures, guides of FHIR, RxNorm's browser, CDC's list of vaccines. A new one is looked up first.
ELSEWHERE = {
    ("RXNORM", "312941"): "sertraline 50 MG Oral Tablet",
    ("RXNORM", "198051"): "omeprazole 20 MG Delayed Release Oral Capsule",
    ("RXNORM", "861007"): "metformin hydrochloride 500 MG Oral Tablet",
    ("RXNORM", "7980"): "penicillin G",
    ("RXNORM", "10180"): "sulfamethoxazole",
    ("RXNORM", "2670"): "codeine",
    ("SNOMED", "304549008"): "Giving encouragement to exercise",
    ("SNOMED", "65124004"): "Swelling",
    ("SNOMED", "371530004"): "Clinical consultation report",
    ("SNOMED", "723505004"): "Low risk",
    ("SNOMED", "17621005"): "Normal",
    ("LOINC", "13457-7"): "Cholesterol in LDL, by calculation",
    ("LOINC", "24331-1"): "Lipid 1996 panel",
    ("LOINC", "78012-2"): "Streptococcus pyogenes Ag, rapid",
    ("LOINC", "10368-9"): "Lead in capillary blood",
    ("CVX", "158"): "Influenza, injectable, quadrivalent",
    ("CVX", "165"): "HPV9",
}


def list_codes() -> Iterator[tuple[str, str]]:
    """The (system, code) of the data."""
    for condition in conditions.CONDITIONS:
        yield "ICD10", condition.code
    for code in (*complaints.BY_CODE, *(code for code, _ in complaints.NURSE_VISITS.values())):
        yield "ICD10", code
    for drug in drugs.DRUGS:
        if drug.rxnorm:
            yield "RXNORM", drug.rxnorm
    for _, rxnorm, _, reaction, _ in chart_entries.ALLERGIES:
        if rxnorm:
            yield "RXNORM", rxnorm
        yield "SNOMED", reaction
    for group in chart_entries.OBSERVATIONS.values():
        for code, system, _, value, value_system, _ in group:
            assert system == "SNOMEDCT"
            yield "SNOMED", code
            if value:
                assert value_system == "SNOMEDCT"
                yield "SNOMED", value
    for panel in lab_panels.PANELS:
        yield "LOINC", panel.loinc
        for one in panel.observations:
            yield "LOINC", one.loinc
    for vaccine in vaccines.VACCINES:
        yield "CVX", vaccine.cvx


@pytest.mark.parametrize("system", ["ICD10", "RXNORM", "SNOMED", "LOINC", "CVX"])
def test_codes_are_published(system: str) -> None:
    codes = {code for name, code in list_codes() if name == system}
    assert codes
    known = {code for code in codes if get_icd10_label(code)} if system == "ICD10" else set(PUBLISHED[system])
    assert codes - known == {code for name, code in ELSEWHERE if name == system}


def test_names_of_drugs_are_those_of_their_codes() -> None:
    """The generic name stands in the published name."""
    for drug in drugs.DRUGS:
        published = PUBLISHED["RXNORM"].get(drug.rxnorm) or ELSEWHERE.get(("RXNORM", drug.rxnorm))
        if published:
            first = drug.generic_name.split(",")[0].split()[0].lower()
            assert first[:7] in published.lower(), drug.name


def test_data_refer_to_what_exists() -> None:
    dosages = [dosage for condition in conditions.CONDITIONS for dosage in condition.dosages]
    dosages += [
        dosage
        for complaint in complaints.COMPLAINTS
        for dosage in (*complaint.choices, *complaint.child_choices)
    ]
    assert {dosage.drug for dosage in dosages} <= set(drugs.DRUGS_BY_NAME)
    observed = {one.loinc for panel in lab_panels.PANELS for one in panel.observations}
    for condition in conditions.CONDITIONS:
        assert set(condition.trends) <= observed | {"systolic", "weight"}, condition.code
        ordered = {one.loinc for panel in condition.panels for one in panel.observations}
        assert set(condition.trends) <= ordered | {"systolic", "weight"}, condition.code
