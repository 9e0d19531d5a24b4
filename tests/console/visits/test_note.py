"""The note of a visit: one page, saved field by field, merged with what others write, signed, and added to after."""

import re
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
    NoteText,
)
from charthouse.domains.scheduling.models import Vitals
from charthouse.identity import tenancy
from tests.domains.caller import at_once
from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_doctor, make_practice, make_user

FIELDS = (("Complaint", "String", True), ("Appears well", "Checkbox", False), ("Parts", "TwoStrings", False))


class Notes(Calendar):
    """A visit with a note of one section, and somebody who writes it in the console."""

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic=clinic)
        self.visit = int(self.book("2026-03-10T09:00:00")["id"])
        self.browser = open_signed_in_browser(clinic.user.username)
        self.fields = {}
        with tenancy.within(clinic.id):
            practice = {"practice": clinic.practice}
            template = ClinicalNoteTemplate.objects.create(doctor=self.doctor, name="SOAP", **practice)
            for name, kind, required in FIELDS:
                self.fields[name] = ClinicalNoteFieldType.objects.create(
                    clinical_note_template=template, name=name, data_type=kind, required=required, **practice
                ).pk

    def input_name(self, field: str) -> str:
        return f"field-{self.fields[field]}" if field in self.fields else field

    def read_token(self, browser: httpx.Client | None = None) -> dict[str, str]:
        page = (browser or self.browser).get(f"/visits/{self.visit}")
        return {"csrfmiddlewaretoken": parse_hidden_fields(page)["csrfmiddlewaretoken"]}

    def draft(
        self, *changes: tuple[str, str, str], browser: httpx.Client | None = None, visit: int = 0
    ) -> httpx.Response:
        """Save changes of (field, value before, value)."""
        there = browser or self.browser
        headers = {"X-CSRFToken": self.read_token(there)["csrfmiddlewaretoken"]}
        sent = [{"name": self.input_name(name), "was": was, "value": value} for name, was, value in changes]
        return there.post(f"/visits/{visit or self.visit}/draft", json={"changes": sent}, headers=headers)

    def saved(self, *changes: tuple[str, str, str], browser: httpx.Client | None = None) -> dict[str, Any]:
        answer = self.draft(*changes, browser=browser)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign(self) -> None:
        """Sign the note as it stands."""
        address = f"/visits/{self.visit}/sign"
        asked = parse_hidden_fields(self.browser.get(address))
        assert "The note is signed." in self.browser.post(address, data=asked, follow_redirects=True).text

    def act(self, action: str, **values: str) -> httpx.Response:
        where = f"/visits/{self.visit}/{action}"
        return self.browser.post(where, data=self.read_token() | values, follow_redirects=True)

    def values(self) -> dict[str, str]:
        with tenancy.within(self.clinic.id):
            rows = ClinicalNoteFieldValue.objects.filter(
                appointment=self.visit, archived=False
            ).select_related("clinical_note_field")
            return {row.clinical_note_field.name: row.value for row in rows}

    def note(self) -> ClinicalNote:
        with tenancy.within(self.clinic.id):
            return ClinicalNote.objects.get(pk=self.visit)


@pytest.fixture
def clinic() -> Clinic:
    """A practice whose users share everything; its primary user can sign in with PASSWORD."""
    made = make_practice("Hill Clinic")
    made.user.set_password(PASSWORD)
    made.user.save()
    return made


@pytest.fixture
def notes(clinic: Clinic) -> Notes:
    return Notes(clinic)


@pytest.fixture
def colleague(clinic: Clinic) -> httpx.Client:
    person = make_user(clinic.practice, password=PASSWORD, first_name="Mary", last_name="Major")
    return open_signed_in_browser(person.username)


# -- the draft --------------------------------------------------------------------------------------------------


def test_every_field_is_on_the_page_once(notes: Notes) -> None:
    with bounded_queries():
        page = notes.browser.get(f"/visits/{notes.visit}").text
    names = re.findall(r'name="((?:field-|vitals\.)[^"]+)"', page)
    assert {notes.input_name(one) for one, _, _ in FIELDS} <= set(names)
    assert sorted(names) == sorted(set(names))
    assert page.count("<legend>SOAP</legend>") == 1


