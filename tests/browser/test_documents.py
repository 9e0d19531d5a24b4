"""A received document is found among the reviews, filed and signed off. PDFs are shown, and what only looks like one
runs nothing."""

import contextlib
from collections.abc import Callable
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pikepdf
import playwright.sync_api as playwright
from PIL import Image
from playwright.sync_api import Page, expect

from charthouse.domains.documents.models import Document
from charthouse.identity import tenancy
from tests import waiting
from tests.browser.axe import find_violations
from tests.browser.watching import SharedPages
from tests.domains.documents.uploads import PDF, make_body
from tests.domains.scheduling.calendar import Calendar


def test_a_document_is_filed_and_signed_off(
    page: Page, enter: Callable[[str], Page], calendar: Calendar, program: httpx.Client
) -> None:
    sent = make_body(calendar.patient_id, PDF, "application/pdf", name="Echo report", requires_review=-1)
    url = f"patients/{calendar.patient_id}/documents"
    answer = program.post(url, params={"enqueue": "false"}, json=sent)
    assert answer.status_code == 200, answer.text
    enter("/")
    page.get_by_role("navigation", name="Main").get_by_role(
        "link", name="Documents to review", exact=True
    ).click()
    assert find_violations(page) == []
    page.get_by_role("link", name="Echo report").click()
    filing = page.get_by_role("region", name="Filing and review")
    expect(filing).to_contain_text("Everyone")
    assert find_violations(page) == []
    filing.get_by_role("link", name="File").click()
    page.get_by_label("Folder", exact=True).fill("Cardiology")
    page.get_by_label("Result").select_option("Borderline")
    assert find_violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(filing).to_contain_text("Cardiology")
    filing.get_by_role("button", name="Sign off").click()
    expect(page.get_by_text("You have signed the document off.")).to_be_visible()
    expect(filing.get_by_role("button", name="Sign off")).to_have_count(0)
    shown = program.get(answer.url.join("documents")).json()
    assert (shown["data"][0]["folder"], shown["data"][0]["result_code"]) == ("Cardiology", 1)
    with program.stream("GET", shown["data"][0]["url_stream"]) as got:
        assert b"".join(got.iter_raw()) == PDF


def upload(program: httpx.Client, calendar: Calendar, content: bytes, name: str) -> int:
    """Upload a document of the patient and return its id."""
    sent = make_body(calendar.patient_id, content, "application/pdf", name=name)
    answer = program.post(f"patients/{calendar.patient_id}/documents", params={"enqueue": "false"}, json=sent)
    assert answer.status_code == 200, answer.text
    with tenancy.within(calendar.clinic.id):
        return int(Document.objects.latest("pk").pk)


def make_red_pdf() -> bytes:
    """Make a PDF of one red page."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(300, 300))
    made.pages[0].Contents = made.make_stream(b"1 0 0 rg 0 0 300 300 re f")
    content = BytesIO()
    made.save(content)
    return content.getvalue()


def count_red(picture: bytes) -> int:
    """Count the pixels of a PNG that are red."""
    colors = Image.open(BytesIO(picture)).convert("RGB").getcolors(2**24) or []
    return sum(count for count, (red, green, blue) in colors if red > 200 and green < 60 and blue < 60)


def test_a_pdf_is_shown_on_its_page(
    shared_pages: SharedPages,
    visitor: httpx.Client,
    live_server: str,
    calendar: Calendar,
    program: httpx.Client,
) -> None:
    row = upload(program, calendar, make_red_pdf(), "Echo report")
    with shared_pages.use(viewport={"width": 1280, "height": 860}) as (page, _):
        page.context.add_cookies(
            [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
        )
        page.goto(f"{live_server}/patients/{calendar.patient_id}/documents/{row}")
        shown = page.get_by_title("Echo report")
        waiting.until(lambda: count_red(shown.screenshot()) > 10_000)


POLYGLOTS = {
    "a page before a PDF": b"<html><script>parent.document.title='x';fetch('/hacked')</script>%PDF-1.7\n",
    "a page in a PDF": b"%PDF-1.7\n<html><script>parent.document.title='x';fetch('/hacked')</script>\n",
    "a script in a PDF": b"%PDF-1.7\n/*<svg onload=fetch('/hacked')>*/ fetch('/hacked');",
}


def test_a_file_that_is_also_a_page_runs_nothing(
    shared_pages: SharedPages,
    visitor: httpx.Client,
    live_server: str,
    calendar: Calendar,
    program: httpx.Client,
) -> None:
    """On its page, in a frame of it, and opened as a page of its own."""
    cookies = [{"name": name, "value": value, "url": live_server} for name, value in visitor.cookies.items()]
    for words, content in POLYGLOTS.items():
        row = upload(program, calendar, content + make_red_pdf(), words)
        with shared_pages.use(viewport={"width": 1280, "height": 860}) as (page, _):
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))  # type: ignore[misc]
            page.context.add_cookies(cookies)
            page.goto(f"{live_server}/patients/{calendar.patient_id}/documents/{row}", wait_until="load")
            framed = page.get_by_title(words)
            assert framed.count() == content.startswith(b"%PDF-"), words
            address = urlsplit(
                page.get_by_role("link", name="Open the file").get_attribute("href") or ""
            ).path
            assert words in page.title(), words
            if framed.count():
                page.goto(f"{live_server}{address}", wait_until="load")
            else:
                with page.expect_download(), contextlib.suppress(playwright.Error):
                    page.goto(f"{live_server}{address}")
            assert not [url for url in asked if "hacked" in url], words
