"""Questionnaires in the console: questions, order, assignment, answers; and messages of patients."""

import re

import httpx
import pytest

from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.answers import submit_answers
from charthouse.domains.questionnaires.models import Answers, Assignment, Question, Questionnaire
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.test_shell import send
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_doctor, make_practice, make_user

HOSTILE = '<b>Bold</b><script>title="taken"</script><img src=x onerror="alert(1)"><p style="x">Safe</p>'


@pytest.fixture
def row(browser: httpx.Client, clinic: Clinic) -> int:
    """Make a questionnaire without questions."""
    assert send(browser, "/catalogues/questionnaires/new", name="Intake", kind="intake").status_code == 302
    with tenancy.within(clinic.id):
        return int(Questionnaire.objects.get(practice=clinic.id).pk)


def add(browser: httpx.Client, row: int, words: str, kind: str = "text", **values: str) -> httpx.Response:
    return send(browser, f"/catalogues/questionnaires/{row}/questions/new", words=words, kind=kind, **values)


def order(browser: httpx.Client, row: int) -> list[str]:
    page = browser.get(f"/catalogues/questionnaires/{row}").text
    return re.findall(r'<a href="/catalogues/questionnaires/\d+/questions/\d+">([^<]+)</a>', page)


def post(browser: httpx.Client, address: str, **values: str) -> httpx.Response:
    token = {"csrfmiddlewaretoken": parse_hidden_fields(browser.get("/account"))["csrfmiddlewaretoken"]}
    return browser.post(address, data=token | values)


def test_questions_are_added_changed_moved_and_deleted(
    browser: httpx.Client, clinic: Clinic, row: int
) -> None:
    for words in ("First?", "Second?", "First?"):
        assert add(browser, row, words).status_code == 302
    assert order(browser, row) == ["First?", "Second?", "First?"]
    with tenancy.within(clinic.id):
        questions = list(Question.objects.filter(practice=clinic.id).order_by("order"))
    assert [one.key for one in questions] == ["first", "second", "first_2"]
    first, second, third = (f"/catalogues/questionnaires/{row}/questions/{one.pk}" for one in questions)
    with bounded_queries():
        browser.get(f"/catalogues/questionnaires/{row}")
    assert post(browser, f"{third}/up").status_code == 302
    assert post(browser, f"{first}/down").status_code == 302
    with tenancy.within(clinic.id):
        keys = [one.key for one in Question.objects.filter(practice=clinic.id).order_by("order")]
    assert keys == ["first_2", "first", "second"]
    assert post(browser, f"{second}/down").status_code == 302  # it is the last already
    assert post(browser, f"{second}/left").status_code == 404
    choices = {"words": "Which?", "kind": "one", "choices": "Red\nGreen", "required": "true"}
    assert send(browser, second, **choices).status_code == 302
    assert order(browser, row) == ["First?", "First?", "Which?"]
    assert "Red, Green" in browser.get(f"/catalogues/questionnaires/{row}").text
    with tenancy.within(clinic.id):
        assert Question.objects.get(pk=questions[1].pk).key == "second", "whatever becomes of its words"
    assert post(browser, f"{first}/delete").status_code == 302
    assert order(browser, row) == ["First?", "Which?"]
    assert add(browser, row, "First?").status_code == 302
    with tenancy.within(clinic.id):
        assert Question.objects.filter(practice=clinic.id, key="first_3").exists(), "a key is given once"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "one"}, "Enter at least two"),
        ({"kind": "several", "choices": "Red"}, "Enter at least two"),
        ({"kind": "several", "choices": "Red\nred"}, "Give each choice once"),
        ({"kind": "text", "choices": "Red\nGreen"}, "Only for one or several"),
        ({"kind": "colour"}, "not a valid choice"),
        ({"kind": "one", "choices": "\n".join(f"Choice {n}" for n in range(51))}, "no more than 50"),
    ],
)
def test_invalid_questions_are_refused(
    browser: httpx.Client, row: int, values: dict[str, str], said: str
) -> None:
    page = add(browser, row, "What?", **values)
    assert page.status_code == 400
    assert said in page.text
    assert order(browser, row) == []


def test_a_question_belongs_to_its_questionnaire(browser: httpx.Client, clinic: Clinic, row: int) -> None:
    add(browser, row, "What?")
    with tenancy.within(clinic.id):
        question = Question.objects.get(practice=clinic.id).pk
        other = Questionnaire.objects.create(practice=clinic.practice, name="Other").pk
    assert browser.get(f"/catalogues/questionnaires/{other}/questions/{question}").status_code == 404
    assert post(browser, f"/catalogues/questionnaires/{other}/questions/{question}/up").status_code == 404
    elsewhere = make_practice()
    elsewhere.user.set_password(PASSWORD)
    elsewhere.user.save()
    stranger = open_signed_in_browser(elsewhere.user.username)
    assert stranger.get(f"/catalogues/questionnaires/{row}").status_code == 404
    assert stranger.get(f"/catalogues/questionnaires/{row}/questions/{question}").status_code == 404
    assert post(stranger, f"/catalogues/questionnaires/{row}/questions/{question}/up").status_code == 404
    for address in (f"/catalogues/questionnaires/{row}/questions", "/catalogues/questionnaires/0/questions"):
        assert stranger.get(address).status_code == stranger.get(f"{address}/new").status_code == 404
        assert post(stranger, f"{address}/new", words="Mine?", kind="text").status_code == 404


