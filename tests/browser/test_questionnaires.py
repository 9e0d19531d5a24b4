"""A questionnaire made with the mouse, assigned, and hostile answers to it that stay harmless."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.portal_requests import enqueue
from charthouse.domains.questionnaires.models import Answers
from charthouse.identity import tenancy
from tests.browser.axe import find_violations
from tests.browser.dialogs import ask
from tests.domains.scheduling.calendar import Calendar

HOSTILE = """
    <b>Plainly readable</b><script>document.title = "taken"</script><img src="x" onerror="document.title = 'taken'">
    <svg onload="document.title = 'taken'"></svg><a href="javascript:document.title = 'taken'">link</a>
    <iframe srcdoc="<script>parent.document.title = 'taken'</script>"></iframe><math><mtext><table><mglyph><style>
    <!--</style><img title="--&gt;&lt;img src=1 onerror=document.title='taken'&gt;"></table></mtext></math>
    <div style="position: fixed; inset: 0" onclick="document.title = 'taken'">over the page</div>
"""


def test_made_assigned_and_taken_back(page: Page, enter: Callable[[str], Page], calendar: Calendar) -> None:
    enter("/catalogues/questionnaires")
    page.get_by_role("link", name="Add questionnaire").click()
    page.get_by_label("Name").fill("Before your first visit")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Before your first visit").click()
    for words, kind in (("Do you smoke?", "Yes or no"), ("How do you sleep?", "One of several choices")):
        page.get_by_role("link", name="Add question").click()
        page.get_by_label("Question", exact=True).fill(words)
        page.get_by_label("Answer").select_option(kind)
        if kind == "One of several choices":
            page.get_by_label("Choices").fill("Well\nBadly")
        page.get_by_role("button", name="Save").click()
    questions = page.get_by_role("region", name="Questions").get_by_role("listitem")
    expect(questions).to_have_count(2)
    page.get_by_role("button", name="Move “How do you sleep?” up").click()
    expect(questions.first).to_contain_text("How do you sleep?")
    assert find_violations(page) == []
    enter(f"/patients/{calendar.patient_id}/questionnaires")
    page.get_by_role("link", name="Assign a questionnaire").click()
    page.get_by_label("Questionnaire").select_option("Before your first visit")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("region", name="Not answered yet")).to_contain_text("Before your first visit")
    assert find_violations(page) == []
    ask(page, "Withdraw").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("region", name="Not answered yet")).to_have_count(0)


@pytest.mark.parametrize("place", ["chart", "queue"])
def test_hostile_answers_run_nothing(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, place: str
) -> None:
    """Rows as no door lets them in: what the page makes of them is its own defence. (The page fixture fails for
    whatever is fetched or refused by the policy.)"""
    with tenancy.within(calendar.clinic.id):
        patient = Patient.objects.get(pk=calendar.patient_id)
        answers = Answers.objects.create(
            practice=calendar.clinic.practice, patient=patient, html_content=HOSTILE
        )
        payload = {"html_content": HOSTILE, "raw_data": {}}
        request = enqueue(patient, "questionnaire", api_user=None, title="Answers", payload=payload)
    chart = f"/patients/{patient.pk}/questionnaires/{answers.pk}"
    enter(chart if place == "chart" else f"/queue/{request.pk}")
    expect(page.get_by_text("Plainly readable")).to_be_visible()
    page.get_by_text("over the page").click()
    page.get_by_text("link", exact=True).click()
    assert "taken" not in page.title()
    assert find_violations(page) == []
