"""For any text in a chart, the document is well-formed, valid, and contains the text."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from charthouse.domains.clinical.models import Allergy, CarePlan, ImplantableDevice, Problem, Procedure
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients.models import Coverage
from charthouse.domains.practice.models import Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from charthouse.interchange.cda import codes, xml
from charthouse.interchange.cda.xml import (
    Concept,
    coded,
    el,
    format_number,
    format_timestamp,
    quantity,
    replace_illegal_characters,
    span,
)
from tests.interchange.chart import Record
from tests.interchange.documents import Document
from tests.interchange.rules import find_errors, find_foreign_codes

HOSTILE = (
    "<script>alert(1)</script> & \"quoted\" 'too' ]]>",
    "&lt;&#0;&#x1F;&nbsp;%PDF",
    "\x01\x08\x0b\x1f\x7f\x85\ufffe\uffff",
    "a\r\nb\tc\u2028d",
    "\u202egnihtyna\u200b\U0001f4a9",
    ' xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc"',
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "   ",
    "x" * 400,
)


def fill_with(record: Record, text: str) -> None:
    """Write the text to every column that accepts it."""
    short, code = text[:20], text[:8]
    record.rewrite(
        first_name=text[:100], middle_name=short, last_name=text[:100], nick_name=short, chart_id=short, address=text,
        city=short, zip_code=short, email=short, home_phone=short, cell_phone=short, race=code, ethnicity=code,
        preferred_language="eng", emergency_contact_name=short, emergency_contact_relation=short,
        emergency_contact_phone=short,
    )  # fmt: skip
    with tenancy.within(record.clinic.id):
        Office.objects.filter(pk=record.office.pk).update(
            name=short, address=text, city=short, zip_code=short
        )
    record.own(Problem, icd_code=code, snomed_ct_code=code, name=text, description=text, status="active")
    record.own(Allergy, description=text, reaction=text, rxnorm=code, snomed_code=code, snomed_reaction=short)
    record.own(Medication, name=text, rxnorm=short, ndc=short, dosage_quantity=short, dosage_units=short, route=short,
               frequency=text[:200], indication=text, date_prescribed=date(2026, 1, 1), prn=True)  # fmt: skip
    visit = record.visit(status="Complete")
    with tenancy.within(record.clinic.id):
        Appointment.objects.filter(pk=visit).update(reason=text)
    record.own(
        Procedure, appointment_id=visit, code=code, description=text, date=date(2026, 1, 1), status=short
    )
    record.own(ImplantableDevice, udi=short, gmdn_pt_name=text, company_name=short, version_or_model=short)
    for plan_type in range(1, 7):
        record.own(CarePlan, plan_type=plan_type, title=text, description=text, code=code, code_system=short)
    record.make(Coverage, patient_id=record.patient_id, rank=1, insurance_company=short, insurance_payer_id=short,
                insurance_id_number=short, insurance_group_number=short, insurance_plan_name=short,
                is_subscriber_the_patient=False, subscriber_last_name=short)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code", "oid"),
    [
        ("E119", "E11.9", codes.ICD10.oid),
        (" e11.9 ", "E11.9", codes.ICD10.oid),
        ("I10.", "I10", codes.ICD10.oid),
        ("250.00", "250.00", codes.ICD9.oid),
        ("diabetes", None, None),
    ],
)
def test_a_code_goes_out_under_its_own_system(
    record: Record, given: str, code: str | None, oid: str | None
) -> None:
    """However it was written, by a visit's diagnoses and the problem list, in both documents."""
    visit = record.visit(status="Complete")
    with tenancy.within(record.clinic.id):
        Appointment.objects.filter(pk=visit).update(icd10_codes=[given])
    record.own(Problem, icd_code=given, name="What it is", status="active", date_onset=date(2026, 1, 1))
    for document in (
        record.document(),
        record.document("qrda1", start_date="2020-01-01", end_date="2036-12-31"),
    ):
        values = [
            value
            for value in document.all("//h:observation/h:value")
            if value.get("codeSystem") != codes.SNOMED.oid
        ]
        coded_as = {(value.get("code"), value.get("codeSystem")) for value in values if value.get("code")}
        said = set(document.all("//h:observation/h:value[@nullFlavor='OTH']/h:originalText/text()"))
        assert coded_as == ({(code, oid)} if code else set())
        assert code or said


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts(record: Record, text: str) -> None:
    fill_with(record, text)
    document = record.document()
    told = "".join(document.all("//h:td//text()"))
    assert " ".join(replace_illegal_characters(text).split()) in " ".join(told.split())
    assert document.all("//*[local-name()='script']") == []
    assert not text.strip() or document.read
    assert find_errors(document.root) + find_foreign_codes(document.root) == []


@given(text=st.text(min_size=1, max_size=60))
@settings(max_examples=300, deadline=None)
def test_text_round_trip_except_illegal_xml_characters(text: str) -> None:
    made = el("title", text, ID=text)
    back = etree.fromstring(etree.tostring(made))
    assert back.text == re.sub(
        "\r\n?", "\r", replace_illegal_characters(text)
    ) or back.text == replace_illegal_characters(text)
    assert len(back.text) == len(text)


@given(code=st.text(max_size=20), name=st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_invalid_code_becomes_original_text(code: str, name: str) -> None:
    made = coded("code", Concept(code, codes.RXNORM, name))
    if made.get("code") is None:
        assert made.get("nullFlavor") in ("OTH", "UNK")
        assert not xml.is_token(code)
    else:
        assert not re.search(r"\s", made.get("code"))


@given(value=st.one_of(st.decimals(), st.text(max_size=12), st.integers()))
@settings(max_examples=300, deadline=None)
def test_quantity_is_a_plain_number_or_unknown(value: object) -> None:
    made = quantity("value", value, "mg", xsi_type="PQ")
    if made.get("value") is None:
        assert made.get("nullFlavor") == "UNK"
    else:
        assert re.fullmatch(r"-?\d+(\.\d+)?", made.get("value"))
        assert Decimal(made.get("value")) == Decimal(str(value).strip())


@pytest.mark.parametrize(
    ("unit", "ucum"),
    [("mg", "mg"), ("mcg", "ug"), ("tablet", "{tablet}"), ("puffs", "{puffs}"), ("mg/dL", "mg/dL"), ("", ""),
     ("two tablets", "{two_tablets}"), ("[lb_av]", "[lb_av]"), ("a{b}c", "{a_b_c}"), ("µg", "{_g}")],
)  # fmt: skip
def test_units(unit: str, ucum: str) -> None:
    assert codes.convert_unit(unit) == ucum


def test_years_are_padded_to_four_digits() -> None:
    assert format_timestamp(date(1, 2, 3)) == "00010203"
    assert format_number("1e40") is None
    assert span(None, ended=True)[1].get("nullFlavor") == "UNK"


def test_namespaces_are_declared_once(record: Record) -> None:
    content = record.document().content
    assert content.count(b'xmlns="urn:hl7-org:v3"') == 1
    assert Document(content)
