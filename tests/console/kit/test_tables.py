"""Tables are paged, sorted and searched by the database; paging neither loses nor repeats rows."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import RequestFactory

from charthouse.console.kit.tables import Column, Table, TableFilter, TablePage
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests.support import Clinic, make_practice

ORDERS = [None, 3, 1, None, 2, 2, 2, 5, None, 4, 1]


@pytest.fixture
def profiles() -> Clinic:
    clinic = make_practice()
    with tenancy.within(clinic.id):
        for number, order in enumerate(ORDERS):
            AppointmentProfile.objects.create(
                practice=clinic.practice,
                doctor=clinic.doctor,
                name=f"Visit {number:02} {'long' if number % 2 else 'short'}",
                color="#112233",
                duration=10 + number % 3,
                sort_order=order,
            )
    tenancy.set_tenant(clinic.id)
    return clinic


TABLE = Table(
    name="profiles",
    label="Profiles",
    columns=(
        Column("Name", "name", sort="name", link=lambda row: f"/profiles/{row.pk}"),
        Column("Order", "sort_order", sort="sort_order", kind="number"),
        Column("Minutes", "duration", sort="duration"),
    ),
    search=("name",),
    filters=(
        TableFilter(
            name="length",
            label="Length",
            options=(("", "All"), ("10", "Ten"), ("11", "Eleven")),
            apply=lambda rows, value: rows.filter(duration=int(value)) if value else rows,
        ),
    ),
    order="name",
    size=3,
)


def listing(address: str = "/profiles") -> TablePage:
    return TABLE.build_page(RequestFactory().get(unescape(address)), AppointmentProfile.objects.all())


def list_names(shown: TablePage) -> list[str]:
    return [str(cells[0].value) for _, cells in shown.rows]


def walk(address: str) -> tuple[list[str], list[str]]:
    """Return the names on all pages, forwards to the end and backwards to the beginning."""
    pages = [listing(address)]
    while pages[-1].next:
        pages.append(listing(pages[-1].next))
        assert len(pages) < 20
    back = [pages[-1]]
    while back[-1].previous:
        back.append(listing(back[-1].previous))
        assert len(back) < 20
    return [n for page in pages for n in list_names(page)], [
        n for page in reversed(back) for n in list_names(page)
    ]


@pytest.mark.parametrize("sort", ["name", "sort_order", "duration"])
@pytest.mark.parametrize("direction", ["", "-"])
def test_paging_shows_every_row_once_in_order(profiles: Clinic, sort: str, direction: str) -> None:
    forwards, backwards = walk(f"/profiles?sort={direction}{sort}")
    order = [f"{direction}{sort}", f"{direction}pk"]
    expected = list(AppointmentProfile.objects.order_by(*order).values_list("name", flat=True))
    assert forwards == expected
    assert backwards == expected


def test_the_first_page_has_no_previous_and_the_last_no_next(profiles: Clinic) -> None:
    first = listing()
    assert (first.previous, bool(first.next), len(first.rows)) == ("", True, 3)
    page = first
    while page.next:
        page = listing(page.next)
    assert page.previous


def test_a_concurrent_insert_shifts_no_page(profiles: Clinic) -> None:
    second = listing(listing().next)
    AppointmentProfile.objects.create(
        practice=profiles.practice, doctor=profiles.doctor, name="A first one", color="#000000", duration=5
    )
    assert list_names(listing(second.next))[0] > list_names(second)[-1]
    assert list_names(listing(listing(second.next).previous)) == list_names(second)


def test_searching_finds_every_word_in_any_case(profiles: Clinic) -> None:
    found, _ = walk("/profiles?q=LONG+visit")
    assert found == [f"Visit {number:02} long" for number in (1, 3, 5, 7, 9)]
    assert listing("/profiles?q=nowhere").empty == "Nothing matches."
    assert "q=LONG" in listing("/profiles?q=LONG+visit").next


def test_filters_restrict_the_rows(profiles: Clinic) -> None:
    found, _ = walk("/profiles?length=10")
    assert found == [f"Visit {n:02} {'long' if n % 2 else 'short'}" for n in range(0, 11, 3)]
    assert listing("/profiles?length=10").filters[0].chosen == "10"


@pytest.mark.parametrize(
    "address",
    ["?sort=practice__name", "?sort=--name", "?after=x", "?after=99999999999999999999", "?before=-1", "?after=0",
     "?length=9", "?q=%00", "?sort=password&after=1%27"],
)  # fmt: skip
def test_malformed_parameters_are_ignored(profiles: Clinic, address: str) -> None:
    assert list_names(listing(f"/profiles{address}")) == list_names(listing())


def test_headings_reverse_the_order(profiles: Clinic) -> None:
    name, order, _ = listing("/profiles?sort=name").headings
    assert (name.direction, order.direction) == ("ascending", "")
    assert name.sort.endswith("sort=-name")
    assert listing(name.sort).headings[0].sort.endswith("sort=name")


def test_rows_of_another_practice_are_not_listed(profiles: Clinic) -> None:
    stranger = make_practice()
    tenancy.set_tenant(stranger.id)
    assert listing().rows == []


def test_the_table_is_rendered(profiles: Clinic, clinic: Clinic) -> None:
    """The HTML has headings, cells and links."""
    from django.template.loader import render_to_string

    tenancy.set_tenant(profiles.id)
    page: Any = render_to_string("console/kit/table.html", {"table": listing("/profiles?sort=-sort_order")})
    assert 'aria-sort="descending"' in page
    assert len(re.findall(r"<tr>", page)) == 4
    assert 'href="/profiles?sort=-sort_order&amp;after=' in page
