"""Clinical notes: creation with visits, values, locking and unlocking."""

from typing import Any

import pytest

from charthouse.domains.clinical import notes
from charthouse.domains.clinical.field_values import MAX_NOTE_LENGTH, MAX_VALUE_LENGTH
from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity import tenancy
from tests.domains.caller import at_once
from tests.domains.clinical.chart import DAY, WIDE, Chart


def lock(chart: Chart, visit: int) -> None:
    with tenancy.within(chart.clinic.id):
        notes.lock(chart.clinic.id, visit, chart.user.pk)


def unlock(chart: Chart, visit: int) -> None:
    with tenancy.within(chart.clinic.id):
        notes.unlock(chart.clinic.id, visit)


# -- made with the appointment ----------------------------------------------------------------------------------


def test_visit_has_note_with_its_id_and_break_has_none(chart: Chart) -> None:
    visit, pause = chart.visit(), chart.visit("2026-03-03", patient=None)
    note = chart.note(visit)
    assert note == {
        "id": visit,
        "archived": False,
        "appointment": visit,
        "patient": chart.patient_id,
        "clinical_note_sections": [],
        "signee": None,
    }
    assert chart.http.get(f"/api/clinical_notes/{pause}").status_code == 404
    assert chart.get(visit, "appointments")["clinical_note"]["locked"] is False
    assert chart.get(pause, "appointments")["clinical_note"] is None


def test_break_that_becomes_visit_gets_note(chart: Chart) -> None:
    pause = chart.visit(patient=None)
    assert chart.patch(pause, "appointments", patient=chart.patient_id).status_code == 204
    assert chart.note(pause)["patient"] == chart.patient_id
    assert chart.patch(pause, "appointments", patient=None).status_code == 204
    assert chart.note(pause)["archived"] is True


def test_each_visit_of_series_has_note(chart: Chart) -> None:
    chart.book(recur_end_date="2026-03-23")
    assert len(chart.ids("clinical_notes", since=WIDE)) == 4


def test_concurrent_visits_have_notes(chart: Chart) -> None:
    with tenancy.within(chart.clinic.id):
        whole = Appointment.objects.get(pk=chart.visit())
        for _ in range(50):
            whole.pk = None
            whole._state.adding = True
            Appointment.objects.bulk_create([whole])
        made = Appointment.objects.count()
        assert ClinicalNote.objects.count() == made == 51


def test_deleted_visit_archives_its_note(chart: Chart) -> None:
    visit = chart.visit()
    before = chart.get(visit, "appointments")["clinical_note"]["updated_at"]
    assert chart.http.delete(f"/api/appointments/{visit}").status_code == 204
    assert chart.ids("clinical_notes", since=WIDE) == []
    assert chart.ids("clinical_notes", since=WIDE, show_archived="true") == [visit]
    assert chart.note(visit)["archived"] is True
    with tenancy.within(chart.clinic.id):
        assert ClinicalNote.objects.get(pk=visit).updated_at.isoformat() >= before
    assert chart.write(visit, "late").status_code == 400


# -- lists ------------------------------------------------------------------------------------------------------


def test_notes_are_filtered_by_day_of_visit(chart: Chart) -> None:
    first, second = chart.visit(), chart.visit("2026-04-01")
    late = int(chart.book(f"{DAY}T23:30:00")["id"])  # the next day already, in UTC
    assert chart.ids("clinical_notes", date=DAY) == [first, late]
    assert chart.ids("clinical_notes", date_range="2026-03-03/2026-04-30") == [second]
    assert chart.ids("clinical_notes", date_range=f"{DAY}/2026-04-01") == [first, second, late]


