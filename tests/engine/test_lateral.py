"""Sums beside a row: however many of their columns a page shows, each subquery is in its statement once."""

import pytest

from charthouse.engine.actor import Actor
from charthouse.engine.execution import planning
from charthouse.engine.sql import statements
from charthouse.gateway.drchrono import paging
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.models import SHARING
from tests.support import make_practice


def statement(**parameters: str) -> statements.Statement:
    resource = get_registry()["line_items"]
    actor = Actor(1, 1, None, 1, frozenset(), frozenset(), frozenset(), shared=frozenset(SHARING))
    return planning.plan_page(resource, actor, paging.parse_list(resource, parameters)).statement


@pytest.mark.parametrize("parameters", [{}, {"patient": "1"}, {"since": "2000-01-01"}, {"page": "2"}])
def test_each_subquery_is_joined_once(parameters: dict[str, str]) -> None:
    text = statement(**parameters).text
    assert text.count(b"lateral") == 2
    assert text.count(b'FROM "billing_transaction"') == 1
    assert text.count(b'FROM "billing_patientpayment"') == 1


def test_a_list_by_range_is_cut_before_the_sums_are_made(database: None) -> None:
    """Else a page of 25 would make those of all rows that the range finds."""
    planned = statement(since="2000-01-01")
    assert planned.text.count(b"limit") == 2
    clinic = make_practice()
    with tenancy.within(clinic.id):
        values = {"practice": clinic.id, "since": "2000-01-01", "limit": 26}
        assert statements.run(planned, values) == []
