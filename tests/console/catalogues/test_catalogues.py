"""Setup pages, tasks and messages: every list and form, and rows written through the engine."""

import re

import httpx
import pytest

from charthouse.console.billing import patient_account
from charthouse.console.catalogues.urls import SETUP_PAGES
from charthouse.console.chart import lists, notes
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.messages.inbox import INBOX
from charthouse.console.resources.registry import RESOURCES
from charthouse.console.tasks.views import TASKS
from charthouse.domains.billing.models import BillingProfile
from charthouse.domains.clinical.models import NoteText
from charthouse.domains.messaging.models import Message, MessageNote
from charthouse.domains.tasks.models import Task, TaskNote, TaskStatus
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.console.test_shell import send
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_api_user, make_practice, make_user

ALL = (*SETUP_PAGES, TASKS, INBOX)


@pytest.mark.parametrize("catalogue", ALL, ids=lambda c: c.url_path)
def test_every_list_and_form(browser: httpx.Client, catalogue: ResourcePages) -> None:
    with bounded_queries():
        assert browser.get(f"/{catalogue.url_path}", params={"q": "x"}).status_code == 200
    if "POST" in catalogue.resource.method_set:
        with bounded_queries():
            assert browser.get(f"/{catalogue.url_path}/new").status_code == 200
        assert send(browser, f"/{catalogue.url_path}/new").status_code == 400
    assert browser.get(f"/{catalogue.url_path}/999999999").status_code in (404,)


@pytest.mark.parametrize("catalogue", ALL, ids=lambda c: c.url_path)
def test_each_page_requires_the_permissions_of_its_resource(clinic: Clinic, catalogue: ResourcePages) -> None:
    for name in catalogue.resource.policy.permissions:
        person = make_user(
            clinic.practice, password=PASSWORD, permissions=[p for p in PERMISSIONS if p != name]
        )
        assert open_signed_in_browser(person.username).get(f"/{catalogue.url_path}").status_code == 403


OWN = {
    "note_texts": {"name": "rosneg", "text": "All other systems are negative."},
    "note_templates": {"name": "Subjective"},
    "vital_kinds": {"name": "Peak flow", "unit": "l/min", "data_type": "number"},
    "code_sets": {"name": "Physical", "cpt_codes.0.code": "99395", "cpt_codes.0.price": "185.00"},
    "price_lists": {"plan_name": "Self-pay"},
    "stock_categories": {"name": "Vaccines"},
    "plan_names": {"insurance_plan_name": "County employees"},
    "formulary": {"name": "Metformin 500 mg tablet", "rxnorm": "861007"},
    "supplement_list": {"name": "Magnesium", "kind": "Minerals"},
    "allergens": {"name": "Peanut", "snomed_code": "762952008"},
    "favorite_problems": {"name": "High blood pressure", "icd_code": "i10"},
    "panel_tests": {"panel": "Annual labs", "name": "Glucose", "code": "2345-7", "low": "70", "high": "99"},
    "directory": {"name": "Foothill Diagnostics", "kind": "laboratory"},
    "note_headings": {"name": "Social history"},
    "health_trackers": {
        "name": "Mammogram",
        "frequency": "Every 2 years",
        "applies_to": "all",
        "start_age": "40",
    },
    "tag_list": {"name": "VIP", "category": "Care", "description": "Calls go through.", "color": "b2f07e"},
    "note_fields": {"name": "Chief complaint", "clinical_note_template": "note_templates"},
    "stock_items": {"name": "Gloves", "current_quantity": "4"},
    "charge_definitions": {"name": "Office visit", "retail": "145.00", "minutes": "30"},
    "encounter_kinds": {"name": "Home visit", "code": "hv", "sort_priority": "50"},
    "vitals_groups": {"name": "Weight clinic", "included_fields": "weight\r\nbp"},
    "questionnaires": {"name": "Before your first visit", "kind": "intake"},
    "prices": {"code": "99213", "base_price": "145.00", "schedule": "price_lists"},
}
BASES = {catalogue.resource_path: catalogue.url_path for catalogue in SETUP_PAGES}


def add(browser: httpx.Client, clinic: Clinic, path: str) -> str:
    """Write a row through the form and return its id."""
    values = {name: add(browser, clinic, text) if text in OWN else text for name, text in OWN[path].items()}
    (resource,) = (one for one in RESOURCES if one.path == path)
    if "doctor" in resource.keys_by_name:
        values["doctor"] = str(clinic.doctor.pk)

    def rows() -> set[str]:
        return set(re.findall(rf'href="/{BASES[path]}/(\d+)"', browser.get(f"/{BASES[path]}").text))

    before = rows()
    assert send(browser, f"/{BASES[path]}/new", **values).status_code == 302
    (row,) = rows() - before
    return str(row)