def test_sections_of_other_doctors_are_shown_where_they_say_something(notes: Notes) -> None:
    """Every doctor of a practice has sections of the same names."""
    with tenancy.within(notes.clinic.id):
        practice = {"practice": notes.clinic.practice}
        other = ClinicalNoteTemplate.objects.create(
            doctor=make_doctor(notes.clinic.practice), name="SOAP", **practice
        )
        field = ClinicalNoteFieldType.objects.create(
            clinical_note_template=other, name="Complaint", data_type="String", **practice
        )
    assert f"field-{field.pk}" not in notes.browser.get(f"/visits/{notes.visit}").text
    with tenancy.within(notes.clinic.id):
        ClinicalNoteFieldValue.objects.create(
            appointment_id=notes.visit, clinical_note_field=field, value="Cough", **practice
        )
    assert f"field-{field.pk}" in notes.browser.get(f"/visits/{notes.visit}").text
    notes.fields["Theirs"] = field.pk
    notes.saved(("Theirs", "Cough", ""))
    assert notes.saved(("Theirs", "", "Cough and fever"))  # by a page that was open when it was cleared


def test_what_is_carried_forward_is_written_once(notes: Notes) -> None:
    """Into the sections that are shown, not into those of the same names of every doctor."""
    with tenancy.within(notes.clinic.id):
        practice = {"practice": notes.clinic.practice}
        doctor = make_doctor(notes.clinic.practice)
        other = ClinicalNoteTemplate.objects.create(doctor=doctor, name="SOAP", **practice)
        field = ClinicalNoteFieldType.objects.create(
            clinical_note_template=other, name="Complaint", data_type="String", **practice
        )
    notes.saved(("Complaint", "", "Cough"))
    notes.visit = int(notes.book("2026-03-17T09:00:00")["id"])
    notes.act("carry-forward")
    with tenancy.within(notes.clinic.id):
        written = ClinicalNoteFieldValue.objects.filter(appointment=notes.visit)
        assert [one.clinical_note_field_id for one in written] == [notes.fields["Complaint"]]
    assert field.pk != notes.fields["Complaint"]


def test_what_is_typed_is_saved_field_by_field(notes: Notes) -> None:
    with bounded_queries():
        notes.browser.get(f"/visits/{notes.visit}/draft")
    told = notes.saved(
        ("Complaint", "", "Cough\r\nat night"), ("Appears well", "", "True"), ("vitals.pulse", "", "72")
    )
    assert (told["conflicts"], told["errors"], told["locked"]) == ({}, {}, False)
    assert re.fullmatch(r"\d{1,2}:\d\d [AP]M", told["at"])
    assert notes.values() == {"Complaint": "Cough\nat night", "Appears well": "True"}
    page = notes.browser.get(f"/visits/{notes.visit}").text
    assert "Cough\nat night</textarea>" in page
    told = notes.saved(("Complaint", "Cough\nat night", ""), ("Appears well", "True", "False"))
    assert notes.values() == {"Appears well": "False"}
    with tenancy.within(notes.clinic.id):
        assert Vitals.objects.get(appointment=notes.visit).pulse == 72


def test_what_is_refused_is_told_at_its_field_and_the_rest_is_saved(notes: Notes) -> None:
    told = notes.saved(
        ("Complaint", "", "Cough"), ("Parts", "", "one"), ("vitals.pulse", "", "lots"), ("vitals.weight", "", "150"),
        ("vitals.blood_pressure_1", "", "80"), ("vitals.blood_pressure_2", "", "120"),
    )  # fmt: skip
    assert told["errors"][notes.input_name("Parts")] == ["Enter two parts joined by /."]
    assert "vitals.pulse" in told["errors"]
    assert any(name in told["errors"] for name in ("vitals.blood_pressure_1", "vitals.blood_pressure_2"))
    assert told["saved"]["vitals.weight"] == "150"
    assert notes.values() == {"Complaint": "Cough"}


def test_two_people_who_write_one_field_are_asked(notes: Notes, colleague: httpx.Client) -> None:
    notes.saved(("Complaint", "", "Cough"), browser=colleague)
    told = notes.saved(("Complaint", "", "Fever"), ("Appears well", "", "True"))
    assert told["conflicts"] == {notes.input_name("Complaint"): {"value": "Cough", "who": "Mary Major"}}
    assert notes.values() == {"Complaint": "Cough", "Appears well": "True"}, "nothing is put back silently"
    told = notes.saved(("Complaint", "Cough", "Cough and fever"))
    assert told["conflicts"] == {}
    assert notes.saved(("Complaint", "Cough and fever ", "Cough and fever\n"))["conflicts"] == {}, (
        "blanks at the end"
    )
    told = notes.saved(("vitals.pulse", "", "70"), browser=colleague)
    assert told["values"][notes.input_name("Complaint")] == "Cough and fever", (
        "each sees what the other wrote"
    )
    assert notes.saved(("vitals.pulse", "", "80"))["conflicts"]["vitals.pulse"]["value"] == "70"


