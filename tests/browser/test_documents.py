"""A received document is found among the reviews, filed and signed off."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
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
