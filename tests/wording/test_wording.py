"""The words of pages and e-mails: their printed catalogue is up to date, and says nothing that must not be said."""

import re

import pytest

from tools import wording

# What must not be said, as a regular expression, and what is said instead.
INSTEAD = {
    r"\bThe day\b|\bTo come\b": "Today, Upcoming",
    r"\bWho it is\b": "Demographics",
    r"\bBorn\b|\bTelephone\b": "DOB, Phone",
    r"\bBreaths\b|\d a minute\b|… a minute\b": "Resp. rate, bpm",
    r"Groups of vitals|Headings of notes": "Vitals panels, Note types",
    r"Results of orders": "Lab results",
    r"Not asked for yet|Unpaid of invoices|^Left$": "Unbilled, Invoice balance, Balance",
    r"Out of the catalogue|\bcatalogue's\b|has paid nothing": "Charge item, No payments yet",
    r"\b[Tt]ak(e|en|ing) (it |that |a payment |access )?back\b": "Void, Withdraw, Undo",
    r"something else is then|so many weeks|Index of a room": "Allow double-booking, Repeat every _ weeks, Room",
    r"\bHad it\b": "Date done",
    r"is not right yet|\bsee below\b": "Fix the highlighted fields",
    r"The same again|The two are not the same|[Ss]econd factor$": "Confirm password, Two-factor authentication",
    r"To be answered|On their way|on its way|With the practice": "To do, Sent, Received",
    r"Nobody (reads|owes|acts|has)": "Messages aren't monitored in real time, No …",
    r"Switch(ed)? off|Invite somebody": "Deactivate, Invite user",
    r"in your name|in (people's|another person's) name|[Ii]n the name of": "on behalf of",
    r"[Bb]odies in the|within ours|[Tt]old of (what|nothing)|What went wrong|[Bb]y hand": "Events, Error, Manual",
    r"as a digest|Make a new|[Oo]n the wire|Beside the|world's": "Hidden, Rotate secret, Format, Real time",
    r"\blies? (in|before|too)\b": "is in, is before",
    r"beside the usual|beside drugs|left empty is": "Additional …, Leave empty to …",
    r"\bprove(d)? itself\b": "verified",
    r"nothing waits|Nothing waits": "Nothing to review",
    r"^Made\.?$|\bhas been made$": "Created, … has been added",
    r"^Every (status|type|kind|state|method|event|app|action)$": "All …",
    r"\bput away\b|\bagain and again\b|stays as it is": "archived, recurring, stays the same",
    r"LA\d{3,6}-\d": "the word of the code",
    r"\?\?\?|TODO|lorem": "words",
}


def test_the_printed_catalogue_is_up_to_date() -> None:
    assert wording.DOCUMENT.read_text() == wording.print_document(), "run .venv/bin/python -m tools.wording"


def test_no_page_says_what_must_not_be_said() -> None:
    found = [
        f"{page.path}: {text!r}; say {instead}"
        for page in wording.list_pages()
        for text in page.words
        for pattern, instead in INSTEAD.items()
        if page.subject != wording.ERRORS and re.search(pattern, text)
    ]
    assert not found


def test_utc_is_a_word_for_developers_alone() -> None:
    found = [
        f"{page.path}: {text}"
        for page in wording.list_pages()
        for text in page.words
        if "UTC" in text and not page.path.startswith(wording.DEVELOPERS)
    ]
    assert not found


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>Send <b>now</b></p><p>Later</p>", ["Send now", "Later"]),
        ("{% if a %}From {{ name }}{% else %}From you{% endif %}", ["From … / From you"]),
        ('<a class="btn" href="x">Undo</a><a class="btn">Redo</a>', ["Undo", "Redo"]),
        ('{% include "x.html" with label="New password" %}{# no #}', ["New password"]),
        ('<input placeholder="Find patients" aria-label="Search">', ["Find patients", "Search"]),
        ("<script>var hidden = 1</script>{{ born|default:'Not recorded' }}", ["Not recorded"]),
    ],
)
def test_words_of_a_template(template: str, words: list[str]) -> None:
    assert list(wording.read_template(template)) == words


def test_words_of_a_module() -> None:
    module = '''"""Not this."""
TITLE, KEY = "Reminders", "sent_at"
def show(name: "Patient") -> str:
    """Nor this."""
    if name == "Not this either":
        raise KeyError("nor this key")
    return f"{name} is saved." + rows.filter(status="In Room") + {"At": "A value"}["At"]
'''
    assert list(wording.read_module(module)) == ["Reminders", "… is saved.", "A value"]
