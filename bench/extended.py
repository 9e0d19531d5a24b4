"""``python -m bench.extended [--rows N] [--rounds N] [--data DIR]``: Cerbo's extended details of one patient.

The same patient as ``bench.chart`` has: N rows of everything that hangs on one. Printed are how many rows each list of
the answer has, its size, the seconds from the request to its last byte, and the largest that the server has been,
before and after.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.database import Cluster, load
from bench.measure import say
from bench.servers import ROOT, Server, compose_charthouse_command

BARS = {"seconds": 3.0}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.extended", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", help="keep the database in this directory and take it up again")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = Path(options.data or tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    instance = {
        "CHARTHOUSE_DATA": str(directory / "instance"),
        "CHARTHOUSE_SECRET_KEY": "only for benchmarks",
    }
    cluster = Cluster(directory)
    try:
        say(f"loading a patient with {options.rows:,} rows of each kind")
        facts = load(cluster, f"chart{options.rows}", options.rows, "bench.chart_load", **instance)
        environ = {
            **instance,
            "DATABASE_URL": cluster.uri(facts["database"]),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
            "CHARTHOUSE_API_LIMITS": "heavy_read=1000000",
        }
        patient = facts["charts"]["large"]["patients_patient"]["first"]
        complete_chart(cluster, facts["database"], patient, options.rows)
        pair = start_as_caller(environ)
        command = compose_charthouse_command(threads=1)
        server = Server("a", "Charthouse", command, environ, directory / "a.log")
        server.start()
        try:
            measure(server, pair, patient, options.rounds)
        finally:
            server.stop()
    finally:
        cluster.stop()
        if not options.data:
            shutil.rmtree(directory, ignore_errors=True)


def complete_chart(cluster: Cluster, database: str, patient: int, rows: int) -> None:
    """What the copied rows lack to be in the lists; and of what a patient has once for each row of a catalogue, a
    catalogue of as many rows."""
    for statement in (
        f"update scheduling_appointment set status = 'Complete' where patient_id = {patient}",
        f"update documents_patientimage set request_id = null, photo_type = 'personal' where patient_id = {patient}",
        "update clinical_clinicalnote n set locked_at = now(), locked_by_id = u.id from identity_user u "
        f"where n.patient_id = {patient} and u.practice_id = n.practice_id and u.is_primary",
    ):
        cluster.execute(database, statement)
    if cluster.execute(database, "select 1 from patients_facility where name like 'Bench %' limit 1"):
        return  # taken up again
    for catalogue, of_patient, reference, kinds in (
        ("patients_tag", "patients_patienttag", "tag_id", ({},)),
        ("clinical_freetextnotetype", "clinical_freetextnote", "note_type_id", ({},)),
        (
            "patients_facility",
            "patients_patientfacility",
            "facility_id",
            ({"kind": "'specialist'"}, {"kind": "'laboratory'"}),
        ),
    ):
        for number, kind in enumerate(kinds):
            named = f"'Bench {number} ' || n.n"
            copy_rows(
                cluster, database, catalogue, f"generate_series(1, {rows}) n(n)", {"name": named, **kind}
            )
        there = f"(select id from {catalogue} where name like 'Bench %') n"
        copy_rows(cluster, database, of_patient, there, {"patient_id": str(patient), reference: "n.id"})
    cluster.settle(database)


def copy_rows(cluster: Cluster, database: str, table: str, times: str, changed: dict[str, str]) -> None:
    """Insert copies of a table's first row of the first practice, one for each row of ``times``, with other values."""
    columns = cluster.execute(
        database,
        f"select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = '{table}'::regclass "
        "and attnum > 0 and not attisdropped and attname <> 'id'",
    ).split(",")
    picked = ", ".join(changed.get(name, f's."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    cluster.execute(
        database,
        f"insert into {table} ({names}) select {picked} from (select * from {table} where practice_id = 1 "
        f"and not archived order by id limit 1) s cross join {times} on conflict do nothing",
    )


def start_as_caller(environ: dict[str, str]) -> str:
    """An API user of the practice, in a process of its own: what goes into the Authorization header."""
    done = subprocess.run(
        [sys.executable, "-c", "from bench import extended; extended.make_caller()"],
        cwd=ROOT,
        env={**os.environ, **environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return base64.b64encode(done.stdout.strip().encode()).decode()


def make_caller() -> None:
    import django

    django.setup()
    from charthouse.identity import tenancy
    from charthouse.identity.api_users import renew_secret
    from charthouse.identity.models import ApiUser, Practice

    practice = Practice.objects.order_by("pk")[0]
    with tenancy.within(practice.pk):
        row = ApiUser.objects.filter(practice=practice, username="pk_bench").first()
        row = row or ApiUser(
            practice=practice, nickname="Bench", contact="ops@example.com", username="pk_bench"
        )
        print(f"pk_bench:{renew_secret(row)}")


def measure(server: Server, pair: str, patient: int, rounds: int) -> None:
    idle = measure_largest_process(server)
    took, content = [], b""
    for _ in range(rounds + 1):
        content = b""
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        connection.request(
            "GET", f"/api/v1/patients/{patient}/extended_details", headers={"Authorization": f"Basic {pair}"}
        )
        answer = connection.getresponse()
        content = answer.read()
        took.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"answers {answer.status}: {content[:500]!r}")
        connection.close()
    found: dict[str, Any] = json.loads(content)
    lists = {key: value for key, value in found.items() if isinstance(value, list)} | found["vitals"]
    for key, rows in lists.items():
        print(f"{key:20} {len(rows):6}")
    print(f"{sum(map(len, lists.values())):,} rows, {len(content) / 1e6:.1f} MB")
    print(
        f"first {took[0]:.2f} s; then {median(took[1:]):.2f} s ({min(took[1:]):.2f} to {max(took[1:]):.2f})"
    )
    print(f"server: {idle:.0f} MB before, {measure_largest_process(server):.0f} MB at the largest")
    if median(took[1:]) > BARS["seconds"]:
        sys.exit(f"above {BARS['seconds']} s")


def measure_largest_process(server: Server) -> float:
    """Megabytes that the server's largest process has ever been."""
    assert server.process is not None
    of = [server.process.pid, *find_children(server.process.pid)]
    return max(
        int(line.split()[1]) / 1024
        for pid in of
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def find_children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


if __name__ == "__main__":
    main()
