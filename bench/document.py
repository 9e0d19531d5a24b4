"""``python -m bench.document [--visits N] [--rounds N] [--more]``: the C-CDA of a patient with thousands of visits.

A database of its own: one patient with N visits, each with a signed note, a charge and a laboratory result; with
``--more``, all vital signs and a procedure as well. The document is made in a fresh process, as a worker would make it;
printed are its size, the seconds it took by the clock and of CPU, and the largest that the process has been.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.database import Cluster
from bench.servers import ROOT

BARS = {"seconds": 5, "megabytes": 300}
NOTE = "Cough for three days, no fever; lungs clear. Fluids and rest, back in a week if it has not gone. " * 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.document", description=__doc__)
    parser.add_argument("--visits", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--more", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        cluster.create("document")
        run(cluster, "fill", options.visits, options.more)
        cluster.settle("document")
        rounds = [run(cluster, "measure", options.visits, options.more) for _ in range(options.rounds)]
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)
    for name in ("first", "seconds", "cpu", "megabytes", "size"):
        found = sorted(each[name] for each in rounds)
        bar = f", at most {BARS[name]}" if name in BARS else ""
        print(f"{name:10} {found[len(found) // 2]:10.2f} ({found[0]:.2f} to {found[-1]:.2f}{bar})")
    if any(each[name] > most for each in rounds for name, most in BARS.items()):
        sys.exit("above the bar")


def run(cluster: Cluster, step: str, visits: int, more: bool) -> dict[str, Any]:
    """A step in a process of its own; what it printed."""
    environment = {
        **os.environ,
        "DATABASE_URL": cluster.uri("document"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "CHARTHOUSE_DATA": str(cluster.directory),
    }
    done = subprocess.run(
        [sys.executable, "-c", f"from bench import document; document.{step}({visits}, {more})"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


# -- in processes of their own ----------------------------------------------------------------------------------


def measure(visits: int, more: bool) -> None:
    """Twice: the first time compiles statements and reads code sets, the second is what a worker does from then on."""
    import django

    django.setup()
    from charthouse.domains.patients.models import Patient
    from charthouse.identity import tenancy
    from charthouse.identity.models import Practice
    from charthouse.interchange.ccda import document

    tenancy.set_tenant(Practice.objects.get().pk)
    patient = Patient.objects.get()
    took, content = [], b""
    for _ in range(2):
        content = b""  # a worker has sent the one before
        clock, cpu = time.perf_counter(), time.process_time()
        content = document.render(patient)
        took.append((time.perf_counter() - clock, time.process_time() - cpu))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert content.count(b"<encounter ") == visits
    (first, _), (seconds, cpu) = took
    size = len(content) / 1e6
    print(json.dumps({"first": first, "seconds": seconds, "cpu": cpu, "megabytes": peak, "size": size}))


def fill(visits: int, more: bool) -> None:
    """One practice, doctor, office and patient, and so many visits with all that belongs to them."""
    import django

    django.setup()
    from django.db import transaction

    from charthouse import clock
    from charthouse.identity import schema_setup
    from charthouse.sandbox.loader import Loader

    schema_setup.migrate("owner")
    now = clock.now()
    loader = Loader("owner", now.isoformat(), {})
    with transaction.atomic("owner"):
        practice, who = _add_people(loader)
        times = [now - timedelta(hours=9 * (visits - number)) for number in range(visits)]
        _add_visits(loader, practice, who, times, more)
        _add_labs(loader, practice, who, times)
        loader.finish()
    print(json.dumps({"visits": visits}))


def _add_people(loader: Any) -> tuple[int, dict[str, int]]:
    from charthouse.domains.patients.models import Patient
    from charthouse.domains.practice.models import Doctor, Office
    from charthouse.identity.models import Practice

    practice = Practice.objects.using("owner").create(name="Benchmark").pk
    names = {"first_name": "Ada", "last_name": "Bench"}
    (doctor,) = loader.copy(Doctor, [{**names, "timezone": "US/Eastern"}], practice)
    (office,) = loader.copy(Office, [{"doctor_id": doctor, "name": "Main"}], practice)
    row = {**names, "doctor_id": doctor, "gender": "Female", "date_of_birth": "1960-02-03"}
    (patient,) = loader.copy(Patient, [row], practice)
    return practice, {"doctor_id": doctor, "office_id": office, "patient_id": patient}


def _add_visits(loader: Any, practice: int, who: dict[str, int], times: list[datetime], more: bool) -> None:
    from charthouse.domains.billing.models import LineItem
    from charthouse.domains.clinical.models import (
        ClinicalNote,
        ClinicalNoteFieldType,
        ClinicalNoteFieldValue,
        ClinicalNoteTemplate,
        Procedure,
    )  # fmt: skip
    from charthouse.domains.scheduling.models import Appointment, Vitals

    own = {key: who[key] for key in ("doctor_id", "patient_id")}
    usual = {
        "exam_room": 1,
        "duration": 30,
        "status": "Complete",
        "reason": "Follow-up",
        "icd10_codes": ["I10"],
    }
    visits = loader.copy(Appointment, [{**who, **usual, "scheduled_time": at} for at in times], practice)
    (template,) = loader.copy(
        ClinicalNoteTemplate, [{"doctor_id": who["doctor_id"], "name": "Assessment"}], practice
    )
    (field,) = loader.copy(
        ClinicalNoteFieldType, [{"clinical_note_template_id": template, "name": "Impression"}], practice
    )
    at = [{"appointment_id": visit} for visit in visits]
    loader.copy(
        ClinicalNoteFieldValue, [{**v, "clinical_note_field_id": field, "value": NOTE} for v in at], practice
    )
    ClinicalNote.objects.using("owner").update(locked_at=times[-1])
    charge = {
        **own,
        "procedure_type": "C",
        "price": "90.00",
        "modifiers": [""] * 4,
        "diagnosis_pointers": [0] * 4,
    }
    loader.copy(LineItem, [{**v, **charge, "code": "99213"} for v in at], practice)
    if not more:
        return
    loader.copy(
        Vitals,
        [
            {
                **v, "height": "64.0", "weight": "150.5", "blood_pressure_1": 120 + n % 30, "blood_pressure_2": 80,
                "temperature": "98.6", "pulse": 70, "respiratory_rate": 14, "oxygen_saturation": "98", "pain": "1",
                "smoking_status": "266919005",
            }
            for n, v in enumerate(at)
        ],
        practice,
    )  # fmt: skip
    done = [{**own, **v, "code": "99213", "date": t.date()} for v, t in zip(at, times, strict=True)]
    loader.copy(Procedure, done, practice)


def _add_labs(loader: Any, practice: int, who: dict[str, int], times: list[datetime]) -> None:
    from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest, Sublab
    from charthouse.files.models import StoredFile

    own = {key: who[key] for key in ("doctor_id", "patient_id")}
    (sublab,) = loader.copy(Sublab, [{"name": "Lab", "facility_code": "LAB"}], practice)
    (file,) = loader.copy(
        StoredFile, [{"address": "0" * 64, "size": 1, "media_type": "application/pdf", "name": "r"}], practice
    )
    orders = loader.copy(
        LabOrder, [{**own, "sublab_id": sublab, "timestamp": at, "status": "R"} for at in times], practice
    )
    tests = [
        {"lab_order_id": order, "code": "24323-8", "name": "Metabolic panel", "status": "final"}
        for order in orders
    ]
    papers = [{"lab_order_id": order, "document_id": file, "type": "RES"} for order in orders]
    rows = zip(
        loader.copy(LabTest, tests, practice), loader.copy(LabDocument, papers, practice), times, strict=True
    )
    found = {"value": "95", "value_is_numeric": True, "unit": "mg/dL", "normal_range": "70 99", "status": "F",
             "abnormal_status": "N", "observation_code": "2345-7", "observation_description": "Glucose"}  # fmt: skip
    loader.copy(
        LabResult,
        [
            {
                **found, "lab_test_id": test, "document_id": paper, "specimen_received": at, "results_released": at,
                "test_performed": at,
            }
            for test, paper, at in rows
        ],
        practice,
    )  # fmt: skip


if __name__ == "__main__":
    main()
