"""Lists that a practice uploads as CSV files: the preview, errors by line and column, replacing, and downloading."""

import csv
import io
import re
from html import unescape
from typing import Any

import httpx
import pytest

from charthouse.console.catalogues import list_files
from charthouse.domains.medications.models import Drug, Supplement
from charthouse.identity import tenancy
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.support import PASSWORD, Clinic, make_practice, make_user

URL = "/catalogues/drugs/file"


class Formulary:
    """A formulary of two drugs, and somebody who uploads files."""

    def __init__(self, clinic: Clinic, browser: httpx.Client) -> None:
        self.clinic, self.browser = clinic, browser
        with tenancy.within(clinic.id):
            for name, rxnorm in (("Metformin 500 mg tablet", "861007"), ("Émulsion", "")):
                Drug.objects.create(practice=clinic.practice, name=name, rxnorm=rxnorm)

    def post(self, **values: Any) -> httpx.Response:
        token = parse_hidden_fields(self.browser.get(URL))["csrfmiddlewaretoken"]
        files = {"file": ("list.csv", values.pop("file"), "text/csv")} if "file" in values else None
        return self.browser.post(URL, data={"csrfmiddlewaretoken": token} | values, files=files)

    def preview(self, text: str | bytes, mode: str = "add") -> httpx.Response:
        return self.post(file=text if isinstance(text, bytes) else text.encode(), mode=mode)

    def save(self, page: httpx.Response, mode: str = "add") -> httpx.Response:
        """Press Save of a preview."""
        content = re.search(r'<textarea name="content" hidden>\n(.*?)</textarea>', page.text, re.S)
        token = re.search(r'name="submission" value="([^"]+)"', page.text)
        assert content is not None
        assert token is not None
        return self.post(content=unescape(content[1]), mode=mode, submission=token[1])

    def rows(self) -> dict[str, Drug]:
        with tenancy.within(self.clinic.id):
            return {one.name: one for one in Drug.objects.filter(practice=self.clinic.id, archived=False)}

    def read_errors(self, page: httpx.Response) -> list[tuple[str, str, str]]:
        assert page.status_code == 400, page.text
        found = re.findall(r"<tr><td>(\d+)</td><td>([^<]*)</td><td>([^<]*)</td></tr>", page.text)
        return [(line, unescape(column).strip("\N{EN DASH}"), unescape(text)) for line, column, text in found]


@pytest.fixture
def formulary(clinic: Clinic, browser: httpx.Client) -> Formulary:
    return Formulary(clinic, browser)


def test_a_file_is_looked_at_before_it_is_taken_over(formulary: Formulary) -> None:
    before = {name: one.pk for name, one in formulary.rows().items()}
    page = formulary.preview(
        "Name;RxNorm;Favorite\nLisinopril 10 mg tablet;314076;yes\nmetformin 500 MG tablet;861007;x\n\n"
    )
    assert "1 added, 1 changed" in page.text
    assert "Lisinopril 10 mg tablet" in page.text
    assert formulary.rows().keys() == before.keys(), "nothing is saved yet"
    assert formulary.save(page).headers["Location"] == "/catalogues/drugs"
    assert "Formulary: 1 added, 1 changed." in formulary.browser.get("/catalogues/drugs").text
    rows = formulary.rows()
    assert rows["Lisinopril 10 mg tablet"].rxnorm == "314076"
    assert rows["metformin 500 MG tablet"].pk == before["Metformin 500 mg tablet"], "the same drug"
    assert rows["metformin 500 MG tablet"].is_favorite
    assert "Émulsion" in rows
    found = formulary.browser.get("/codes/drugs?q=lisinopril").json()["choices"]
    assert (found[0]["value"], found[0]["detail"]) == ("Lisinopril 10 mg tablet", "Formulary")
    formulary.save(page)
    assert len(formulary.rows()) == 3, "sent twice, saved once"


def test_a_file_replaces_the_list(formulary: Formulary) -> None:
    page = formulary.preview("name\nEMULSION\nNew", "replace")
    assert "1 added, 1 changed, 1 removed" in page.text
    formulary.save(page, "replace")
    assert sorted(formulary.rows()) == ["EMULSION", "New"]