def test_a_questionnaire_is_assigned_answered_and_read(
    browser: httpx.Client, clinic: Clinic, calendar: Calendar, row: int
) -> None:
    add(browser, row, "Do you smoke?", "yes_no")
    chart = f"/patients/{calendar.patient_id}/questionnaires"
    assert send(browser, f"{chart}/ask", questionnaire="").status_code == 400
    assert send(browser, f"{chart}/ask", questionnaire=str(row)).status_code == 302
    again = send(browser, f"{chart}/ask", questionnaire=str(row))
    assert again.status_code == 400
    assert "is not answered yet" in again.text
    with bounded_queries():
        page = browser.get(chart).text
    assert "Not answered yet" in page
    with tenancy.within(clinic.id):
        asked = Assignment.objects.get(practice=clinic.id)
        assert asked.asked_by_id == clinic.user.pk
        request = submit_answers(asked, {"do_you_smoke": "yes"})
    assert "Do you smoke?" in browser.get(f"/queue/{request.pk}").text
    with tenancy.within(clinic.id):
        made = settle(request, clinic.user.pk, accept=True)
    page = browser.get(chart).text
    assert "Not answered yet" not in page
    assert f"{chart}/{made.pk}" in page
    with bounded_queries():
        shown = browser.get(f"{chart}/{made.pk}").text
    assert "<dt>Do you smoke?</dt><dd>Yes</dd>" in shown
    assert post(browser, f"{chart}/asked/{asked.pk}/back").status_code == 302
    assert "has answered already" in browser.get(chart).text


def test_an_assignment_is_withdrawn(
    browser: httpx.Client, clinic: Clinic, calendar: Calendar, row: int
) -> None:
    chart = f"/patients/{calendar.patient_id}/questionnaires"
    send(browser, f"{chart}/ask", questionnaire=str(row))
    with tenancy.within(clinic.id):
        asked = Assignment.objects.get(practice=clinic.id)
        other = Patient.objects.create(practice=clinic.practice, doctor=clinic.doctor, last_name="Bo").pk
    assert browser.get(f"/patients/{other}/questionnaires/asked/{asked.pk}/back").status_code == 404
    assert "Withdraw this questionnaire?" in browser.get(f"{chart}/asked/{asked.pk}/back").text
    assert post(browser, f"{chart}/asked/{asked.pk}/back").status_code == 302
    assert "Not answered yet" not in browser.get(chart).text
    assert send(browser, f"{chart}/ask", questionnaire=str(row)).status_code == 302


def test_hostile_answers_are_sanitized_again(
    browser: httpx.Client, clinic: Clinic, calendar: Calendar
) -> None:
    """The row was stored without today's sanitizing."""
    with tenancy.within(clinic.id):
        made = Answers.objects.create(
            practice=clinic.practice, patient_id=calendar.patient_id, html_content=HOSTILE
        )
    page = browser.get(f"/patients/{calendar.patient_id}/questionnaires/{made.pk}")
    assert "<b>Bold</b><p>Safe</p>" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_answers_need_permission(clinic: Clinic, calendar: Calendar) -> None:
    with tenancy.within(clinic.id):
        made = Answers.objects.create(
            practice=clinic.practice, patient_id=calendar.patient_id, html_content="<p>No.</p>"
        )
    chart = f"/patients/{calendar.patient_id}/questionnaires"
    plain = make_user(
        clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != "Manage Patients"]
    )
    clinic.practice.sharing = []
    clinic.practice.save()
    colleague = make_user(clinic.practice, password=PASSWORD, doctor=make_doctor(clinic.practice))
    for person, status in ((plain, 403), (colleague, 404)):
        there = open_signed_in_browser(person.username)
        for address in (chart, f"{chart}/{made.pk}", f"{chart}/ask"):
            assert there.get(address).status_code == status, (address, person)


def test_a_patients_message_is_read_and_answered(
    browser: httpx.Client, clinic: Clinic, calendar: Calendar
) -> None:
    with tenancy.within(clinic.id):
        patient = Patient.objects.get(pk=calendar.patient_id)
        request = secure_messages.send_message(
            patient, {"subject": "A question", "note": "<i>May I</i> take it with food?"}
        )
    post(browser, f"/queue/{request.pk}/accept")
    chart = browser.get(f"/patients/{calendar.patient_id}/messages").text
    (address,) = set(re.findall(r'href="(/inbox/\d+)"', chart))
    with bounded_queries():
        page = browser.get(address).text
    assert "&lt;i&gt;May I&lt;/i&gt; take it with food?" in page
    with tenancy.within(clinic.id):
        assert Message.objects.get(practice=clinic.id).read is True
        assert PatientMessage.objects.get(practice=clinic.id).read is True
    assert post(browser, f"{address}/answer", text="Yes, you may.").status_code == 302
    assert "Yes, you may." in browser.get(address).text
    assert "Yes, you may." in browser.get(f"/patients/{calendar.patient_id}/messages").text
    post(browser, f"{address}/answer", text=" ")
    with tenancy.within(clinic.id):
        reply = PatientMessage.objects.get(practice=clinic.id, sent_by="dr")
        assert (
            [row.body for row in secure_messages.list_correspondence(patient)][-1]
            == reply.body
            == "Yes, you may."
        )
    plain = make_user(
        clinic.practice, password=PASSWORD, permissions=["Access Message Center"]
    )  # may read the message center, not write to patients
    refused = open_signed_in_browser(plain.username)
    token = {"csrfmiddlewaretoken": parse_hidden_fields(refused.get("/account"))["csrfmiddlewaretoken"]}
    assert refused.post(f"{address}/answer", data=token | {"text": "No."}).status_code == 403
    assert post(browser, "/inbox/999999999/answer", text="x").status_code == 404