@pytest.mark.parametrize("path", OWN)
def test_resources_that_the_api_only_reads_are_written_here(
    browser: httpx.Client, clinic: Clinic, path: str
) -> None:
    row = add(browser, clinic, path)
    address = f"/{BASES[path]}/{row}"
    page = browser.get(address)
    assert page.status_code == 200
    other = make_practice()
    other.user.set_password(PASSWORD)
    other.user.save()
    assert open_signed_in_browser(other.user.username).get(address).status_code == 404
    assert browser.post(f"{address}/delete", data=parse_hidden_fields(page)).status_code == 302
    assert address not in browser.get(f"/{BASES[path]}").text


def test_every_own_resource_has_a_page() -> None:
    own = {resource.path for resource in RESOURCES}
    sections = (*lists.LISTS, notes.NOTES, *patient_account.LISTS)
    elsewhere = {
        "questions",
        "assignments",
        "filings",
        "schedule",
        "desk_invoices",
    }  # have pages of their own
    elsewhere |= {"desk_invoices", "desk_payments"} & own  # in the ledger
    elsewhere |= {"waiting_list", "freed_slots", "distinct_patients"}  # worklists
    elsewhere |= {"charted_allergies", "medication_endings", "reconciliations"}  # in the chart
    elsewhere |= {
        "cleared_note_values",
        "visit_diagnoses",
        "visits",
        "lab_reviews",
    }  # beside notes and labs
    listed = {
        section.resource_path for section in sections
    } & own  # the chart also lists resources of the API
    assert own == set(OWN) | listed | elsewhere


def test_a_list_of_objects_is_rows_of_inputs(browser: httpx.Client, clinic: Clinic) -> None:
    with tenancy.within(clinic.id):
        known = [{"code": "99396", "price": "185.00", "modifiers": ["25"]}, {"code": "99213"}]
        row = BillingProfile.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, name="Physical", cpt_codes=known
        )
    address = f"/catalogues/billing/{row.pk}"
    page = browser.get(address)
    assert 'name="cpt_codes.1.code" value="99213"' in page.text
    values = parse_hidden_fields(page) | {"name": "Physical", "doctor": str(clinic.doctor.pk)}
    values |= {"cpt_codes.0.code": "99396", "cpt_codes.0.price": "", "cpt_codes.3.code": "36415"}
    assert browser.post(address, data=values).status_code == 302
    with tenancy.within(clinic.id):
        row.refresh_from_db()
    assert row.cpt_codes == [{"code": "99396", "modifiers": ["25"]}, {"code": "36415"}]
    wrong = send(browser, address, **{"cpt_codes.2.price": "1.00"})
    assert wrong.status_code == 400
    assert 'id="id_cpt_codes.0.code-wrong"' in wrong.text


def test_reminders_are_rows_of_inputs(browser: httpx.Client, clinic: Clinic) -> None:
    values = {"name": "Usual", "doctor": str(clinic.doctor.pk)}
    values |= {"reminders.0.amount": "2", "reminders.0.unit": "days", "reminders.0.type": "email"}
    assert send(browser, "/catalogues/reminders/new", **values).status_code == 302
    assert "2 days before by email" in browser.get("/catalogues/reminders").text
    wrong = send(browser, "/catalogues/reminders/new", **values | {"reminders.1.amount": "x"})
    assert wrong.status_code == 400
    assert 'id="id_reminders.1.amount-wrong"' in wrong.text
    assert 'value="x"' in wrong.text


def test_inconsistent_values_are_refused(browser: httpx.Client) -> None:
    tracker = OWN["health_trackers"] | {"end_age": "30"}
    assert "is before the start" in send(browser, "/catalogues/trackers/new", **tracker).text
    red = send(browser, "/catalogues/tags/new", **OWN["tag_list"] | {"color": "red"})
    assert red.status_code == 400
    assert "required pattern" in red.text
    noted = OWN["tag_list"] | {"note_displays_on_dashboard": "true"}
    assert "only where the tag is" in send(browser, "/catalogues/tags/new", **noted).text
    send(browser, "/catalogues/tags/new", **OWN["tag_list"])
    again = send(browser, "/catalogues/tags/new", **OWN["tag_list"])
    assert "A tag with this name exists already." in again.text