def test_two_people_at_once(notes: Notes, colleague: httpx.Client) -> None:
    tokens = [notes.read_token(one) for one in (notes.browser, colleague)]

    def write(index: int) -> dict[str, Any]:
        there = (notes.browser, colleague)[index]
        change = {"name": notes.input_name("Complaint"), "was": "", "value": f"Text {index}"}
        headers = {"X-CSRFToken": tokens[index]["csrfmiddlewaretoken"]}
        return there.post(f"/visits/{notes.visit}/draft", json={"changes": [change]}, headers=headers).json()

    told = at_once(2, write)
    assert sorted(len(one["conflicts"]) for one in told) == [0, 1]
    winner = next(index for index, one in enumerate(told) if not one["conflicts"])
    assert notes.values() == {"Complaint": f"Text {winner}"}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'{"changes": [{"name": 1}]}', b'{"changes": 5}', b"[" * 5000]
)
def test_hostile_drafts(notes: Notes, body: bytes) -> None:
    headers = {"X-CSRFToken": notes.read_token()["csrfmiddlewaretoken"], "Content-Type": "application/json"}
    assert (
        notes.browser.post(f"/visits/{notes.visit}/draft", content=body, headers=headers).status_code == 400
    )


def test_a_draft_of_another_practice_or_field(notes: Notes) -> None:
    assert notes.draft(("field-999999", "", "x")).status_code == 404
    assert notes.draft(("Complaint", "", "x\0")).status_code in (200, 400)
    other = Calendar(clinic=make_practice())
    elsewhere = int(other.book("2026-03-10T09:00:00")["id"])
    assert notes.draft(("Complaint", "", "x"), visit=elsewhere).status_code == 404
    assert notes.browser.get(f"/visits/{elsewhere}/draft").status_code == 404


def test_without_scripts_the_note_is_sent_as_a_whole(notes: Notes, colleague: httpx.Client) -> None:
    form = {"was." + notes.input_name(name): "" for name, _, _ in FIELDS} | {
        notes.input_name("Complaint"): "Fever"
    }
    assert "The note is saved." in notes.act("note", **form).text
    notes.saved(("Complaint", "Fever", "Cough"), browser=colleague)
    page = notes.act(
        "note",
        **form
        | {"was." + notes.input_name("Complaint"): "Fever", notes.input_name("Complaint"): "High fever"},
    )
    assert page.status_code == 409
    assert "Mary Major</strong> changed this to" in page.text
    assert "High fever</textarea>" in page.text
    assert notes.values()["Complaint"] == "Cough"


# -- signing ----------------------------------------------------------------------------------------------------


def test_a_note_is_signed_with_an_attestation_and_then_never_changes(notes: Notes) -> None:
    sign = f"/visits/{notes.visit}/sign"
    notes.saved(("Appears well", "", "True"))
    asked = notes.browser.get(sign)
    assert "required and empty: Complaint" in asked.text
    notes.saved(("Complaint", "", "Cough"))
    asked = notes.browser.get(sign)
    assert "attest that it is accurate" in asked.text
    answer = notes.browser.post(sign, data=parse_hidden_fields(asked), follow_redirects=True)
    assert "The note is signed." in answer.text
    note = notes.note()
    assert (note.locked_by_id, note.attestation[:15]) == (notes.clinic.user.pk, "I have reviewed")
    assert note.signed_pdf_id is not None
    assert notes.draft(("Complaint", "Cough", "x")).status_code == 409
    with bounded_queries():
        page = notes.browser.get(f"/visits/{notes.visit}").text
    assert "Cough" in page
    assert "attest that it is accurate" in page
    assert '<textarea class="form-control" id="field' not in page
    assert re.search(r'href="[^"]*/notes/[^"]+"[^>]*>.{0,300}PDF', page, re.S)
    assert "open again" in notes.act("unlock").text
    assert notes.note().attestation == ""
    assert notes.saved(("Complaint", "Cough", "Better"))["conflicts"] == {}


def test_what_is_signed_is_what_was_read(notes: Notes, colleague: httpx.Client) -> None:
    notes.saved(("Complaint", "", "Cough"))
    asked = parse_hidden_fields(notes.browser.get(f"/visits/{notes.visit}/sign"))
    notes.saved(("Complaint", "Cough", "Fever"), browser=colleague)
    unread = {name: value for name, value in asked.items() if name != "version"}
    for sent in (asked, unread):
        answer = notes.browser.post(f"/visits/{notes.visit}/sign", data=sent, follow_redirects=True)
        assert "The note has changed since you opened it." in answer.text
        assert notes.note().locked_at is None


