"""A page that asks another host, or logs an error, is noticed; and nothing leaves this machine."""

from playwright.sync_api import Browser

from tests.browser.watching import watch

CONTENT = """
    <img src="http://203.0.113.1/a.png"><img src="https://elsewhere.example/b.png">
    <script>throw new Error("broken")</script>
"""


def test_other_hosts_and_errors_are_faults(browser: Browser) -> None:
    page = browser.new_page()
    with watch(page) as faults:
        page.set_content(CONTENT)
    page.context.close()
    assert {"asked http://203.0.113.1/a.png", "asked https://elsewhere.example/b.png", "broken"} <= set(
        faults
    )
    assert sum("ERR_NAME_NOT_RESOLVED" in fault for fault in faults) == 2
