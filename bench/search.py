"""``python -m bench.search [--patients N] [--rounds N] [--data DIR]``

Server time of the search for patients, as the console and the portal ask for it, by what people write: the query of the
index of terms and that of the rows. A practice whose names are as frequent as in the United States.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench import machine
from bench.database import Cluster, load
from bench.measure import say

FOUND = 50  # rows of a page
# What is written → for whom. {…}: of a patient in the middle of the practice.
FORMS = {
    "last name": "{last_name}",
    "first name": "{first_name}",
    "first and last name": "{first_name} {last_name}",
    "last and first name": "{last_name} {first_name}",
    "last, first": "{last_name}, {first_name}",
    "two broad words": "maria garcia",
    "two broad words, reversed": "garcia, maria",
    "two broad words, the commonest": "james smith",
    "beginnings of words": "mar gar",
    "two letters": "ma",
    "phone": "{cell_phone}",
    "last four digits": "{phone_end}",
    "birthday": "{birthday}",
    "name and birthday": "{last_name} {birthday}",
    "chart id": "{chart_id}",
    "e-mail address": "{email}",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--data", help="keep the database in this directory and take it up again")
    options = parser.parse_args()
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    instance = {
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "CHARTHOUSE_SECRET_KEY": "only for benchmarks",
    }
    cluster = Cluster(directory)
    try:
        say(f"loading {options.patients:,} patients")
        name = f"search{options.patients}"
        facts = load(cluster, name, options.patients, "bench.search_load", **instance)
        os.environ |= {
            **instance,
            "DATABASE_URL": cluster.uri(name),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        print(machine.describe())
        print(render(measure(facts, options.rounds), options.patients))
    finally:
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def measure(facts: dict[str, Any], rounds: int) -> list[tuple[str, int, float, float]]:
    """By form: its name, how many are found, median and slowest milliseconds."""
    import django

    django.setup()
    from charthouse.domains.patients.models import Patient
    from charthouse.domains.patients.search import search
    from charthouse.identity import tenancy

    measured = []
    with tenancy.within(facts["practice"]):
        for name, form in FORMS.items():
            text, times, found = form.format(**facts["someone"]), [], []
            for _ in range(rounds):
                started = time.perf_counter()
                rows, _ = search(Patient.objects.filter(practice=facts["practice"], archived=False), text)
                found = list(rows.order_by("last_name", "first_name", "pk")[:FOUND])
                times.append((time.perf_counter() - started) * 1000)
            measured.append((name, len(found), median(times), max(times)))
            say(f"{median(times):7.1f} ms  {name}: {len(found)} found")
    return measured


def render(measured: list[tuple[str, int, float, float]], patients: int) -> str:
    """The table, in Markdown."""
    lines = [f"| search, {patients:,} patients | rows | median ms | slowest ms |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name} | {found} | {middle:.1f} | {slowest:.1f} |" for name, found, middle, slowest in measured
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
