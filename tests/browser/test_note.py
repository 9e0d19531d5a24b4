"""A note in a browser: saved while it is typed, kept over reload and the end of the session, two people, signing."""

import re
from collections.abc import Callable

import httpx
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
)
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from tests import waiting
from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.steps import Steps
from tests.browser.watching import SharedPages
from tests.domains.scheduling.calendar import Calendar
from tests.support import PASSWORD, Clinic

SECTIONS = ("Subjective", "Objective", "Assessment", "Plan")


class Soap(Calendar):
    """A visit whose note has a section for each of SECTIONS, with a field below a heading."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic=clinic)
        self.visit = int(self.book("2026-03-10T09:00:00")["id"])
        with tenancy.within(clinic.id):
            for place, name in enumerate(SECTIONS):
                template = ClinicalNoteTemplate.objects.create(
                    practice=clinic.practice, doctor=self.doctor, name=name, order_on_complete_note=place
                )
                for field, kind in ((f"Heading of {name}", "Header"), (f"{name} text", "String")):
                    ClinicalNoteFieldType.objects.create(
                        practice=clinic.practice, clinical_note_template=template, name=field, data_type=kind
                    )

    def read(self) -> dict[str, str]:
        with tenancy.within(self.clinic.id):
            rows = ClinicalNoteFieldValue.objects.filter(appointment=self.visit)
            return {
                row.clinical_note_field.name.split()[0]: row.value
                for row in rows.select_related("clinical_note_field")
            }


@pytest.fixture
def soap(clinic: Clinic) -> Soap:
    return Soap(clinic)


def test_a_note_is_written_without_a_step_and_signed_in_two(
    page: Page, enter: Callable[[str], Page], soap: Soap
) -> None:
    enter(f"/visits/{soap.visit}")
    assert find_violations_in_both_themes(page) == []
    steps = Steps(page)
    for name in SECTIONS:
        page.get_by_label(f"{name} text", exact=True).fill(f"{name} words")
    page.get_by_label("Systolic blood pressure").fill("128")
    page.get_by_label("Diastolic blood pressure").fill("82")
    page.get_by_role("textbox", name="Pulse").fill("72")
    page.get_by_label("Respiratory rate").focus()
    expect(page.get_by_text(re.compile(r"^Saved \d"))).to_be_visible()
    waiting.until(lambda: len(soap.read()) == len(SECTIONS))
    assert steps.count == 0
    page.reload()
    expect(page.get_by_label("Plan text")).to_have_value("Plan words")
    expect(page.get_by_role("textbox", name="Pulse")).to_have_value("72")
    page.get_by_label("Plan text").fill("Plan words at the last moment")
    steps.click(page.get_by_role("link", name="Sign", exact=True))
    expect(page.get_by_text("attest that it is accurate")).to_be_visible()
    assert find_violations(page) == []
    steps.click(page.get_by_role("button", name="Sign note"))
    expect(page.get_by_text("The note is signed.")).to_be_visible()
    assert steps.count == 2, "sign, and the attestation"
    expect(page.get_by_text("Plan words at the last moment")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    with tenancy.within(soap.clinic.id):
        assert ClinicalNote.objects.get(pk=soap.visit).locked_at is not None


def test_what_is_typed_outlives_the_session(
    phone: Page, visitor: httpx.Client, live_server: str, soap: Soap
) -> None:
    """The session ends: the page asks to sign in, in place; also after a reload, the text is still there."""
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    phone.goto(f"{live_server}/visits/{soap.visit}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    Session.objects.all().delete()
    phone.get_by_label("Plan text").fill("Typed after the session had ended")
    dialog = phone.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    assert find_violations(phone) == []
    dialog.get_by_label("Username").fill(soap.clinic.user.username)
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("Username or password is wrong")).to_be_visible()
    dialog.get_by_label("Username").fill(soap.clinic.user.username)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    waiting.until(lambda: soap.read().get("Plan") == "Typed after the session had ended")
    expect(phone.get_by_label("Plan text")).to_have_value("Typed after the session had ended")


def test_text_that_could_not_be_saved_is_there_after_a_reload(
    shared_pages: SharedPages, visitor: httpx.Client, soap: Soap, live_server: str
) -> None:
    cookies = [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    with shared_pages.use(viewport={"width": 1280, "height": 860}) as (page, _):
        page.context.add_cookies(cookies)
        page.goto(f"{live_server}/visits/{soap.visit}")
        page.route(
            "**/draft", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_label("Plan text").fill("Written on a train")
        expect(page.get_by_text("Not saved: no connection.")).to_be_visible()
        page.unroute("**/draft")
        page.goto(f"{live_server}/visits/{soap.visit}")
        expect(page.get_by_label("Plan text")).to_have_value("Written on a train")
        waiting.until(lambda: soap.read().get("Plan") == "Written on a train")


def test_two_people_see_and_choose(page: Page, enter: Callable[[str], Page], soap: Soap) -> None:
    """A second tab stands for the second person: each change comes from a page of its own."""
    enter(f"/visits/{soap.visit}")
    second = page.context.new_page()
    second.goto(page.url)
    second.get_by_label("Plan text").fill("Theirs")
    second.get_by_label("Subjective text").fill("Also theirs")
    waiting.until(lambda: soap.read().get("Subjective") == "Also theirs")
    second.close()
    page.get_by_label("Plan text").fill("Mine")
    expect(page.get_by_role("alert").filter(has_text="changed this to “Theirs”")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    expect(page.get_by_label("Subjective text")).to_have_value("Also theirs")
    assert soap.read()["Plan"] == "Theirs", "nothing is put back silently"
    page.get_by_role("button", name="Keep both").click()
    waiting.until(lambda: soap.read()["Plan"] == "Theirs\nMine")


def test_snippets_and_diagnoses(page: Page, enter: Callable[[str], Page], soap: Soap) -> None:
    enter("/catalogues/snippets")
    page.get_by_role("link", name="Add snippet").click()
    page.locator("#id_name").fill("wnl")
    page.locator("#id_text").fill("Within normal limits.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="wnl")).to_contain_text("Whole practice")
    enter(f"/visits/{soap.visit}")
    page.get_by_label("Objective text").press_sequentially("Lungs .wnl ")
    expect(page.get_by_label("Objective text")).to_have_value(re.compile("^Lungs Within normal limits"))
    steps = Steps(page)
    page.get_by_role("combobox", name="Add a diagnosis").fill("type 2 diab")
    option = page.get_by_role("option", name=re.compile("without complications E11.9"))
    expect(option).to_be_visible()
    assert find_violations(page) == []
    steps.click(option)
    expect(page.get_by_text("E11.9 Type 2 diabetes mellitus without complications added.")).to_be_visible()
    assert steps.count == 1
    expect(page.get_by_label("Objective text")).to_have_value(re.compile("^Lungs Within normal limits"))


def test_a_charge_is_added_beside_the_note(
    phone: Page, visitor: httpx.Client, live_server: str, soap: Soap
) -> None:
    """Words, the first choice and the button; what is typed in the note stays."""
    with tenancy.within(soap.clinic.id):
        practice = {"practice": soap.clinic.practice}
        Appointment.objects.filter(pk=soap.visit).update(icd10_codes=["I10", "E11.9"])
        schedule = FeeSchedule.objects.create(doctor=soap.doctor, plan_name="All", **practice)
        for code, words in (("99213", "Office visit, established"), ("93000", "Electrocardiogram")):
            FeeScheduleItem.objects.create(
                schedule=schedule, code=code, description=words, base_price=145, **practice
            )
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    )
    phone.goto(f"{live_server}/visits/{soap.visit}")
    phone.get_by_label("Plan text").fill("Rest")
    charges = phone.get_by_role("region", name="Charges")
    steps = Steps(phone)
    charges.get_by_role("combobox", name="Code").fill("office vis")
    expect(charges.get_by_role("option", name=re.compile("99213 Office visit"))).to_be_visible()
    assert find_violations_in_both_themes(phone) == []
    steps.press("Enter")
    expect(charges.get_by_role("combobox", name="Code")).to_have_value("99213")
    steps.press("Enter")
    expect(phone.get_by_text("99213 added to the charges.")).to_be_visible()
    assert steps.count == 2
    expect(charges).to_contain_text("$145.00 · I10, E11.9")
    expect(phone.get_by_label("Plan text")).to_have_value("Rest")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    charges.get_by_role("combobox", name="Code").fill("nothing")
    charges.get_by_role("button", name="Add charge").click()
    expect(charges.get_by_text("the fee schedule has no price")).to_be_visible()
    expect(charges.get_by_role("combobox", name="Code")).to_have_value("nothing")
    assert find_violations_in_both_themes(phone) == []
    phone.get_by_role("button", name="Remove charge 99213").click()
    phone.get_by_role("button", name="Undo").click()
    expect(charges).to_contain_text("$145.00 · I10, E11.9")