def test_what_is_downloaded_can_be_uploaded(formulary: Formulary) -> None:
    answer = formulary.browser.get("/catalogues/drugs/list.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="formulary.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [one["Name"] for one in lines] == ["Metformin 500 mg tablet", "Émulsion"]
    assert lines[0]["RxNorm"] == "861007"
    assert "0 added, 0 changed, 0 removed" in formulary.preview(answer.content, "replace").text
    assert "1 added" in formulary.preview("Name\nSirop à la codéine".encode("cp1252")).text


def test_a_long_list_is_downloaded_whole(formulary: Formulary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "BATCH_SIZE", 3)
    names = [f"Drug {number:02}" for number in range(8)] + ["Drug 02", "Drug 02"]
    with tenancy.within(formulary.clinic.id):
        Drug.objects.bulk_create(Drug(practice=formulary.clinic.practice, name=name) for name in names)
    answer = formulary.browser.get("/catalogues/drugs/list.csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [one["Name"] for one in lines] == [*sorted(names), "Metformin 500 mg tablet", "Émulsion"]


def test_errors_are_told_by_line_and_column(formulary: Formulary) -> None:
    lines = ("Name,Favorite", "A,maybe", ",yes", "B,no", "b,no", "C,no,1")
    page = formulary.preview("\n".join(lines))
    found = formulary.read_errors(page)
    assert ("2", "Favorite", "Enter yes or no.") in found
    assert ("5", "", "The same name is on line 4.") in found
    assert ("6", "", "This line has more cells than there are columns.") in found
    found = formulary.read_errors(
        formulary.preview(f"Name,RxNorm\n,1\nB,{'9' * 30}\nMetformin 500 mg tablet,{'8' * 30}")
    )
    assert [(line, column) for line, column, _ in found] == [("2", "Name"), ("3", "RxNorm"), ("4", "RxNorm")]
    assert formulary.read_errors(formulary.preview("RxNorm,Color\n1,red")) == [
        ("1", "Color", "There is no such column."),
        ("1", "Name", "This column is missing."),
    ]
    assert len(formulary.rows()) == 2


def test_hostile_files(formulary: Formulary, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"", b"\n\n", b"\0\0", b"\xff\xfe\x00", b'Name\n"open', b"Name\n" + b"x" * 600_000,
                    b"PK\x03\x04", b"Name\n" + b"a\0b"):  # fmt: skip
        assert formulary.preview(content).status_code == 400, content[:20]
    assert formulary.post(mode="add").status_code == 400
    assert formulary.post(content="x" * 600_000).status_code == 400
    page = formulary.preview("Name\n<script>alert(1)</script>\n</textarea><b>\n")
    assert "<script>alert(1)" not in page.text
    formulary.save(page)
    assert "</textarea><b>" in formulary.rows()
    monkeypatch.setattr(list_files, "MAX_ROWS", 3)
    assert (
        formulary.read_errors(formulary.preview("Name\n1\n2\n3\n4"))[0][2]
        == "This file has 4 rows, and may have at most 3. Split it into several files."
    )


PANELS = """Panel,Test,LOINC code,Unit,Lower limit,Upper limit,Specimen,Code of the panel
Annual labs,Glucose,2345-7,mg/dL,70,99,Serum,
Annual labs,Creatinine,2160-0,mg/dL,0.5,1.10,Serum,
Lipids,LDL,13457-7,mg/dL,,100,Serum,LIP
Lipids,Glucose,2345-7,mg/dL,70,99,Serum,
"""


class OwnList:
    """A list that is uploaded."""

    def __init__(self, browser: httpx.Client, name: str) -> None:
        self.browser, self.url = browser, f"/catalogues/{name}"

    def preview(self, text: str, mode: str = "add") -> httpx.Response:
        token = parse_hidden_fields(self.browser.get(f"{self.url}/file"))["csrfmiddlewaretoken"]
        files = {"file": ("list.csv", text.encode(), "text/csv")}
        sent = {"csrfmiddlewaretoken": token, "mode": mode}
        return self.browser.post(f"{self.url}/file", data=sent, files=files)

    def load(self, text: str) -> None:
        page = self.preview(text)
        content = re.search(r'<textarea name="content" hidden>\n(.*?)</textarea>', page.text, re.S)
        assert content is not None, page.text
        sent = parse_hidden_fields(page) | {"content": unescape(content[1])}
        assert self.browser.post(f"{self.url}/file", data=sent).status_code == 302

    def download(self) -> str:
        return self.browser.get(f"{self.url}/list.csv").content.decode("utf-8-sig")


def search(browser: httpx.Client, kind: str, text: str) -> list[tuple[str, str, dict[str, str]]]:
    found = browser.get(f"/codes/{kind}", params={"q": text}).json()["choices"]
    return [(one.get("label", one["value"]), one["detail"], one["fills"]) for one in found]


def test_own_allergens_are_offered_first(browser: httpx.Client) -> None:
    own = OwnList(browser, "allergens")
    assert [
        line
        for line in own.preview("Allergen,SNOMED CT code\nNickel,1").text.split("<tr>")
        if "is not a code" in line
    ]
    own.load("Allergen,RxNorm code\nPeanut butter,\nAspirin,1191\n")
    found = search(browser, "allergens", "peanut")
    assert [one[:2] for one in found[:2]] == [("Peanut butter", "Your list"), ("Peanut", "Food")]
    ((name, detail, fills),) = search(browser, "allergens", "aspirin")
    assert (name, detail, fills["rxnorm"]) == ("Aspirin", "Your list", "1191"), "once, the practice's"


def test_own_problems_are_offered_first(browser: httpx.Client) -> None:
    own = OwnList(browser, "problems")
    wrong = own.preview("Problem,ICD-10 code\nSugar,E11.9\nNothing,Q99.99\nNo code,\nAnkle,S93.401A\n")
    assert re.findall(r"<tr><td>(\d+)</td><td>([^<]*)</td>", wrong.text) == [
        ("3", "ICD-10 code"),
        ("4", "ICD-10 code"),
    ]
    own.load("Problem,ICD-10 code\nSugar,e119\nAnkle sprain,S93.401A\n")
    assert own.download().splitlines()[1:] == ["Ankle sprain,S93.401A", "Sugar,E11.9"]
    first = search(browser, "icd10", "sugar")[0]
    assert first == ("Sugar", "E11.9 · Favorite", {"name": "Sugar", "icd_code": "E11.9"})
    found = search(browser, "icd10", "e11.9")
    assert found[0] == first
    assert sum(fills["icd_code"] == "E11.9" for _, _, fills in found) == 1


def test_panels_are_known_by_panel_and_test(browser: httpx.Client) -> None:
    own = OwnList(browser, "panels")
    own.load(PANELS)
    assert "0 added, 0 changed, 0 removed" in own.preview(own.download(), "replace").text
    changed = PANELS.replace("70,99,Serum,\nAnnual", "65,99,Serum,\nAnnual")
    assert "0 added, 1 changed" in own.preview(changed).text
    wrong = own.preview(
        "Panel,Test,LOINC code,Lower limit,Upper limit\nA,B,2345-8,,\nA,C,,9,1\nA,D,,x,\n,E,,,\nA,b,,,\n"
    )
    assert sorted(re.findall(r"<tr><td>(\d+)</td><td>([^<]*)</td>", wrong.text)) == [("6", "\N{EN DASH}")]
    wrong = own.preview(
        "Panel,Test,LOINC code,Lower limit,Upper limit\nA,B,2345-8,,\nA,C,,9,1\nA,D,,x,\n,E,,,\n"
    )
    assert sorted(re.findall(r"<tr><td>(\d+)</td><td>([^<]*)</td>", wrong.text)) == [
        ("2", "LOINC code"),
        ("3", "Upper limit"),
        ("4", "Lower limit"),
        ("5", "Panel"),
    ]


def test_other_lists_and_practices(formulary: Formulary) -> None:
    other = make_practice("Other")
    with tenancy.within(other.id):
        Drug.objects.create(practice=other.practice, name="Theirs")
    assert "Theirs" not in formulary.browser.get("/catalogues/drugs/list.csv").text
    formulary.save(formulary.preview("Name\nTheirs", "replace"), "replace")
    with tenancy.within(other.id):
        assert Drug.objects.filter(archived=False).count() == 1
        assert Supplement.objects.count() == 0
    reader = make_user(formulary.clinic.practice, password=PASSWORD, permissions=["Access Clinical Notes"])
    browser = open_signed_in_browser(reader.username)
    assert browser.get(URL).status_code == 403
    assert "Class" in formulary.browser.get("/catalogues/supplements/file").text
