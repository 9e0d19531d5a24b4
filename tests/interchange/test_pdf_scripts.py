"""PDFs of notes show names and texts of every script, those from right to left included."""

from io import BytesIO

import pikepdf
import pytest

from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.sandbox.files import make_pdf
from tests.domains.clinical.chart import Chart
from tests.domains.clinical.test_note_pdf import open_pdf
from tests.domains.clinical.test_notes import lock
from tests.interchange.glyphs import Run, read_runs

NOTDEF = 0
# Script → a name, and what is said about the patient.
SCRIPTS = {
    "Latin": ("Zoë Đặng", "Fièvre, ≥ 38,5 °C; naïve Ł"),
    "Greek": ("Ελένη", "Πονοκέφαλος"),
    "Cyrillic": ("Юлія", "Кашель і лихоманка"),  # noqa: RUF001
    "Armenian": ("Անահիտ", "Գլխացավ"),
    "Georgian": ("ნინო", "ხველა"),
    "Hebrew": ("שרה", "כאב ראש"),
    "Arabic": ("فاطمة", "سعال وحمى"),
    "Devanagari": ("प्रिया", "खाँसी और बुखार"),
    "Bengali": ("রহিমা", "কাশি ও জ্বর"),
    "Gurmukhi": ("ਗੁਰਪ੍ਰੀਤ", "ਖੰਘ"),
    "Gujarati": ("હેતલ", "ઉધરસ"),
    "Tamil": ("கண்ணன்", "இருமல்"),
    "Telugu": ("లక్ష్మి", "దగ్గు"),
    "Kannada": ("ಕಾವ್ಯ", "ಕೆಮ್ಮು"),
    "Malayalam": ("അമ്മു", "ചുമ"),
    "Sinhala": ("නිමාලි", "කැස්ස"),
    "Thai": ("สมชาย", "ไอและมีไข้"),
    "Lao": ("ບຸນມີ", "ໄອ"),
    "Khmer": ("សុខា", "ក្អក"),
    "Burmese": ("အောင်", "ချောင်းဆိုး"),
    "Ethiopic": ("አበበ", "ሳል"),
    "Chinese": ("王伟 王偉", "咳嗽，发热；發熱 𠮷"),  # noqa: RUF001
    "Japanese": ("さくら", "せきと発熱、カルテ"),
    "Korean": ("김민준", "기침과 발열"),
    "Emoji": ("😀", "👍🏽 ❤️ 🤒 💊"),
}
RIGHT_TO_LEFT = ("Hebrew", "Arabic")


@pytest.fixture
def chart() -> Chart:
    return Chart()


def typeset_note(chart: Chart, name: tuple[str, str], *values: str) -> list[Run]:
    """Lock a note with these texts, about a patient of this name; return what its PDF shows."""
    with tenancy.within(chart.clinic.id):
        Patient.objects.filter(pk=chart.patient_id).update(first_name=name[0], last_name=name[1])
    visit = chart.visit()
    for number, value in enumerate(values):
        field = chart.make_field(chart.template, f"Field {number}")
        assert chart.write(visit, value, field).status_code == 201
    lock(chart, visit)
    return read_runs(open_pdf(chart, visit))


def list_missing(runs: list[Run], text: str) -> set[str]:
    """List the characters of a text that no glyph stands for, except for what only joins others."""
    shown = {character for run in runs for character in run.text}
    return {character for character in text if character.isprintable() and not character.isspace()} - shown


def test_every_script(chart: Chart) -> None:
    names = [name for name, _ in SCRIPTS.values()]
    name = " ".join(names[::2]), " ".join(names[1::2])
    runs = typeset_note(chart, name, *(text for _, text in SCRIPTS.values()))
    assert not [run for run in runs if NOTDEF in run.glyphs]
    missing = {
        script: found for script, texts in SCRIPTS.items() if (found := list_missing(runs, "".join(texts)))
    }
    assert missing == {}


def test_glyphs_that_no_font_has_are_found(chart: Chart) -> None:
    """The check of the others can fail: these code points are private."""
    assert any(NOTDEF in run.glyphs for run in typeset_note(chart, ("Ada", ""), "\uf8ff\U000f1234"))


def test_words_from_right_to_left(chart: Chart) -> None:
    """Of a text that begins from right to left, what follows stands to the left of it; of another, to the right."""
    values = {script: SCRIPTS[script][1].split()[0] for script in RIGHT_TO_LEFT}
    texts = [text for word in values.values() for text in (f"{word} QQQ", f"WWW {word}")]
    runs = typeset_note(chart, ("Ada", "Lovelace"), *texts)
    for script, word in values.items():
        lines = [
            {mark: run.x for run in runs if run.y == place.y for mark in ("QQQ", "WWW") if mark in run.text}
            | {"word": place.x}
            for place in runs
            if set(place.text.strip()) & set(word)
        ]
        assert [sorted(line, key=line.__getitem__) for line in lines] == [["QQQ", "word"], ["WWW", "word"]], (
            script
        )


def test_generated_reports_show_names_as_they_are() -> None:
    report = pikepdf.open(BytesIO(make_pdf(["Ana García O’Brien", "a (b) \\"])))  # noqa: RUF001
    western = report.pages[0]
    assert western.Resources.Font.F1.Encoding == pikepdf.Name.WinAnsiEncoding
    shown = [bytes(each.operands[0]) for each in pikepdf.parse_content_stream(western, "'")]
    assert shown[0].decode("cp1252") == "Ana García O’Brien"  # noqa: RUF001
    lines = ["王伟", "Юлія", "فاطمة"]
    runs = read_runs(pikepdf.open(BytesIO(make_pdf(lines))))
    assert list_missing(runs, "".join(lines)) == set()