def test_values_are_shown_only_with_verbose(chart: Chart) -> None:
    visit = chart.visit()
    chart.write(visit, "Well.")
    url = f"/api/clinical_notes/{visit}"
    (plain,) = chart.http.get(url).json()["clinical_note_sections"]
    assert plain == {"clinical_note_template": chart.template, "name": "Assessment"}
    (verbose,) = chart.note(visit)["clinical_note_sections"]
    assert {name: verbose[name] for name in plain} == plain
    (value,) = verbose["values"]
    assert (value["clinical_note_field"], value["value"]) == (chart.field, "Well.")


def test_sections_and_values_are_ordered(chart: Chart) -> None:
    plan = chart.make_template("Plan", order_on_complete_note=0)
    second, first = (chart.make_field(plan, name, position=at) for name, at in (("b", 2), ("a", 1)))
    visit = chart.visit()
    for field, value in ((chart.field, "1"), (second, "3"), (first, "2")):
        chart.write(visit, value, field)
    other = chart.visit("2026-03-03")
    chart.write(other, "not here")
    sections = chart.note(visit)["clinical_note_sections"]
    assert [section["name"] for section in sections] == ["Plan", "Assessment"]
    assert [value["value"] for section in sections for value in section["values"]] == ["2", "3", "1"]


def test_since_finds_written_note(chart: Chart) -> None:
    visit = chart.visit()
    with tenancy.within(chart.clinic.id):
        ClinicalNote.objects.filter(pk=visit).update(updated_at="2020-01-01T00:00:00Z")
    assert chart.ids("clinical_notes", since="2026-01-01") == []
    chart.write(visit, "Well.")
    assert chart.ids("clinical_notes", since="2026-01-01") == [visit]


# -- values -----------------------------------------------------------------------------------------------------

GOOD: list[tuple[str, list[str], str]] = [
    ("String", [], "any text"),
    ("String", ["low", "high"], "low"),
    ("Checkbox", [], "True"),
    ("NullCheckbox", [], "2"),
    ("TwoStrings", [], "120/80"),
    ("Photo", [], "https://example.org/a.png"),
    ("Header", [], "any text"),
    ("", [], "any text"),
]
WRONG: list[tuple[str, list[str], str]] = [
    ("String", ["low", "high"], "middling"),
    ("Checkbox", [], "true"),
    ("NullCheckbox", [], "3"),
    ("TwoStrings", [], "120"),
    ("TwoStrings", [], "1/2/3"),
    ("FreeDraw", [], "javascript:alert(1)"),
    ("Photo", [], "a.png"),
]


@pytest.mark.parametrize(("kind", "allowed", "value"), GOOD)
def test_valid_values_are_accepted(chart: Chart, kind: str, allowed: list[str], value: str) -> None:
    field = chart.make_field(chart.template, "f", kind, allowed_values=allowed)
    answer = chart.write(chart.visit(), value, field)
    assert answer.status_code == 201, answer.text
    assert answer.json()["value"] == value


@pytest.mark.parametrize(("kind", "allowed", "value"), WRONG)
def test_invalid_values_are_rejected(chart: Chart, kind: str, allowed: list[str], value: str) -> None:
    field = chart.make_field(chart.template, "f", kind, allowed_values=allowed)
    answer = chart.write(chart.visit(), value, field)
    assert answer.status_code == 400
    assert list(answer.json()) == ["value"]


def test_break_has_no_values(chart: Chart) -> None:
    answer = chart.write(chart.visit(patient=None), "x")
    assert answer.status_code == 400
    assert list(answer.json()) == ["appointment"]


# -- what stands from note to note ------------------------------------------------------------------------------


