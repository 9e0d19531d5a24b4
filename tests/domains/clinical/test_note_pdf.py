"""The PDF of a note: access, content, and resistance to hostile text and files."""

import base64
from datetime import timedelta
from io import BytesIO
from resource import RUSAGE_SELF, getrusage
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest

from charthouse import clock
from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldType, ClinicalNoteFieldValue
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Unavailable
from charthouse.files import links
from charthouse.files.storage import DirectoryStorage
from charthouse.identity import tenancy
from charthouse.interchange import typeset as typesetting
from charthouse.interchange.notes import pdf
from tests import bombs
from tests.domains.caller import at_once
from tests.domains.clinical.chart import Chart
from tests.domains.clinical.test_notes import lock, unlock
from tests.support import client

HOSTILE = (
    "#panic()",
    '#read("/etc/passwd")',
    "*bold* _it_ $x$ `code` @ref <label> // comment",
    "]]] ) } {",
    "\\u{0}\\",
    "\u202e\u200b\ufffe\x01\x1b",
    "\U0001f4a9" * 100,
    "a\r\nb\nc\u2028d",
    "x" * 5000,
    '"); #import "@preview/x:1.0.0"',
)


def file(pages: int = 1, **catalog: Any) -> bytes:
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page(page_size=(200, 300))
    for name, value in catalog.items():
        made.Root[f"/{name}"] = value
    content = BytesIO()
    made.save(content)
    return content.getvalue()


def amend(chart: Chart, content: bytes, **values: Any) -> Any:
    body = {"amendment_name": "Correction", "patient": chart.patient_id, "doctor": chart.doctor.pk}
    text = base64.b64encode(content).decode()
    return chart.post("amendments", body | {"amendment_file": text} | values)


def open_pdf(chart: Chart, visit: int) -> pikepdf.Pdf:
    answer = client().get(path(chart, visit))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    return pikepdf.open(BytesIO(answer.content))


def path(chart: Chart, visit: int) -> str:
    return urlsplit(chart.get(visit, "appointments")["clinical_note"]["pdf"]).path


def locked(chart: Chart, visit: int) -> bool:
    with tenancy.within(chart.clinic.id):
        return ClinicalNote.objects.get(pk=visit).locked_at is not None


