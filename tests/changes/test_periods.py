"""Periods of the change feed: each change is in exactly one, under concurrent and long transactions."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest
from django.db import connections, transaction

from charthouse import clock
from charthouse.changes import periods
from charthouse.changes.models import Change, Edge
from charthouse.changes.tasks import delete_old_edges
from charthouse.domains.tasks.models import TaskCategory
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.support import Clinic, make_practice
from tests.waiting import PATIENCE

TABLE = TaskCategory._meta.db_table
WRITERS, EACH, SLOW = 6, 40, 8


@pytest.fixture
def clinic(database: None) -> Clinic:
    return make_practice()


def list_touched(clinic: Clinic, start: datetime, end: datetime) -> list[periods.ChangedRow]:
    with tenancy.within(clinic.id):
        return periods.list_changed_rows(clinic.id, [TABLE], start, end)


def list_rows(clinic: Clinic, start: datetime, end: datetime) -> set[int]:
    return {found.row for found in list_touched(clinic, start, end)}


def make(clinic: Clinic, name: str = "x") -> int:
    with tenancy.within(clinic.id):
        return int(TaskCategory.objects.create(practice=clinic.practice, name=name).pk)


@pytest.fixture
def held(clinic: Clinic) -> Iterator[tuple[int, Callable[[], None]]]:
    """A row whose transaction is still open, and a function that commits it."""
    written, go = threading.Event(), threading.Event()
    made: list[int] = []

    def write() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                made.append(TaskCategory.objects.create(practice=clinic.practice, name="Early, but late").pk)
                written.set()
                go.wait(PATIENCE)
        finally:
            written.set()
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(PATIENCE)

    def commit() -> None:
        go.set()
        thread.join()

    yield made[0], commit
    commit()


def test_each_change_is_reported_once_under_concurrent_writes(clinic: Clinic) -> None:
    """Reads consecutive periods of hundredths of a second while short and long transactions run."""
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
                told += [(found.row, found.first) for found in list_touched(clinic, at, end)]
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
            writer.result(PATIENCE)
        done.set()
        found = [walker.result(PATIENCE) for walker in walkers]
    for told in found:
        assert Counter(told) == Counter((row, "insert") for row in made)
    # Reading afterwards with other periods reports each change once too, and so does repeating it.
    edges = [start + timedelta(seconds=0.07 * n) for n in range(2000)]
    edges = [*(edge for edge in edges if edge < clock.now()), clock.now()]
    for _ in range(2):
        again = [row for begin, end in pairwise(edges) for row in list_rows(clinic, begin, end)]
        assert sorted(again) == sorted(made)


def test_late_commit_is_reported_in_the_next_period(
    clinic: Clinic, held: tuple[int, Callable[[], None]]
) -> None:
    late, commit = held
    start = clock.now() - timedelta(minutes=5)
    in_time = make(clinic)
    end = clock.now()
    assert list_rows(clinic, start, end) == {in_time}
    commit()
    assert list_rows(clinic, start, end) == {in_time}, "what was told of a period stays so"
    assert list_rows(clinic, end, clock.now()) == {late}


@pytest.mark.parametrize("gap", [timedelta(seconds=2), -timedelta(seconds=2)])
def test_period_not_beginning_at_an_edge_misses_no_late_change(
    clinic: Clinic, held: tuple[int, Callable[[], None]], gap: timedelta
) -> None:
    late, commit = held
    with connections["owner"].cursor() as cursor:  # it was written a while ago
        end = clock.now()
        assert late not in list_rows(clinic, end - timedelta(minutes=5), end)
        commit()
        ago = end - timedelta(seconds=10)
        cursor.execute(
            "update changes_change set at = %s where row_id = %s and practice_id = %s", [ago, late, clinic.id]
        )
    assert late in list_rows(clinic, end + gap, clock.now() + timedelta(seconds=30))


def test_caller_clock_ahead_misses_no_change(clinic: Clinic) -> None:
    """An end in the near future is stored as an edge when it is requested."""
    start, ahead = clock.now(), clock.now() + timedelta(seconds=20)
    first = make(clinic)
    assert list_rows(clinic, start, ahead) == {first}
    second = make(clinic)
    assert list_rows(clinic, start, ahead) == {first}
    assert list_rows(clinic, ahead, ahead + timedelta(seconds=20)) == {second}
    assert list_rows(clinic, start, clock.now()) == {first, second}, "nobody else is kept waiting"


def test_end_far_in_the_future_is_not_stored(clinic: Clinic) -> None:
    start = clock.now()
    tomorrow = start + timedelta(days=1)
    first = make(clinic)
    assert list_rows(clinic, start, tomorrow) == {first}
    second = make(clinic)
    assert list_rows(clinic, start, tomorrow) == {first, second}
    with tenancy.within(clinic.id):
        assert not Edge.objects.exists()


def test_edges_belong_to_a_practice_and_expire(clinic: Clinic) -> None:
    other = make_practice()
    start = clock.now() - timedelta(hours=3)
    for _ in range(2):
        for hours in (2, 1):
            list_touched(clinic, start, start + timedelta(hours=hours))
    with tenancy.within(clinic.id):
        edges = list(Edge.objects.order_by("at"))
        assert [edge.at for edge in edges] == [start + timedelta(hours=1), start + timedelta(hours=2)]
        assert edges[0].snapshot == edges[1].snapshot, "the earlier one sees no more than the later one"
    with tenancy.within(other.id):
        assert not Edge.objects.exists()
    with clock.shift(timedelta(days=16)):
        delete_old_edges(0)
    with tenancy.within(clinic.id):
        assert not Edge.objects.exists()


def test_row_is_reported_once_per_period(clinic: Clinic) -> None:
    start = clock.now()
    with tenancy.within(clinic.id):
        row = TaskCategory.objects.create(practice=clinic.practice, name="x")
        row.archived = True
        row.save()
    (found,) = list_touched(clinic, start, clock.now())
    assert (found.row, found.first, found.last) == (row.pk, "insert", "delete")
    with tenancy.within(clinic.id):
        assert periods.list_changed_rows(clinic.id, ["practice_office"], start, clock.now()) == []


@each_case("early", product((False, True), repeat=3), ids=str)
def test_a_change_at_an_edge_is_in_one_period(early: tuple[bool, ...]) -> None:
    """Edges at the very times of three changes, of which the second is committed late; ``early``: which edges are
    requested before that."""
    clinic = make_practice()
    begin = clock.now()

    def write(name: str) -> datetime:
        row = TaskCategory.objects.create(practice=clinic.practice, name=name).pk
        made.append(row)
        return Change.objects.get(table_name=TABLE, row_id=row).at

    def write_elsewhere() -> datetime:
        with tenancy.within(clinic.id):
            return write("third")

    made: list[int] = []
    with ThreadPoolExecutor(1) as other:
        with tenancy.within(clinic.id):
            first = write("first")
            with transaction.atomic():
                second = write("second, late")
                third = other.submit(write_elsewhere).result()
                edges = [first, second, third]
                for edge, is_early in zip(edges, early, strict=True):
                    if is_early:
                        other.submit(list_touched, clinic, begin, edge).result()
        other.submit(connections.close_all).result()
    found = [list_rows(clinic, *period) for period in pairwise([begin, *edges, clock.now()])]
    assert Counter(row for of_period in found for row in of_period) == dict.fromkeys(made, 1)
    assert made[0] in found[1]
    assert made[2] in found[3]
    assert [list_rows(clinic, *period) for period in pairwise([begin, *edges])] == found[:3], "asked again"


def test_change_times_of_a_row_follow_the_order_of_writes(clinic: Clinic) -> None:
    """A long transaction changes a row that a shorter one has created in the meantime: both record their write
    times."""
    began, made = threading.Event(), threading.Event()
    rows_made: list[int] = []

    def long() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                TaskCategory.objects.create(practice=clinic.practice, name="begun")
                began.set()
                assert made.wait(PATIENCE)
                TaskCategory.objects.filter(pk=rows_made[0]).update(archived=True)
        finally:
            began.set()
            connections.close_all()

    thread = threading.Thread(target=long)
    thread.start()
    assert began.wait(PATIENCE)
    middle = clock.now()
    rows_made.append(make(clinic))
    made.set()
    thread.join()
    before = list_touched(clinic, middle - timedelta(minutes=1), middle)
    assert rows_made[0] not in {found.row for found in before}
    (found,) = (one for one in list_touched(clinic, middle, clock.now()) if one.row == rows_made[0])
    assert (found.first, found.last) == ("insert", "delete")


def make_now(clinic: Clinic) -> int:
    """Make a row at the time of the shifted clock."""
    tenancy.set_tenant(clinic.id)
    try:
        return make(clinic)
    finally:
        tenancy.clear_tenant()


def test_a_clock_that_was_ahead_and_set_back_hides_no_change(clinic: Clinic) -> None:
    """Ends that were requested while it was ahead say nothing of what is written since, before and after their time."""
    start = clock.now()
    days = [start + timedelta(days=day) for day in (0, 10, 20, 30)]
    with clock.shift(timedelta(days=30)):
        for begin, end in pairwise(days):
            list_touched(clinic, begin, end)
    first = make_now(clinic)
    assert list_rows(clinic, start, clock.now()) == {first}
    assert list_rows(clinic, start, days[1]) == {first}, "an end in the future, requested before"
    with clock.shift(timedelta(days=9)):
        second = make_now(clinic)
    with clock.shift(timedelta(days=11)):
        third = make_now(clinic)
        end = clock.now()
        assert list_rows(clinic, start, days[1]) == {first, second}
        assert list_rows(clinic, start, days[1]) == {first, second}
        assert list_rows(clinic, days[1], end) == {first, second, third}, (
            "maybe twice, as the first request saw none"
        )
        fourth = make_now(clinic)
        assert list_rows(clinic, end, clock.now()) == {fourth}
    with clock.shift(timedelta(days=21)):
        fifth = make_now(clinic)
        end = clock.now()
        assert list_rows(clinic, days[1] + timedelta(hours=1), end) == {third, fourth, fifth}