def test_values_of_persistent_templates_apply_until_changed(chart: Chart) -> None:
    history = chart.make_template("History", is_persistent=True)
    smokes, drinks = (chart.make_field(history, name) for name in ("Smokes", "Drinks"))
    visits = [chart.visit(f"2026-03-{day:02}") for day in (2, 3, 4)]
    chart.write(visits[0], "yes", smokes)
    chart.write(visits[0], "never", drinks)
    chart.write(visits[0], "not persistent")
    chart.write(visits[1], "no", smokes)

    def list_values(visit: int, template: int = history, **more: Any) -> list[str]:
        asked = {"appointment": visit, "clinical_note_template": template, "show_persistent": "true"} | more
        rows = chart.http.get("/api/clinical_note_field_values", params=asked).json()["results"]
        return [row["value"] for row in rows]

    assert list_values(visits[0]) == ["yes", "never"]
    assert list_values(visits[1]) == ["never", "no"]
    assert list_values(visits[2]) == ["never", "no"]
    assert list_values(visits[2], show_persistent="false") == []
    assert list_values(visits[2], chart.template) == []


def test_no_persistent_values_of_other_patients_or_deleted_visits(chart: Chart) -> None:
    history = chart.make_template("History", is_persistent=True)
    field = chart.make_field(history, "Smokes")
    theirs = chart.visit(patient=chart.new()["id"])
    deleted, visit = chart.visit("2026-03-03"), chart.visit("2026-03-04")
    chart.write(theirs, "theirs", field)
    chart.write(deleted, "gone", field)
    chart.http.delete(f"/api/appointments/{deleted}")
    asked = {"appointment": visit, "clinical_note_template": history, "show_persistent": "true"}
    assert chart.ids("clinical_note_field_values", **asked) == []


# -- the lock ---------------------------------------------------------------------------------------------------


def test_locked_note_rejects_writes_until_unlocked(chart: Chart) -> None:
    visit, elsewhere = chart.visit(), chart.visit("2026-03-03")
    row = chart.write(visit, "Well.").json()["id"]
    other = chart.write(elsewhere, "Well.").json()["id"]
    lock(chart, visit)
    shown = chart.get(visit, "appointments")["clinical_note"]
    assert shown["locked"] is True
    assert chart.note(visit)["signee"] == {"locked_by": chart.user.username, "supervisor_locked_by": ""}
    path = "clinical_note_field_values"
    refused = [
        chart.write(visit, "More."),
        chart.patch(row, path, value="Other."),
        chart.patch(row, path, appointment=elsewhere),
        chart.patch(other, path, appointment=visit),
        chart.post(
            "yellow_notepad", {"appointment_id": visit, "template_id": chart.template, "content": "x"}
        ),
    ]
    assert [answer.status_code for answer in refused] == [409] * 5
    assert chart.get(row, path)["value"] == "Well."
    unlock(chart, visit)
    assert chart.note(visit)["signee"] is None
    assert chart.write(visit, "More.").status_code == 201


def test_note_without_required_values_cannot_be_locked(chart: Chart) -> None:
    plan = chart.make_field(chart.template, "Plan", required=True)
    other = chart.make_template("Other")
    chart.make_field(other, "Not of this note", required=True)
    visit = chart.visit()
    lock(chart, visit)  # without a section, nothing is required
    unlock(chart, visit)
    chart.write(visit, "Well.")
    with pytest.raises(Conflict, match="Plan"):
        lock(chart, visit)
    chart.write(visit, "Rest.", plan)
    lock(chart, visit)
    with pytest.raises(Conflict):
        lock(chart, visit)


def test_missing_note_cannot_be_locked(chart: Chart) -> None:
    for action in (lock, unlock):
        with pytest.raises(NotFound):
            action(chart, 999_999_999)
    with pytest.raises(Conflict):
        unlock(chart, chart.visit())
    stranger = Chart()
    with pytest.raises(NotFound):
        lock(stranger, chart.visit("2026-03-03"))


def test_patient_of_locked_note_does_not_change(chart: Chart) -> None:
    visit, other = chart.visit(), chart.new()["id"]
    lock(chart, visit)
    assert chart.patch(visit, "appointments", patient=other).status_code == 400
    assert chart.patch(visit, "appointments", reason="Follow-up").status_code == 204
    unlock(chart, visit)
    assert chart.patch(visit, "appointments", patient=other).status_code == 204
    assert chart.note(visit)["patient"] == other