@pytest.fixture
def typeset(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of what is given to the typesetter."""
    given: list[Any] = []
    made = pdf._typeset_note
    monkeypatch.setattr(
        pdf, "_typeset_note", lambda template, data: given.append(data) or made(template, data)
    )
    return given


def test_locked_note_has_pdf_for_an_hour(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = chart.visit()
    assert chart.get(visit, "appointments")["clinical_note"]["pdf"] is None
    chart.write(visit, "Well.")
    lock(chart, visit)
    assert len(open_pdf(chart, visit).pages) == 1
    link = path(chart, visit)
    later = clock.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client().get(link).status_code == 403


@pytest.mark.parametrize(("limit", "value"), [("MEMORY_LIMIT", 40 * 1024 * 1024), ("TIMEOUT", 0.01)])
def test_a_note_that_takes_too_much_to_typeset_stays_open(
    chart: Chart, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    """Typesetting has a process of its own with limits."""
    monkeypatch.setattr(typesetting, limit, value)
    visit = chart.visit()
    chart.write(visit, "Well.")
    with pytest.raises(Unavailable, match="PDF"):
        lock(chart, visit)
    assert not locked(chart, visit)
    monkeypatch.undo()
    before = getrusage(RUSAGE_SELF).ru_maxrss
    lock(chart, visit)
    assert locked(chart, visit)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 10_000  # kB


def test_open_or_deleted_note_has_no_pdf(chart: Chart) -> None:
    visit = chart.visit()
    lock(chart, visit)
    link = path(chart, visit)
    unlock(chart, visit)
    assert client().get(link).status_code == 404
    lock(chart, visit)
    assert client().get(link).status_code == 200
    chart.http.delete(f"/api/appointments/{visit}")
    assert client().get(link).status_code == 404


def test_link_to_note_opens_nothing_else(chart: Chart) -> None:
    visit = chart.visit()
    lock(chart, visit)
    token = path(chart, visit).removeprefix("/notes/")
    assert client().get(f"/files/{token}").status_code == 404
    forged = links.make_link(chart.clinic.id, visit).rsplit("/", 1)[1]
    assert client().get(f"/notes/{forged}").status_code == 404
    assert client().get(f"/notes/{token[:-1]}").status_code == 404


def test_pdf_contains_chart(chart: Chart, typeset: list[Any]) -> None:
    fields = {
        "Checkbox": ("True", "Yes"),
        "NullCheckbox": ("1", "No"),
        "TwoStrings": ("120/80", "120/80"),
    }
    visit = chart.visit()
    chart.write(visit, "Well.\nVery.")
    for at, (kind, (value, _)) in enumerate(fields.items(), 2):
        chart.write(visit, value, chart.make_field(chart.template, kind, kind, position=at))
    chart.write(visit, "0", chart.make_field(chart.template, "Not asked", "NullCheckbox"))
    lock(chart, visit)
    open_pdf(chart, visit)
    (section,) = typeset[0]["sections"]
    assert section["name"] == "Assessment"
    assert [said["value"] for said in section["said"]] == ["Well.\nVery.", "Yes", "No", "120/80"]
    facts = dict(typeset[0]["facts"])
    assert facts["Visit"] == "2026-03-02 09:00", "the office's wall clock"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped(chart: Chart, text: str) -> None:
    """Rows from before control characters were refused may have any."""
    visit = chart.visit()
    template = chart.make_template(text[:200])
    assert chart.write(visit, "x", chart.make_field(template, text[:200])).status_code == 201
    with tenancy.within(chart.clinic.id):
        Appointment.objects.filter(pk=visit).update(reason=text)
        ClinicalNoteFieldValue.objects.filter(practice=chart.clinic.id).update(value=text)
        Patient.objects.filter(pk=chart.patient_id).update(first_name=text[:100])
    lock(chart, visit)
    assert len(open_pdf(chart, visit).pages) >= 1


def test_amendments_follow_note_of_visit(chart: Chart, typeset: list[Any]) -> None:
    visit, other = chart.visit(), chart.visit("2026-03-03")
    for content, values in (
        (file(2), {"appointment": visit}),
        (file(5), {"appointment": other}),
        (file(7), {}),
    ):
        assert amend(chart, content, **values).status_code == 201
    lock(chart, visit)
    made = open_pdf(chart, visit)
    assert len(made.pages) == 1 + 1 + 2
    assert [float(side) for side in made.pages[2].mediabox] == [0, 0, 200, 300]
    assert [amendment["pages"] for amendment in typeset[1]["amendments"]] == [2]


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7 and nothing more", file()[:-200] + b"garbage", b"%PDF-1.4\n" + bytes(range(256)) * 50],
)
def test_unreadable_amendment_is_named_and_omitted(chart: Chart, content: bytes, typeset: list[Any]) -> None:
    visit = chart.visit()
    assert amend(chart, content, appointment=visit).status_code == 201
    lock(chart, visit)
    made = open_pdf(chart, visit)
    assert len(made.pages) == 1 + 1 + typeset[1]["amendments"][0]["pages"]


def test_decompression_bomb_uses_no_memory(chart: Chart, typeset: list[Any]) -> None:
    visit = chart.visit()
    assert amend(chart, bombs.make_pdf(1000), appointment=visit).status_code == 201
    assert amend(chart, file(2), appointment=visit).status_code == 201
    lock(chart, visit)
    before = getrusage(RUSAGE_SELF).ru_maxrss  # KiB
    made = open_pdf(chart, visit)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 100_000
    bomb, other = typeset[1]["amendments"]
    assert (other["pages"], len(made.pages)) == (2, 2 + bomb["pages"] + 2)


def test_signed_pdf_does_not_change(chart: Chart, typeset: list[Any]) -> None:
    visit = chart.visit()
    chart.write(visit, "Well.")
    lock(chart, visit)
    assert len(typeset) == 1
    signed = client().get(path(chart, visit)).content
    chart.patch(chart.patient_id, first_name="Grace")
    with tenancy.within(chart.clinic.id):
        ClinicalNoteFieldType.objects.update(name="Renamed")
    assert client().get(path(chart, visit)).content == signed
    assert len(typeset) == 1
    assert amend(chart, file(2), appointment=visit).status_code == 201
    amended = open_pdf(chart, visit)
    assert len(amended.pages) == 1 + 1 + 2
    assert "sections" not in typeset[1]

    unlock(chart, visit)
    chart.write(visit, "Not so well.")
    lock(chart, visit)
    assert client().get(path(chart, visit)).content != signed
    assert dict(typeset[-1]["facts"] if "facts" in typeset[-1] else typeset[-2]["facts"])[
        "Patient"
    ].startswith("Grace")


def test_imported_signed_note_is_stored_when_first_opened(chart: Chart, typeset: list[Any]) -> None:
    visit = chart.visit()
    with tenancy.within(chart.clinic.id):
        ClinicalNote.objects.filter(pk=visit).update(locked_at=clock.now())
    since = chart.get(visit, "appointments")["updated_at"]
    signed = at_once(3, lambda _: client().get(path(chart, visit)).content)
    assert len(set(signed)) == 1
    assert len(typeset) == 1
    assert chart.get(visit, "appointments")["updated_at"] == since


def test_note_that_cannot_be_typeset_is_not_locked(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = chart.visit()

    def broken(*_: Any) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DirectoryStorage, "_save", broken)
    with pytest.raises(Unavailable):
        lock(chart, visit)
    assert chart.get(visit, "appointments")["clinical_note"]["locked"] is False


def test_active_content_of_amendment_is_removed(chart: Chart) -> None:
    made = pikepdf.new()
    page = made.add_blank_page()
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    page.obj.AA = pikepdf.Dictionary(O=script)
    link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=script)
    page.obj.Annots = made.make_indirect(pikepdf.Array([link]))
    made.Root.OpenAction = script
    content = BytesIO()
    made.save(content)
    visit = chart.visit()
    amend(chart, content.getvalue(), appointment=visit)
    lock(chart, visit)
    shown = open_pdf(chart, visit)
    assert len(shown.pages) == 3
    assert "/AA" not in shown.pages[2].obj
    assert "/Annots" not in shown.pages[2].obj
    assert "/OpenAction" not in shown.Root


def test_amendment_must_be_pdf(chart: Chart) -> None:
    for content in (b"plain text", b"\x89PNG\r\n\x1a\n" + b"0" * 2000, b""):
        answer = amend(chart, content)
        assert answer.status_code == 400
        assert list(answer.json()) == ["amendment_file"]
