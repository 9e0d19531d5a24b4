"""The health record, bills and notices of the portal: a patient's own, when they are the patient's to see."""

import pytest

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.console.kit import records
from charthouse.console.kit.actor import build_actor
from charthouse.domains.clinical.absences import NO_KNOWN_ALLERGIES
from charthouse.domains.clinical.models import Allergy, ClinicalNote
from charthouse.domains.labs.models import LabOrder, LabResult
from charthouse.domains.messaging import secure_messages
from charthouse.domains.patients.models import Patient
from charthouse.domains.questionnaires.models import Questionnaire
from charthouse.identity import tenancy
from charthouse.outbox.models import Outgoing
from tests.domains.caller import Caller
from tests.portal.chart import Chart, add_ordered_result, add_to_chart, make_invoice
from tests.portal.portal_patients import PortalPatient, make_portal_patient
from tests.support import Clinic, make_practice


@pytest.fixture
def clinic() -> Clinic:
    return make_practice("Harbour Clinic")


@pytest.fixture
def known(clinic: Clinic) -> PortalPatient:
    return make_portal_patient(clinic)


@pytest.fixture
def chart(known: PortalPatient) -> Chart:
    return Chart(known)


def test_the_health_record_shows_what_is_the_patients_to_see(known: PortalPatient, chart: Chart) -> None:
    browser = known.browser()
    assert browser.get("/portal/health").text.count("Not recorded.") == 3
    add_to_chart(chart, "Own")
    add_to_chart(Chart(make_portal_patient(known.clinic, first_name="Chidi")), "Foreign")
    page = browser.get("/portal/health").text
    for shown in ("Own Lisinopril 10 mg", "Own Penicillin", "Hives", "Own Influenza CP", "Own Glucose True"):
        assert shown in page
    for hidden in ("Foreign", "Own Stopped", "Own Influenza RE", "Own Glucose False"):
        assert hidden not in page


def test_no_known_allergies_is_shown_as_recorded(known: PortalPatient, chart: Chart) -> None:
    chart.add(Allergy, patient=known.patient, doctor=chart.clinic.doctor, snomed_code=NO_KNOWN_ALLERGIES.code)
    assert "No known allergies" in known.browser().get("/portal/health").text


def test_the_record_is_downloaded_as_ccda(known: PortalPatient, chart: Chart) -> None:
    add_to_chart(chart, "Own")
    answer = known.browser().get("/portal/health/record.xml")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "Own Lisinopril" in answer.text
    assert answer.text.startswith("<?xml")
    with tenancy.within(known.clinic.id):
        (event,) = Event.objects.filter(patient_id=known.patient.pk, details__of="portal record")
    assert event.details["id"] == known.patient.pk


def test_ordered_results_are_released_by_signing_them_off(known: PortalPatient, chart: Chart) -> None:
    """On the page and in the download; a result that changes later is to be signed off again."""
    browser, order = known.browser(), add_ordered_result(chart, "Potassium")
    add_to_chart(chart, "Own")

    def is_shown() -> tuple[bool, bool]:
        record = browser.get("/portal/health/record.xml").text
        assert "Own Glucose True" in record
        assert "Own Glucose False" not in record
        return "Potassium" in browser.get("/portal/health").text, "Potassium" in record

    assert is_shown() == (False, False)
    with tenancy.within(known.clinic.id):
        LabOrder.objects.filter(pk=order.pk).update(reviewed_at=clock.now(), reviewed_by=known.clinic.user)
    assert is_shown() == (True, True)
    assert "3.5 to 5.0" in browser.get("/portal/health").text
    with tenancy.within(known.clinic.id):
        row = LabResult.objects.get(lab_test__lab_order=order.pk)
        row.comments = "Corrected"
        row.save(update_fields=["comments", "updated_at"])
    assert is_shown() == (False, False)


