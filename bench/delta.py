"""Cerbo's delta over a week of 100,000 changes: ``python -m bench.delta [--changes N] [--rounds N]
[--held]``.

Starts a PostgreSQL of its own, writes tags in transactions of five changes each (six in ten made, three changed, one
deleted), spreads them over a week, and asks ``GET /api/v1/delta/tags`` for it, in this process: first for an end that
nobody has asked for, then again, then for the two halves, which have to add up. Beside it, as many
changes of another practice. ``--held``: a transaction is open all the while, which is the worst for a start.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.database import Cluster

EACH = 5  # changes a transaction
_WRITE = """
do $$
declare
    made bigint;
    tag bigint;
begin
    perform set_config('synchronous_commit', 'off', false);
    for n in 1..{transactions} loop
        tag := null;
        for m in 1..3 loop
            insert into patients_tag (practice_id, archived, created_at, updated_at, name, category, description, color,
                                      displays_on_dash, note_displays_on_dashboard, displays_on_calendar)
            values ({practice}, false, now(), now(), 'Tag ' || n || ' ' || m, 'Care', 'x', 'b2f07e', true, false, true)
            returning id into made;
            tag := coalesce(tag, made);
        end loop;
        update patients_tag set description = 'y' where practice_id = {practice} and id = made;
        update patients_tag set archived = n % 2 = 0, description = 'z' where practice_id = {practice} and id = tag;
        commit;
    end loop;
end $$
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.delta", description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--held", action="store_true")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-delta-"))
    cluster = Cluster(directory / "cluster")
    try:
        _measure(cluster, directory, given)
    finally:
        from django.db import connections

        from charthouse.audit import request_log

        request_log.flush()
        connections.close_all()
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _measure(cluster: Cluster, directory: Path, given: argparse.Namespace) -> None:
    rounds = given.rounds
    cluster.create("delta")
    os.environ |= {
        "DATABASE_URL": cluster.uri("delta"),
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "CHARTHOUSE_API_LIMITS": "standard=100000,heavy_read=100000",
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
    }
    import django

    django.setup()
    from charthouse import clock
    from charthouse.identity import schema_setup
    from tests.support import make_api_user, make_practice

    schema_setup.migrate()
    clinic, other = make_practice(), make_practice()
    held = psycopg.connect(cluster.uri("delta"))
    if given.held:
        held.execute("select pg_current_xact_id()")
    for practice in (clinic.id, other.id):
        _execute_as_owner(_WRITE.format(practice=practice, transactions=given.changes // EACH))
    end = clock.now()
    start = end - timedelta(days=7)
    count = _spread_changes(clinic.id, other.id, end)
    _execute_as_owner("vacuum analyze")
    print(f"{count} changes of the practice in a week, as many of another one")
    with make_api_user(clinic.practice).client() as caller:
        middle = start + timedelta(days=3.5)
        first = _ask_periods(caller, "first", [(start, end - timedelta(seconds=n)) for n in range(rounds)])
        again = _ask_periods(caller, "again", [(start, end)] * rounds)
        halves = [_ask_periods(caller, "half", [one]) for one in ((start, middle), (middle, end))]
        _ask_periods(caller, "from an edge on", [(middle, end)] * rounds)
    held.close()
    told = {name: len(ids) for name, ids in again.items()}
    print(f"told: {told}")
    assert first == again
    assert set(again["added"]) | set(again["removed"]) == {
        row for half in halves for name in ("added", "removed") for row in half[name]
    }


def _spread_changes(practice: int, other: int, end: Any) -> int:
    """Over the week before ``end``, in the order in which they were written. How many are the practice's."""
    _execute_as_owner(
        f"update changes_change c set at = '{end.isoformat()}'::timestamptz - interval '7 days' "
        "+ interval '7 days' * (numbered.n - 0.5) / numbered.most from ("
        "select id, practice_id, row_number() over own as n, count(*) over (partition by practice_id) as most "
        f"from changes_change where practice_id in ({practice}, {other}) and table_name = 'patients_tag' "
        "window own as (partition by practice_id order by id)) numbered where numbered.id = c.id"
    )
    (count,) = _execute_as_owner(
        f"select count(*) from changes_change where practice_id = {practice} and table_name = 'patients_tag'"
    )
    return int(count)


def _ask_periods(caller: Any, what: str, periods: list[tuple[Any, Any]]) -> dict[str, list[int]]:
    """Ask for each of the periods; what came of the first."""
    took, found = [], []
    for start, end in periods:
        period = {"start_date": f"{start:%Y-%m-%d %H:%M:%S.%f}", "end_date": f"{end:%Y-%m-%d %H:%M:%S.%f}"}
        began = time.perf_counter()
        answer = caller.get("/api/v1/delta/tags", params=period)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text[:300]
        found.append(answer.json()["delta_data"])
    spread = f" ({min(took):.2f} to {max(took):.2f})" if len(took) > 1 else ""
    print(f"{what}: {statistics.median(took):.2f} s{spread}")
    return dict(found[0])


def _execute_as_owner(statement: str) -> Any:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


if __name__ == "__main__":
    main()
