"""What transaction numbers cost the change feed's trigger: ``python -m bench.change_trigger [--rows N] [--rounds N]``.

Starts a PostgreSQL of its own and lets the trigger of 0.1.0 and the present one write the same rows in turns, in one
session. Prints the CPU seconds of that session for each row, the median of all rounds: inserts of one row a statement,
which is what an API call does, and of all in one statement.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.database import Cluster
from bench.servers import ROOT

_MIGRATIONS = ROOT / "src" / "charthouse" / "changes" / "migrations"
_COLUMNS = "(practice_id, archived, created_at, updated_at, name, is_global)"
_VALUES = "select {practice}, false, now(), now(), 'Category', false"
_SINGLE = (
    "do $$ begin for n in 1..{rows} loop insert into tasks_taskcategory "
    f"{_COLUMNS} {_VALUES}; end loop; end $$"
)
_BULK = f"insert into tasks_taskcategory {_COLUMNS} {_VALUES} from generate_series(1, {{rows}})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.change_trigger", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="charthouse-trigger-"))
    cluster = Cluster(directory / "cluster")
    try:
        _measure(cluster, directory, given.rows, given.rounds)
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _measure(cluster: Cluster, directory: Path, rows: int, rounds: int) -> None:
    cluster.create("trigger")
    os.environ |= {
        "DATABASE_URL": cluster.uri("trigger"),
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
    }
    import django

    django.setup()
    from django.db import connections

    from charthouse.identity import schema_setup
    from charthouse.identity.models import Practice

    schema_setup.migrate()
    practice = Practice.objects.using("owner").create(name="A practice").pk
    connections.close_all()
    triggers = {
        "0.1.0": _read_trigger("0001_initial.sql"),
        "present": _read_trigger("0004_transaction_numbers.sql"),
    }
    with psycopg.connect(cluster.uri("trigger"), autocommit=True) as session:
        for what, statement in (("one row a statement", _SINGLE), ("one statement", _BULK)):
            found: dict[str, list[float]] = {name: [] for name in triggers}
            for number in range(rounds + 1):
                for name, trigger in triggers.items():
                    session.execute(trigger)  # type: ignore[call-overload]
                    seconds = _run(session, statement.format(practice=practice, rows=rows)) / rows
                    if number:  # the first plans
                        found[name].append(seconds)
            shown = {name: f"{statistics.median(each) * 1e6:.1f} µs" for name, each in found.items()}
            ratio = statistics.median(new / old for old, new in zip(*found.values(), strict=True))
            print(f"{what}: {shown}, ratio {ratio:.3f}")


def _read_trigger(file: str) -> str:
    text = (_MIGRATIONS / file).read_text().replace("{schema}", "public")
    body = text[text.index("function public.changes_record()") :]
    return "create or replace " + body[: body.index("\n$$;") + 4]


def _run(session: "psycopg.Connection[Any]", statement: str) -> float:
    before = _read_cpu_seconds(session.info.backend_pid)
    session.execute(statement)  # type: ignore[call-overload]
    time.sleep(0.01)
    return _read_cpu_seconds(session.info.backend_pid) - before


def _read_cpu_seconds(pid: int) -> float:
    spent = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(spent[0]) / 1e9


if __name__ == "__main__":
    main()