def test_a_visit_summary_is_there_once_the_note_is_signed(known: PortalPatient, chart: Chart) -> None:
    browser, visit = known.browser(), chart.visit(scheduled_time="2026-01-06T15:30:00Z")
    address = f"/portal/visits/{visit.pk}/note.pdf"
    assert browser.get(address).status_code == 404
    assert address not in browser.get("/portal/appointments").text
    with tenancy.within(known.clinic.id):
        ClinicalNote.objects.filter(pk=visit.pk).update(locked_at=clock.now(), locked_by=known.clinic.user)
    assert address in browser.get("/portal/appointments").text
    answer = browser.get(address)
    assert answer.content.startswith(b"%PDF")
    other = make_portal_patient(known.clinic, first_name="Chidi")
    assert other.browser().get(address).status_code == 404


def test_bills_show_what_is_to_pay(known: PortalPatient, chart: Chart) -> None:
    browser = known.browser()
    assert "No bills yet." in browser.get("/portal/bills").text
    open_one, paid_one = make_invoice(chart, paid=20), make_invoice(chart, paid=120)
    void = make_invoice(chart, voided_at=clock.now())
    foreign = make_invoice(Chart(make_portal_patient(known.clinic, first_name="Chidi")))
    page = browser.get("/portal/bills").text
    assert "$100.00 due" in page
    assert "due 04/03/2026" in page
    assert f"Invoice {paid_one.pk}" in page
    for hidden in (void, foreign):
        assert f"Invoice {hidden.pk}<" not in page
        assert browser.get(f"/portal/bills/{hidden.pk}").status_code == 404
    bill = browser.get(f"/portal/bills/{open_one.pk}").text
    for words in ("Office visit", "$120.00", "$20.00", "Balance: $100.00"):
        assert words in bill


def list_mail(clinic: Clinic, purpose: str) -> list[Outgoing]:
    with tenancy.within(clinic.id):
        return list(Outgoing.objects.filter(purpose=f"portal {purpose}").order_by("pk"))


def test_a_message_is_announced_without_its_content(clinic: Clinic, known: PortalPatient) -> None:
    caller = Caller(clinic)
    body = {"doctor": clinic.doctor.pk, "patient": known.patient.pk, "subject": "Biopsy", "body": "Melanoma."}
    assert caller.post("patient_messages", body).status_code == 201
    (mail,) = list_mail(clinic, "message")
    assert (mail.recipient, mail.patient_id) == ("amara@example.com", known.patient.pk)
    assert mail.subject == "A new message for Amara from Harbour Clinic"
    assert "/portal/messages" in mail.text
    for secret in ("Biopsy", "Melanoma"):
        assert secret not in mail.subject + mail.text
    with tenancy.within(clinic.id):
        stranger = Patient.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, first_name="No", email="no@example.com"
        )
    assert caller.post("patient_messages", body | {"patient": stranger.pk}).status_code == 201
    assert len(list_mail(clinic, "message")) == 1, "who has no portal is told of none"


def test_an_answer_and_a_questionnaire_are_announced(
    clinic: Clinic, known: PortalPatient, chart: Chart
) -> None:
    with tenancy.within(clinic.id):
        request = secure_messages.send_message(
            known.patient, {"subject": "My results", "note": "Are they there?"}
        )
        accepted = secure_messages.accept_message(request, clinic.user.pk)
        secure_messages.answer(accepted.message, "They are fine.", clinic.user.pk)
    (mail,) = list_mail(clinic, "message")
    assert "fine" not in mail.text
    questionnaire = chart.add(Questionnaire, name="Alcohol use")
    with tenancy.within(clinic.id):
        records.create(
            records.get_resource("assignments"),
            build_actor(clinic.user),
            {"patient": known.patient.pk, "questionnaire": questionnaire.pk},
        )
    (mail,) = list_mail(clinic, "questionnaire")
    assert "/portal/questionnaires" in mail.text
    assert "Alcohol" not in mail.subject + mail.text


def test_an_answer_goes_to_the_provider_who_wrote(clinic: Clinic, known: PortalPatient, chart: Chart) -> None:
    by_app = chart.message(doctor=clinic.doctor)
    page = known.browser().get(f"/portal/messages/new?to={by_app.pk}").text
    assert f'value="{clinic.user.pk}" selected' in page