def test_addenda_are_signed_below_a_signed_note(notes: Notes) -> None:
    notes.saved(("Complaint", "", "Cough"))
    assert "still open" in notes.act("addenda", text="Later").text
    notes.sign()
    pdf = notes.note().signed_pdf_id
    form = parse_hidden_fields(notes.browser.get(f"/visits/{notes.visit}")) | {
        "text": "Called: <b>better</b>."
    }
    for _ in range(2):
        page = notes.browser.post(f"/visits/{notes.visit}/addenda", data=form, follow_redirects=True)
    assert page.text.count("Called: &lt;b&gt;better&lt;/b&gt;.") == 1, "sent twice, added once"
    with tenancy.within(notes.clinic.id):
        addendum = ClinicalNote.objects.get(parent=notes.visit)
    assert addendum.locked_by_id == notes.clinic.user.pk
    assert notes.note().signed_pdf_id == pdf, "the page as signed stays"


# -- texts ------------------------------------------------------------------------------------------------------


def test_the_last_note_is_carried_forward_into_empty_fields(notes: Notes) -> None:
    notes.saved(("Complaint", "", "Cough"), ("Parts", "", "1/2"))
    notes.visit = int(notes.book("2026-03-17T09:00:00")["id"])
    notes.saved(("Complaint", "", "Fever"))
    assert "Carried forward from 03/10/2026: 1 field filled." in notes.act("carry-forward").text
    assert notes.values() == {"Complaint": "Fever", "Parts": "1/2"}


def test_a_note_is_kept_as_a_template_and_inserted(notes: Notes, colleague: httpx.Client) -> None:
    notes.saved(("Complaint", "", "Sore throat"), ("Appears well", "", "True"))
    assert "Template “Throat” is saved." in notes.act("template/save", name=" Throat ").text
    notes.act("template/save", name="Throat")
    with tenancy.within(notes.clinic.id):
        assert NoteText.objects.filter(practice=notes.clinic.id, archived=False).count() == 2
        NoteText.objects.create(practice=notes.clinic.practice, name="wnl", text="Within normal limits.")
    notes.visit = int(notes.book("2026-03-17T09:00:00")["id"])
    with bounded_queries():
        page = notes.browser.get(f"/visits/{notes.visit}").text
    assert 'value="Throat"' in page
    assert 'data-snippet="Within normal limits."' in page
    notes.act("template", name="Throat")
    assert notes.values() == {"Complaint": "Sore throat", "Appears well": "True"}
    theirs = colleague.get(f"/visits/{notes.visit}").text
    assert "Throat" not in re.sub(r"Sore throat", "", theirs), "a template of one's own"
    assert "Within normal limits." in theirs


# -- beside the note --------------------------------------------------------------------------------------------


def test_diagnoses_of_the_visit(notes: Notes) -> None:
    assert (
        "E11.9 Type 2 diabetes mellitus without complications added."
        in notes.act("diagnoses", code="e119").text
    )
    assert "already" in notes.act("diagnoses", code="E11.9 Type 2").text
    assert "Choose a diagnosis" in notes.act("diagnoses", code="sugar").text
    shown = notes.read_appointment(str(notes.visit))
    assert shown["icd10_codes"] == ["E11.9"]
    notes.act("diagnoses/remove", code="E11.9")
    assert notes.read_appointment(str(notes.visit))["icd10_codes"] == []


def test_the_values_before_stand_in_the_row_of_vitals(notes: Notes) -> None:
    notes.saved(("vitals.weight", "", "150.5"), ("vitals.blood_pressure_1", "", "120"))
    notes.saved(("vitals.blood_pressure_2", "", "80"))
    notes.visit = int(notes.book("2026-03-17T09:00:00")["id"])
    page = notes.browser.get(f"/visits/{notes.visit}").text
    assert "Before: </span>150.5 lb" in page
    assert "Before: </span>120/80 mmHg" in page


def test_unsigned_notes_are_listed_until_they_are_signed(notes: Notes, colleague: httpx.Client) -> None:
    assert clock.now().year >= 2026
    with bounded_queries():
        assert "All notes are signed." in notes.browser.get("/unsigned-notes").text
    notes.saved(("Complaint", "", "Cough"))
    assert f'href="/visits/{notes.visit}"' in notes.browser.get("/unsigned-notes").text
    assert f'href="/visits/{notes.visit}"' in colleague.get("/unsigned-notes?whose=all").text
    notes.sign()
    assert f"/visits/{notes.visit}" not in notes.browser.get("/unsigned-notes?whose=all").text
