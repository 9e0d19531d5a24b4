"""Periods of the change feed: each change in exactly one, while many write, some of them for long."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connections, transaction

from charthouse import clock
from charthouse.changes import periods
from charthouse.changes.models import Edge
from charthouse.changes.tasks import forget_edges
from charthouse.domains.tasks.models import TaskCategory
from charthouse.identity import tenancy
from tests.support import Clinic, make_practice

TABLE = TaskCategory._meta.db_table
WRITERS, EACH, SLOW = 6, 40, 8


@pytest.fixture
def clinic(database: None) -> Clinic:
    return make_practice()


def touched(clinic: Clinic, start: datetime, end: datetime) -> list[periods.Touched]:
    with tenancy.within(clinic.id):
        return periods.touched(clinic.id, [TABLE], start, end)


def rows(clinic: Clinic, start: datetime, end: datetime) -> set[int]:
    return {found.row for found in touched(clinic, start, end)}


def make(clinic: Clinic, name: str = "x") -> int:
    with tenancy.within(clinic.id):
        return int(TaskCategory.objects.create(practice=clinic.practice, name=name).pk)


@pytest.fixture
def held(clinic: Clinic) -> Iterator[tuple[int, Callable[[], None]]]:
    """A row whose transaction isn't committed yet, and a function that commits it."""
    written, go = threading.Event(), threading.Event()
    made: list[int] = []

    def write() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                made.append(TaskCategory.objects.create(practice=clinic.practice, name="Early, but late").pk)
                written.set()
                go.wait(60)
        finally:
            written.set()
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(60)

    def commit() -> None:
        go.set()
        thread.join()

    yield made[0], commit
    commit()


def test_each_change_is_told_once_while_many_write(clinic: Clinic) -> None:
    """Walks period by period, of a few hundredths of a second, while short and long transactions come and go."""
    done = threading.Event()
    made: list[int] = []
    lock = threading.Lock()
    start = clock.now()

    def write(slow: bool, number: int) -> None:
        try:
            for count in range(SLOW if slow else EACH):
                with tenancy.within(clinic.id), transaction.atomic():
                    row = TaskCategory.objects.create(practice=clinic.practice, name=f"{number} {count}").pk
                    if slow:  # open over several edges
                        with connections["default"].cursor() as cursor:
                            cursor.execute("select pg_sleep(%s)", [0.05 + 0.02 * (number % 5)])
                with lock:
                    made.append(row)
        finally:
            connections.close_all()

    def walk(step: float) -> list[tuple[int, str]]:
        told: list[tuple[int, str]] = []
        at, last = start, False
        try:
            while True:
                last = done.is_set()
                end = clock.now()
                told += [(found.row, found.first) for found in touched(clinic, at, end)]
                at = end
                if last:
                    return told
                time.sleep(step)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS + 4) as pool:
        walkers = [pool.submit(walk, step) for step in (0.0, 0.013)]
        writers = [pool.submit(write, number % 3 == 0, number) for number in range(WRITERS)]
        for writer in writers:
            writer.result(120)
        done.set()
        found = [walker.result(120) for walker in walkers]
    for told in found:
        assert Counter(told) == Counter((row, "insert") for row in made)
    # Whoever walks afterwards, in other steps, finds each once as well; and the same again.
    edges = [start + timedelta(seconds=0.07 * n) for n in range(2000)]
    edges = [*(edge for edge in edges if edge < clock.now()), clock.now()]
    for _ in range(2):
        again = [row for begin, end in pairwise(edges) for row in rows(clinic, begin, end)]
        assert sorted(again) == sorted(made)


def test_what_is_committed_late_is_told_next_time(
    clinic: Clinic, held: tuple[int, Callable[[], None]]
) -> None:
    late, commit = held
    start = clock.now() - timedelta(minutes=5)
    in_time = make(clinic)
    end = clock.now()
    assert rows(clinic, start, end) == {in_time}
    commit()
    assert rows(clinic, start, end) == {in_time}, "what was told of a period stays so"
    assert rows(clinic, end, clock.now()) == {late}


