"""The examination of pages finds what it is there to find, though it skips what it has seen."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import find_violations, find_violations_in_both_themes
from tests.browser.html_shapes import choose_pages, list_shapes
from tests.cases import each_case

DOCUMENT = """
    <!doctype html><html lang="en"><title>Page</title><meta name="color-scheme" content="light dark">
    <style>
        .pale-{name} {{ color: #777; background: #888 }}
        @media (prefers-color-scheme: light) {{ .dark-only-{name} {{ color: #000; background: #fff }} }}
        @media (prefers-color-scheme: dark) {{ .dark-only-{name} {{ color: #111; background: #222 }} }}
    </style>
    <main><h1>Page</h1>{content}</main></html>
"""
CHECKBOX = '<i class="f" role="checkbox" aria-label="A"'


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(reduced_motion="reduce")
    yield page
    page.close()


@pytest.fixture
def show(page: Page) -> Callable[[str, str], Page]:
    def show(name: str, content: str) -> Page:
        page.set_content(DOCUMENT.format(name=name, content=content))
        return page

    return show


def test_text_without_contrast_is_found_once(show: Callable[[str, str], Page]) -> None:
    text = '<p class="pale-{0}">Text</p>'
    (found,) = find_violations(show("a", text.format("a")))
    assert "color-contrast" in found
    assert find_violations(show("a", text.format("a") * 2)) == []
    assert find_violations(show("b", text.format("b"))) != []


def test_a_link_that_only_its_color_sets_apart_is_found_where_it_stands_in_a_text(
    show: Callable[[str, str], Page],
) -> None:
    """Also where the same link has been seen elsewhere."""
    link = '<a href="#" style="text-decoration: none; color: #333">Link</a>'
    assert find_violations(show("j", f"<p>{link}</p>")) == []
    (found,) = find_violations(show("k", f'<p class="k">Read all of it in the {link}, please.</p>'))
    assert "link-in-text-block" in found


def test_a_slight_fault_is_found(show: Callable[[str, str], Page]) -> None:
    (found,) = find_violations(show("m", '<h4 class="m">Of the fourth level, after the first</h4>'))
    assert "heading-order" in found


def test_a_hidden_element_is_examined_when_it_is_shown(show: Callable[[str, str], Page]) -> None:
    page = show("c", '<p class="pale-c" hidden>Text</p>')
    assert find_violations(page) == []
    page.evaluate("document.querySelector('p').hidden = false")
    assert "color-contrast" in "".join(find_violations(page))


def test_each_theme_is_examined(show: Callable[[str, str], Page]) -> None:
    page = show("d", '<p class="dark-only-d">Text</p>')
    assert find_violations(page) == []
    (found,) = find_violations_in_both_themes(page)
    assert found.startswith("dark: color-contrast")
    assert page.evaluate("matchMedia('(prefers-color-scheme: light)').matches")


def test_a_field_without_a_label_is_found_beside_one_with_a_label(show: Callable[[str, str], Page]) -> None:
    labelled = '<label class="e" for="name">Name</label><input class="e" id="name">'
    assert find_violations(show("e", labelled)) == []
    assert "label" in "".join(find_violations(show("e", labelled + '<input class="e" id="other">')))


@each_case(
    ("rule", "content"),
    [
        ("link-name", '<a class="f" href="/">Home</a><a class="f" href="/"></a>'),
        ("image-alt", '<img class="f" alt="A" src="data:,"><img class="f" src="data:,">'),
        (
            "button-name",
            '<button class="f" aria-label="A"></button><button class="f" aria-label=""></button>',
        ),
        ("aria-required-attr", f'{CHECKBOX} aria-checked="true"></i>{CHECKBOX}></i>'),
    ],
    ids=lambda case: case[0],
)
def test_other_rules_find_elements_that_differ_in_what_the_rule_is_about(
    show: Callable[[str, str], Page], rule: str, content: str
) -> None:
    assert rule in "".join(find_violations(show("f", content)))


FORM = '<main><form class="a"><label for="name">Name</label><input id="name" type="text"></form>{}</main>'


def test_one_of_pages_that_look_alike_is_chosen() -> None:
    alike = (FORM.format(""), FORM.format("").replace("name", "city"), FORM.format("<p>More</p>"))
    assert choose_pages({name: list_shapes(html) for name, html in zip("abc", alike, strict=True)}) == ["c"]


@each_case(
    ("difference", "more"),
    [
        ("tag", "<ul></ul>"),
        ("class", '<form class="b"></form>'),
        ("parent", '<p><form class="a"></form></p>'),
        ("no label", '<form class="a"><input id="other" type="text"></form>'),
        ("another type", '<form class="a"><label><input type="date"></label></form>'),
        ("text", '<form class="a">Text</form>'),
        ("an empty name", '<img alt=""><img alt="A">'),
        ("a state", '<form class="a" aria-busy="true"></form>'),
        ("a script", '<script src="/static/a.js"></script>'),
    ],
    ids=lambda case: case[0],
)
def test_pages_that_differ_are_both_chosen(difference: str, more: str) -> None:
    first, second = FORM.format("<h1>Only here</h1>"), FORM.format(more)
    chosen = choose_pages({"first": list_shapes(first), "second": list_shapes(second)})
    assert sorted(chosen) == ["first", "second"], difference
