"""Fill the database of DATABASE_URL with the synthetic practice and two patients more: ``python -m bench.chart_load
ROWS``. Prints the facts as one line of JSON.

One of the two has ROWS rows of everything that can hang on a patient, the other a page of it. Each row is a copy of
one of the synthetic practice's, at another time, on another visit, order or line item of the same patient.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.db import connections, models, transaction  # noqa: E402

from bench.load import OWNER, make_access  # noqa: E402
from charthouse.domains.patients.models import Patient  # noqa: E402
from charthouse.identity import schema_setup  # noqa: E402
from charthouse.identity.models import User  # noqa: E402
from charthouse.identity.oauth_models import Application  # noqa: E402
from charthouse.identity.rowsecurity import list_record_models  # noqa: E402
from charthouse.identity.tenancy import Record, RecordKey  # noqa: E402
from charthouse.sandbox import seed  # noqa: E402

PATIENTS = 2000
ORDINARY = 30  # rows of each kind: more than the page that is asked for
NAMES = ("ordinary", "large")
Model = type[Record]


def main(rows: int) -> dict[str, Any]:
    schema_setup.migrate(OWNER)
    if not Patient.objects.using(OWNER).exists():
        seed.build(1, PATIENTS, lambda *_: None)
    user = User.objects.using(OWNER).filter(is_primary=True).order_by("pk")[0]
    app, token = make_access(user)
    charts = {}
    for name, count in zip(NAMES, (ORDINARY, rows), strict=True):
        with transaction.atomic(using=OWNER):
            charts[name] = Chart({User: user, Application: app}, name, count).fill()
    return {"token": token, "charts": charts}


def find_references_to_chart(model: Model) -> list[RecordKey]:
    """The references of a table over which its rows hang on a patient, in one step or more."""
    return [key for key in _list_record_keys(model) if key.related_model in _list_chart_tables()]


def _list_record_keys(model: Model) -> list[RecordKey]:
    return [key for key in model._meta.local_fields if isinstance(key, RecordKey)]


def _list_chart_tables() -> list[Model]:
    """Patient, and every table whose rows hang on one, parents before children."""
    found: list[Model] = [Patient]
    while more := [
        model
        for model in list_record_models()
        if model not in found and any(key.related_model in found for key in _list_record_keys(model))
    ]:
        found += more
    return list(_sort_by_references(found))


def _sort_by_references(found: list[Model]) -> Iterator[Model]:
    waiting = list(found)
    done: set[Model] = set()
    while waiting:
        ready = [
            m for m in waiting if {k.related_model for k in _list_record_keys(m)} & set(found) <= done | {m}
        ]
        for model in ready or waiting[:1]:
            waiting.remove(model)
            done.add(model)
            yield model


class Chart:
    """One patient's rows. ``made``: the table ``bench_made`` holds their ids by table, numbered from 0."""

    def __init__(self, callers: dict[Any, Any], name: str, count: int) -> None:
        self.callers, self.name, self.count = callers, name, count
        self.practice = callers[User].practice_id
        self.cursor = connections[OWNER].cursor()

    def fill(self) -> dict[str, dict[str, int]]:
        """By table: how many rows the patient has of it, and the first one's id."""
        self.cursor.execute(
            "create temp table if not exists bench_made (of text, n int, id bigint, primary key (of, n))"
        )
        self.cursor.execute("truncate bench_made")
        found = Patient.objects.using(OWNER).filter(last_name=f"Bench-{self.name}").first()
        for model in _list_chart_tables():
            if self._number_rows(model) == 0 and found is None:  # a trigger has made those of some tables
                self._copy(model)
                self._number_rows(model)
        self.cursor.execute("select of, count(*), min(id) from bench_made group by of")
        return {of: {"rows": rows, "first": first} for of, rows, first in self.cursor.fetchall()}

    def _copy(self, model: Model) -> None:
        """Insert as many copies of a row of the practice as are asked for and allowed."""
        table = model._meta.db_table
        columns = [f for f in model._meta.concrete_fields if not f.primary_key and not f.generated]
        parents = {
            key.attname: key.related_model._meta.db_table
            for key in find_references_to_chart(model)
            if model is not Patient
        }
        picked = [self._compose_column(field, parents) for field in columns]
        joins = " ".join(
            f"left join bench_made p{at} on p{at}.of = '{parent}' and p{at}.n = n.n %% greatest(1, "
            f"(select count(*) from bench_made where of = '{parent}'))"
            for at, parent in enumerate(parents.values())
        )
        for at, column in enumerate(parents):
            picked[[field.attname for field in columns].index(column)] = f"p{at}.id"
        names = ", ".join(f'"{field.column}"' for field in columns)
        count = 1 if model is Patient else self.count
        self.cursor.execute(
            f'insert into "{table}" ({names}) select {", ".join(picked)} from '
            f'(select * from "{table}" where practice_id = %s and not archived order by id limit 1) s '
            f"cross join generate_series(0, {count - 1}) n(n) {joins} on conflict do nothing",
            [self.practice],
        )

    def _compose_column(self, field: "models.Field[Any, Any]", parents: dict[str, str]) -> str:
        old = f's."{field.column}"'
        if field.related_model in self.callers and not field.null:
            return str(self.callers[field.related_model].pk)
        if field.name == "last_name":
            return f"'Bench-{self.name}'"
        if field.name == "chart_id":
            return f"'BENCH-{self.name}'"
        if isinstance(field, models.DateTimeField):
            return f"{old} - n.n * interval '1 hour'"
        if isinstance(field, models.DateField) and field.name != "date_of_birth":
            return f"{old} - n.n %% 700"
        return old

    def _number_rows(self, model: Model) -> int:
        """Note the ids of the patient's rows; how many there are."""
        table = model._meta.db_table
        if model is Patient:
            which = f"last_name = 'Bench-{self.name}'"
        else:
            which = " or ".join(
                f"{key.column} in (select id from bench_made where of = '{key.related_model._meta.db_table}')"
                for key in find_references_to_chart(model)
                if key.related_model is not model
            )
        self.cursor.execute(
            f"insert into bench_made select '{table}', row_number() over (order by id) - 1, id "
            f'from "{table}" where practice_id = %s and ({which or "false"})',
            [self.practice],
        )
        return int(self.cursor.rowcount)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
