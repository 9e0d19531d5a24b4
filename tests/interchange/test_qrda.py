"""The QRDA Category I report: sections, data elements and reporting period."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from charthouse import clock
from charthouse.domains.clinical.models import (
    PatientCommunication,
    PatientIntervention,
    PatientRiskAssessment,
)
from charthouse.interchange.qrda.measures import MEASURES
from tests.domains.caller import Caller
from tests.interchange.chart import AT, Record
from tests.interchange.documents import Document, list_codes
from tests.interchange.test_ccda_texts import HOSTILE, fill_with

PERIOD = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
MEASURE, PARAMETERS, DATA = "55186-1", "55187-9", "55188-7"
QDM = "2.16.840.1.113883.10.20.24.3."


@pytest.fixture(scope="module")
def report(filled: Record) -> Document:
    return filled.document("qrda1", **PERIOD)


def elements(report: Document, number: str, release: str = "2021-08-01") -> list:
    """List the data elements of a template anywhere in the document."""
    return report.all(f"//*[h:templateId[@root='{QDM}{number}' and @extension='{release}']]")


def test_document_type(report: Document, filled: Record) -> None:
    templates = {(t.get("root"), t.get("extension")) for t in report.all("/h:ClinicalDocument/h:templateId")}
    assert templates >= {
        ("2.16.840.1.113883.10.20.24.1.1", "2017-08-01"),
        ("2.16.840.1.113883.10.20.24.1.2", "2021-08-01"),
        ("2.16.840.1.113883.10.20.22.1.1", "2015-08-01"),
    }
    assert report.one("/h:ClinicalDocument/h:code").get("code") == "55182-0"
    assert report.one("//h:legalAuthenticator").get("nullFlavor") == "NI"
    assert report.one("//h:recordTarget//h:family").text == "Lovelace"
    sections = report.all("//h:structuredBody/h:component/h:section/h:code/@code")
    assert sections == [MEASURE, PARAMETERS, DATA]


def test_measures_by_version(report: Document) -> None:
    named = report.entries(MEASURE)
    assert [e.get("classCode") for e in named] == ["CLUSTER"] * len(MEASURES)
    assert report.all(".//h:externalDocument/h:id/@extension", report.section(MEASURE)) == [
        measure.version_id for measure in MEASURES
    ]
    for measure in MEASURES:
        assert measure.title in report.read_text(MEASURE)


def test_reporting_period(report: Document) -> None:
    (act,) = report.entries(PARAMETERS)
    assert report.one("h:effectiveTime/h:low", act).get("value") == "20260101"
    assert report.one("h:effectiveTime/h:high", act).get("value") == "20261231"
    assert "2026-01-01 to 2026-12-31" in report.read_text(PARAMETERS)


def test_data_elements(report: Document) -> None:
    (encounter,) = elements(report, "23")
    assert list_codes(elements(report, "168"), "h:value") == ["J06.9"]
    assert encounter.get("moodCode") == "EVN"
    (diagnosis,) = elements(report, "135")
    assert list_codes([diagnosis], "h:value") == ["I10"]
    assert list_codes([diagnosis], "h:code") == ["29308-4"]
    assert len(elements(report, "137")) == 1
    assert list_codes(elements(report, "147"), ".//h:playingEntity/h:code") == ["7980"]
    assert list_codes(elements(report, "41"), "h:consumable//h:code") == ["314076"]
    assert [given.get("negationInd") for given in elements(report, "140")] == ["false", "true"]
    assert list_codes(elements(report, "38")) == ["2345-7", "78012-2", "10368-9"]
    assert len(elements(report, "87", "2019-12-01")) == 3
    assert {"8480-6", "8462-4", "5880005"} <= set(list_codes(elements(report, "59")))
    assert list_codes(elements(report, "144"), "h:value") == ["8517006"]
    assert list_codes(elements(report, "64")) == ["99213"]
    (payer,) = report.all(f"//h:observation[h:templateId/@root='{QDM}55']")
    assert list_codes([payer], "h:value") == ["99"]


def test_interventions_risks_and_death(record: Record) -> None:
    values = {"code_system": "SNOMEDCT", "effective_time": AT}
    record.own(PatientIntervention, code="225323000", name="Smoking cessation education", **values)
    record.own(PatientRiskAssessment, code="225338004", name="Risk assessment", **values)
    record.own(PatientCommunication, code="371530004", name="Consultation report", **values)
    record.rewrite(date_of_death=date(2026, 5, 6))
    report = record.document("qrda1", **PERIOD)
    assert list_codes(elements(report, "32")) == ["225323000"]
    assert list_codes(elements(report, "144")) == ["225338004"]
    assert "Consultation report" in report.read_text(DATA)
    (died,) = elements(report, "54", "2016-02-01")
    assert report.one("h:effectiveTime/h:low", died).get("value") == "20260506"


def test_period_without_data(record: Record) -> None:
    report = record.document("qrda1", **PERIOD)
    assert report.section(DATA).get("nullFlavor") == "NI"
    assert not report.entries(DATA)
    assert len(report.entries(MEASURE)) == len(MEASURES)


def test_only_data_of_the_period(filled: Record) -> None:
    report = filled.document("qrda1", start_date="2025-01-01", end_date="2025-12-31")
    assert not elements(report, "23")
    assert not elements(report, "59")
    assert list_codes(elements(report, "135"), "h:value") == ["I10"]  # it lasted


def test_default_period_is_the_year_so_far(record: Record) -> None:
    (act,) = record.document("qrda1").entries(PARAMETERS)
    assert act.find("{*}effectiveTime/{*}low").get("value") == f"{clock.now():%Y}0101"
    (act,) = record.document("qrda1", end_date="2024-06-30").entries(PARAMETERS)
    assert act.find("{*}effectiveTime/{*}low").get("value") == "20240101"


def test_identifiers_equal_those_of_the_ccda(filled: Record, report: Document) -> None:
    def ids(document: Document) -> set[tuple[str, str]]:
        found = document.all("//h:encounter/h:id | //h:procedure/h:id | //h:substanceAdministration/h:id")
        return {(each.get("root"), each.get("extension")) for each in found}

    assert ids(report) <= ids(filled.document())


@pytest.mark.parametrize("text", HOSTILE[:4], ids=range(4))
def test_hostile_texts(record: Record, text: str) -> None:
    fill_with(record, text)
    assert record.document("qrda1", start_date="2020-01-01", end_date="2036-12-31").entries(DATA)


def test_authorization_and_invalid_parameters(record: Record) -> None:
    url = f"/api/patients/{record.patient_id}/qrda1"
    assert Caller(record.clinic, permissions=()).http.get(url).status_code == 200
    assert Caller(record.clinic, scopes=("clinical",)).http.get(url).status_code == 403
    assert Caller().http.get(url).status_code == 404
    assert record.http.get(url, params={"first_name": "Grace"}).status_code == 404
    assert record.http.get(url, params={"start_date": "soon"}).json().keys() == {"start_date"}
    later = {"start_date": "2026-02-01", "end_date": "2026-01-01"}
    answer = record.http.get(url, params=later)
    assert answer.status_code == 400
    assert answer.json().keys() == {"start_date"}


def test_number_of_queries_is_constant(record: Record, filled: Record) -> None:
    def queries(of: Record) -> int:
        with CaptureQueriesContext(connection) as seen:
            of.document("qrda1", **PERIOD)
        return len(seen)

    assert queries(record) == queries(filled) < 30
