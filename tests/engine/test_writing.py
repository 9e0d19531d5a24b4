"""Transactions of writes: tried again when PostgreSQL asks for it; refusals by constraints are answered."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from psycopg import errors as pg

from charthouse.engine.errors import Conflict, Invalid
from charthouse.engine.execution.parsing import parse_keys
from charthouse.engine.execution.writing import MAX_ATTEMPTS, in_transaction

from .made_up import BOOKS, Book


def fail_first(times: int, error: Exception) -> Callable[[], int]:
    """Return a write that fails so many times and then returns how often it was called."""
    calls: list[None] = []

    def write() -> int:
        calls.append(None)
        if len(calls) <= times:
            raise OperationalError from error
        return len(calls)

    return write


@pytest.mark.parametrize("error", [pg.DeadlockDetected(), pg.SerializationFailure()])
def test_a_write_is_tried_again_after_a_deadlock(error: Exception) -> None:
    assert in_transaction({}, fail_first(MAX_ATTEMPTS - 1, error)) == MAX_ATTEMPTS
    with pytest.raises(OperationalError):
        in_transaction({}, fail_first(MAX_ATTEMPTS, error))


def test_a_write_is_not_tried_again_after_another_error() -> None:
    with pytest.raises(OperationalError):
        in_transaction({}, fail_first(1, pg.QueryCanceled()))


def write(statement: str) -> Callable[[], None]:
    """Return a write to a table of its own, which has a constraint of each kind and the row 1."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "create temporary table shelf (id int primary key, room int constraint room_once unique, "
                "above int references shelf, height int check (height > 0)) on commit drop; "
                "insert into shelf values (1, 1, null, 1)"
            )
            cursor.execute(statement)

    return run


def test_refusals_by_constraints_are_answered() -> None:
    with pytest.raises(Conflict, match="A row with these values exists already"):
        in_transaction({}, write("insert into shelf values (1, 2, null, 1)"))
    with pytest.raises(Invalid) as named:
        in_transaction(
            {"room_once": ("room", "There is one shelf a room.")}, write("insert into shelf values (2, 1)")
        )
    assert named.value.errors == {"room": ["There is one shelf a room."]}
    with pytest.raises(Invalid) as referring:
        in_transaction({}, write("insert into shelf values (2, 2, 9, 1)"))
    assert referring.value.errors == {"non_field_errors": ["A row that this one refers to does not exist."]}
    with pytest.raises(Invalid) as impossible:
        in_transaction({}, write("insert into shelf values (2, 2, 1, -1)"))
    assert impossible.value.errors == {"non_field_errors": ["The values do not fit together."]}


def test_members_given_by_themselves_are_put_into_their_object() -> None:
    (loan,) = (key for key in BOOKS.keys if key.name == "loan")
    parsed = parse_keys([loan], Book, {"loan.reader": "Ann", "loan": {"until": "2026-03-10"}}, "modify")
    together = parse_keys([loan], Book, {"loan": {"reader": "Ann", "until": "2026-03-10"}}, "modify")
    assert parsed == together
    assert parsed.errors == {}
    assert parse_keys([loan], Book, {"loan.reader": "Ann", "loan": "none"}, "modify").errors