def test_concurrent_value_and_lock(chart: Chart) -> None:
    """Nothing is written after the lock, whichever comes first."""
    visit = chart.visit()

    def one(index: int) -> int:
        if index == 0:
            lock(chart, visit)
            with tenancy.within(chart.clinic.id):
                return values(chart)
        chart.write(visit, f"value {index}")
        return -1

    at_lock = at_once(6, one)[0]
    with tenancy.within(chart.clinic.id):
        assert values(chart) == at_lock


def values(chart: Chart) -> int:
    return ClinicalNoteFieldValue.objects.filter(clinical_note_field=chart.field).count()


# -- the notepad ------------------------------------------------------------------------------------------------


def test_second_notepad_replaces_first(chart: Chart) -> None:
    visit = chart.visit()
    where = {"appointment_id": visit, "template_id": chart.template}
    first = chart.http.post("/api/yellow_notepad", params=where, json={"content": "one"})
    second = chart.post("yellow_notepad", where | {"content": "two"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    (shown,) = chart.http.get("/api/yellow_notepad", params=where).json()["results"]
    assert shown["content"] == "two"
    assert chart.post("yellow_notepad", {"content": "x"}).status_code == 400


def test_change_of_field_keeps_type_and_template(chart: Chart) -> None:
    change = {
        "name": "Findings",
        "allowed_values": ["yes", "no"],
        "required": True,
        "comment": "at each visit",
    }
    fixed = {"data_type": "Photo", "clinical_note_template": chart.make_template("Other")}
    assert chart.patch(chart.field, "clinical_note_field_types", **change, **fixed).status_code == 204
    shown = chart.get(chart.field, "clinical_note_field_types")
    assert {name: shown[name] for name in change} == change
    assert (shown["data_type"], shown["clinical_note_template"]) == ("String", chart.template)
    assert chart.write(chart.visit(), "maybe").status_code == 400
    assert chart.patch(chart.field, "clinical_note_field_types", archived=True).status_code == 204
    assert chart.ids("clinical_note_field_types") == []
    wrong = chart.patch(chart.field, "clinical_note_field_types", name="")
    assert wrong.json() == {"name": ["This field may not be blank."]}


def test_a_note_holds_so_much_and_no_more(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of all values is bounded, so that a note can be typeset; the error names the field."""
    visit, other = chart.visit(), chart.visit("2026-03-10")
    fields = [chart.make_field(chart.template, f"Field {number}") for number in range(3)]
    full = [chart.write(visit, "x" * MAX_VALUE_LENGTH, field).json() for field in fields]
    assert len(full) * MAX_VALUE_LENGTH == MAX_NOTE_LENGTH
    body = {"appointment": visit, "clinical_note_field": chart.field, "value": "x"}
    refused = chart.http.post("/api/clinical_note_field_values", json=body)
    assert (refused.status_code, refused.json()) == (
        400, {"value": ["All values of a note may have at most 300,000 characters."]}
    )  # fmt: skip
    address = f"/api/clinical_note_field_values/{full[0]['id']}"
    assert chart.http.patch(address, json={"value": "shorter"}).status_code == 204
    assert chart.http.post("/api/clinical_note_field_values", json=body).status_code == 201
    assert chart.http.patch(address, json={"value": "y" * MAX_VALUE_LENGTH}).status_code == 400
    moved = chart.write(other, "x" * MAX_VALUE_LENGTH).json()
    moving = chart.http.patch(f"/api/clinical_note_field_values/{moved['id']}", json={"appointment": visit})
    assert list(moving.json()) == ["value"]
    monkeypatch.setattr(notes, "MAX_NOTE_VALUES", 4)
    body["value"] = "z"
    assert "at most 4 values" in chart.http.post("/api/clinical_note_field_values", json=body).text