def test_cerbos_api_reads_encounter_types_and_vitals_groups(browser: httpx.Client, clinic: Clinic) -> None:
    """Deleted encounter types are among them."""
    program = make_api_user(clinic.practice).client()
    kind = add(browser, clinic, "encounter_kinds")
    again = send(browser, "/catalogues/encounter-types/new", name="Again", code="hv")
    assert "Another type has this code." in again.text
    page = browser.get(f"/catalogues/encounter-types/{kind}")
    browser.post(f"/catalogues/encounter-types/{kind}/delete", data=parse_hidden_fields(page))
    shown = program.get("/api/v1/encounter_types?include_deleted=true").json()["data"]
    assert (shown[-1]["encounter_type"], shown[-1]["deletedby"]) == ("hv", clinic.user.pk)
    flow = add(browser, clinic, "vital_kinds")
    values = {"name": "Asthma", "included_fields": f"{flow}\r\nweight"}
    assert send(browser, "/catalogues/vitals-groups/new", **values).status_code == 302
    (group,) = program.get("/api/v1/vitals_tag_groups").json()["data"]
    assert (group["name"], group["included_fields"]) == ("Asthma", [flow, "weight"])
    assert (group["created_by"], group.keys()) == (
        clinic.user.pk,
        {"name", "included_fields", "created_by", "created"},
    )
    for unknown in ("pulse", "0", "9" * 19, "\u0663", "-1"):
        wrong = send(browser, "/catalogues/vitals-groups/new", name="Wrong", included_fields=unknown)
        assert wrong.status_code == 400, unknown
        assert "No vitals:" in wrong.text


def test_a_task_with_notes_is_completed(browser: httpx.Client, clinic: Clinic) -> None:
    with tenancy.within(clinic.id):
        begun = TaskStatus.objects.create(practice=clinic.practice, name="New", status_category="O")
        done = TaskStatus.objects.create(practice=clinic.practice, name="Done", status_category="C")
    values = {"title": "Call back", "priority": "30", "assignee_user": str(clinic.user.pk)}
    assert send(browser, "/tasks/new", **values, status=str(begun.pk)).status_code == 302
    with tenancy.within(clinic.id):
        task = Task.objects.get(practice=clinic.id)
    address = f"/tasks/{task.pk}"
    token = parse_hidden_fields(browser.get(address))
    assert browser.post(f"{address}/note", data=token | {"text": "Left a voice mail"}).status_code == 302
    assert "Left a voice mail" in browser.get(address).text
    browser.post(f"{address}/note", data=token | {"text": " "})
    with tenancy.within(clinic.id):
        (note,) = TaskNote.objects.filter(practice=clinic.id)
    assert note.created_by_id == clinic.user.pk
    assert send(browser, address, **values, status=str(done.pk)).status_code == 302
    assert "Call back" not in browser.get("/tasks").text
    assert "Call back" in browser.get("/tasks?which=done").text


def test_a_message_with_a_note(browser: httpx.Client, clinic: Clinic) -> None:
    assert send(browser, "/inbox/new", title="Fax", doctor=str(clinic.doctor.pk)).status_code == 302
    with tenancy.within(clinic.id):
        message = Message.objects.get(practice=clinic.id)
    address = f"/inbox/{message.pk}"
    assert (
        browser.post(
            f"{address}/note", data=parse_hidden_fields(browser.get(address)) | {"text": "Filed"}
        ).status_code
        == 302
    )
    with tenancy.within(clinic.id):
        assert MessageNote.objects.filter(practice=clinic.id, message=message, text="Filed").exists()
    assert "Filed" in browser.get(address).text


def test_snippets_are_the_practices_or_the_users_own(clinic: Clinic, browser: httpx.Client) -> None:
    """Nobody sees or changes those of somebody else; a template is none."""
    with tenancy.within(clinic.id):
        other = make_user(clinic.practice)
        shared, own, foreign, template = (
            NoteText.objects.create(
                practice=clinic.practice, name=name, text="Text", field=field, owner=owner
            )
            for name, field, owner in (
                ("rosneg", "", None),
                ("mine", "", clinic.user),
                ("theirs", "", other),
                ("wellchild", "Plan", None),
            )
        )
    page = browser.get("/catalogues/snippets").text
    assert [one.name in page for one in (shared, own, foreign, template)] == [True, True, False, False]
    for row, status in ((shared, 200), (own, 200), (foreign, 404), (template, 404)):
        assert browser.get(f"/catalogues/snippets/{row.pk}").status_code == status, row.name
    assert f'value="{other.pk}"' not in browser.get("/catalogues/snippets/new").text
    refused = send(browser, "/catalogues/snippets/new", name="x", text="y", owner=str(other.pk))
    assert (refused.status_code, "your own, or the whole" in refused.text) == (400, True)
    assert (
        send(browser, f"/catalogues/snippets/{shared.pk}", name="rosneg", text="New text").status_code == 302
    )
    with tenancy.within(clinic.id):
        shared.refresh_from_db()
    assert shared.text == "New text"