@pytest.mark.parametrize("gap", [timedelta(seconds=2), -timedelta(seconds=2)])
def test_a_period_that_begins_beside_the_last_ones_end_misses_nothing_late(
    clinic: Clinic, held: tuple[int, Callable[[], None]], gap: timedelta
) -> None:
    late, commit = held
    with connections["owner"].cursor() as cursor:  # it was written a while ago
        end = clock.now()
        assert late not in rows(clinic, end - timedelta(minutes=5), end)
        commit()
        ago = end - timedelta(seconds=10)
        cursor.execute(
            "update changes_change set at = %s where row_id = %s and practice_id = %s", [ago, late, clinic.id]
        )
    assert late in rows(clinic, end + gap, clock.now() + timedelta(seconds=30))


def test_a_clock_that_is_ahead_misses_nothing(clinic: Clinic) -> None:
    """An end of the near future is an edge when it is asked for."""
    start, ahead = clock.now(), clock.now() + timedelta(seconds=20)
    first = make(clinic)
    assert rows(clinic, start, ahead) == {first}
    second = make(clinic)
    assert rows(clinic, start, ahead) == {first}
    assert rows(clinic, ahead, ahead + timedelta(seconds=20)) == {second}
    assert rows(clinic, start, clock.now()) == {first, second}, "nobody else is kept waiting"


def test_an_end_far_ahead_is_no_edge(clinic: Clinic) -> None:
    start = clock.now()
    tomorrow = start + timedelta(days=1)
    first = make(clinic)
    assert rows(clinic, start, tomorrow) == {first}
    second = make(clinic)
    assert rows(clinic, start, tomorrow) == {first, second}
    with tenancy.within(clinic.id):
        assert not Edge.objects.exists()


def test_edges_are_of_their_own_practice_and_not_kept_for_ever(clinic: Clinic) -> None:
    other = make_practice()
    start = clock.now() - timedelta(hours=3)
    for _ in range(2):
        for hours in (2, 1):
            touched(clinic, start, start + timedelta(hours=hours))
    with tenancy.within(clinic.id):
        edges = list(Edge.objects.order_by("at"))
        assert [edge.at for edge in edges] == [start + timedelta(hours=1), start + timedelta(hours=2)]
        assert edges[0].snapshot == edges[1].snapshot, "the earlier one sees no more than the later one"
    with tenancy.within(other.id):
        assert not Edge.objects.exists()
    with clock.moved(timedelta(days=16)):
        forget_edges(0)
    with tenancy.within(clinic.id):
        assert not Edge.objects.exists()


def test_a_row_is_touched_once_a_period(clinic: Clinic) -> None:
    start = clock.now()
    with tenancy.within(clinic.id):
        row = TaskCategory.objects.create(practice=clinic.practice, name="x")
        row.archived = True
        row.save()
    (found,) = touched(clinic, start, clock.now())
    assert (found.row, found.first, found.last) == (row.pk, "insert", "delete")
    with tenancy.within(clinic.id):
        assert periods.touched(clinic.id, ["practice_office"], start, clock.now()) == []


def test_of_a_row_the_order_of_time_is_the_order_of_writes(clinic: Clinic) -> None:
    """A long transaction changes a row that a shorter one has made meanwhile: both know when they wrote."""
    began, made = threading.Event(), threading.Event()
    rows_made: list[int] = []

    def long() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                TaskCategory.objects.create(practice=clinic.practice, name="begun")
                began.set()
                assert made.wait(60)
                TaskCategory.objects.filter(pk=rows_made[0]).update(archived=True)
        finally:
            began.set()
            connections.close_all()

    thread = threading.Thread(target=long)
    thread.start()
    assert began.wait(60)
    middle = clock.now()
    rows_made.append(make(clinic))
    made.set()
    thread.join()
    before = touched(clinic, middle - timedelta(minutes=1), middle)
    assert rows_made[0] not in {found.row for found in before}
    (found,) = (one for one in touched(clinic, middle, clock.now()) if one.row == rows_made[0])
    assert (found.first, found.last) == ("insert", "delete")
