"""What belongs to a deleted patient or visit: in no answer of either API, refused in what is written, and back with it.

The cases are the declarations: a table whose rows belong to a patient by its keys is found by itself.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import IntegrityError, models, transaction

from charthouse import clock
from charthouse.domains.clinical.models import Problem
from charthouse.domains.patients import deletion
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.domains.tasks.models import Task
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo import extended_details
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.bulk_lists import LISTS
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.rowsecurity import list_record_models
from charthouse.identity.tenancy import RecordKey, list_part_keys
from tests.jobs.worker import work_off

from .cerbo_world import BASE, CerboWorld, make_cerbo
from .test_lists import fill_needed
from .world import TELLS_OF

# References to a patient or visit by rows that are not parts of it, and why.
NO_PARTS = {
    "Appointment.cloned_from": "a copy is a visit of its own",
    "Appointment.base_recurring_appointment": "the first of a series may be deleted alone",
    **dict.fromkeys(
        (
            *("StatusTransition.appointment", "CustomAppointmentFieldValue.appointment"),
            *("Vitals.appointment", "CustomVitalValue.appointment"),
        ),
        "shown within the visit, whose id finds it with all that it holds while it is deleted",
    ),
    **dict.fromkeys(
        ("PatientMerge.kept", "PatientMerge.merged"), "a merge outlasts both patients, and is undone"
    ),
    "Outgoing.patient": "what waits is stopped by a trigger of the patients; what was sent stays",
    **dict.fromkeys(
        ("DistinctPatients.first", "DistinctPatients.second"), "what was found of two charts outlasts both"
    ),
    "PortalRequest.proxy": "the person who wrote it; the request is a part of the other patient",
    "Transaction.patient": "that of the line item, of which the transaction is a part",
    "WaitingListEntry.appointment": "what was booked for the entry, which is off the list since then",
    "ClinicalNote.appointment": "a trigger of the notes follows the visit (docs/decisions/0040)",
}
# Rows of a patient that may name a visit: they stay when it is deleted.
MAY_NAME_A_VISIT = {
    *(
        "Amendment",
        "Problem",
        "PatientPhysicalExam",
        "CarePlan",
        "PatientIntervention",
        "LabOrder",
        "Medication",
    ),
    *("PatientSupplement", "PatientPayment", "PaymentLogEntry", "EligibilityCheck", "CommLog"),
    *("PatientCommunication", "PatientRiskAssessment", "ImplantableDevice", "CareTeamMember"),
}


def is_below(model: type[models.Model], owner: type[models.Model]) -> bool:
    """Whether rows of a table belong to rows of another, directly or through others."""
    if model is Task:
        return owner is Patient
    return any(
        key.remote_field.model is owner or is_below(key.remote_field.model, owner)
        for key in list_part_keys(model)
    )


def test_every_reference_to_a_patient_or_visit_says_whether_it_is_a_part() -> None:
    unclear = []
    for model in list_record_models():
        for key in model._meta.concrete_fields:
            if isinstance(key, RecordKey) and key.remote_field.model in (Patient, Appointment):
                name = f"{model.__name__}.{key.name}"
                names_a_visit = key.remote_field.model is Appointment and model.__name__ in MAY_NAME_A_VISIT
                if not key.is_part_of and name not in NO_PARTS and not names_a_visit:
                    unclear.append(name)
    assert not unclear


@pytest.fixture(scope="module")
def whole(database: None) -> CerboWorld:
    return make_whole()


def make_whole() -> CerboWorld:
    """Make a practice with one patient, to whom every row belongs that can."""
    world = make_cerbo("Deleted")
    world.made["patients"] = world.made["patients/search"] = world.other.row("patients")
    world.other.rows["patients_summary"] = world.other.rows["patients"]
    for resource in get_cerbo_registry():
        world.row(resource.path)
    for client in (world.client, world.other.client):
        client.event_hooks = {}  # rows made of models alone do not all conform to the OpenAPI documents
    return world


Snapshot = dict[tuple[str, str, str], Any]
PATIENT_KEYS = ("patient", "patient_id", "pt_id")
LISTED = ("list ", BULK := "bulk list")  # what shows no archived rows
MOVED = ("updated_at", "updated", "deleted_at", "lastupdated", "dateupdated")


def take_snapshot(world: CerboWorld) -> Snapshot:
    """What both APIs answer: (API, path, what) → JSON of a row by its id, of each list, with each of its flags, of bulk
    lists, and of the patient's extended details."""
    found = _read_bulk_lists(world.other.client) | _read_extended_details(world)
    for resource in get_registry():
        if "GET" in resource.object_methods:
            url = f"/api/{resource.path}/{world.other.row(resource.path)}"
            found["D", resource.path, "row"] = _read(world.other.client.get(url))
        if "GET" in resource.list_methods:
            for flag in ("", *_list_flags(resource)):
                asked = {**(fill_needed(resource)), **({flag: "true"} if flag else {})}
                answer = world.other.client.get(f"/api/{resource.path}", params=asked)
                found["D", resource.path, f"list {flag}"] = _read_list(answer)
    for resource in get_cerbo_registry():
        if resource.reads and "GET" in resource.object_methods:
            url = world.object_url(resource, world.row(resource.path))
            found["C", resource.path, "row"] = _read(world.client.get(url))
        if "GET" in resource.list_methods:
            for flag in ("", *_list_flags(resource)):
                asked = {flag: "true"} if flag else {}
                found["C", resource.path, f"list {flag}"] = _read_list(world.page(resource, **asked))
    return found


def _read_bulk_lists(client: httpx.Client) -> Snapshot:
    begun = {bulk: client.post(f"/api/{bulk.path}").json()["uuid"] for bulk in LISTS.values()}
    work_off()
    return {
        ("D", bulk.resource.path, BULK): _read_list(client.get(f"/api/{bulk.path}", params={"uuid": uuid}))
        for bulk, uuid in begun.items()
    }


def _read_extended_details(world: CerboWorld) -> Snapshot:
    details = _read(world.client.get(f"{BASE}patients/{world.row('patients')}/extended_details"))
    if details is None:
        return {("C", "patients", "extended details"): None}
    lists = {**details, **details["vitals"]}
    return {("C", "patients", "extended details"): details} | {
        ("C", of.path, f"extended details: {key}"): lists[key]
        for key, of in {**extended_details.LISTS, **extended_details.VITALS}.items()
        if isinstance(of, extended_details.ChartList)
    }


def _list_flags(resource: Resource) -> list[str]:
    return [name for name in resource.filters_by_name if name.startswith(("show_", "include_", "with_"))]


def _read(answer: httpx.Response) -> Any:
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()


def _read_list(answer: httpx.Response) -> list[Any] | None:
    content = _read(answer)
    return None if content is None else content["results" if "results" in content else "data"]


def find_differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Where two JSON differ, apart from the times of the last change and from links, which are signed for an hour."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:
            if name not in MOVED:
                yield from find_differences(before[name], after.get(name), f"{where}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from find_differences(one, other, f"{where}/")
    elif before != after and not (isinstance(before, str) and "://" in before):
        yield f"{where}: {before!r} became {after!r}"[:300]


def list_named(value: Any) -> Iterator[tuple[str, Any]]:
    """Every (key, value) of a JSON."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name, one
            yield from list_named(one)
    elif isinstance(value, list):
        for one in value:
            yield from list_named(one)


def set_archived(world: CerboWorld, model: Any, row: int, archived: bool) -> None:
    with tenancy.within(world.practice):
        changed = {"archived": archived, "updated_at": clock.now()}
        assert model.objects.filter(practice=world.practice, pk=row).update(**changed) == 1


def belongs_to(world: CerboWorld, model: type[models.Model], row: int, owner: Any, owner_id: int) -> bool:
    """Whether a row is below another one, by the keys that its table declares."""
    if model is owner:
        return row == owner_id
    columns = world.other.rows_of(model, row)
    return any(
        belongs_to(world, key.remote_field.model, columns[key.attname], owner, owner_id)
        for key in list_part_keys(model)
        if columns[key.attname] is not None
    )


def list_parts(world: CerboWorld, owner: Any, owner_id: int) -> dict[tuple[str, str], int]:
    """The rows of this world that are below a row, or it itself: (API, path) → id."""
    found = {}
    for api, registry in (("D", get_registry()), ("C", get_cerbo_registry())):
        for resource in registry:
            row = world.other.row(resource.path) if api == "D" else world.row(resource.path)
            if is_below(resource.model, owner) or resource.model is owner:
                is_part = belongs_to(world, resource.model, row, owner, owner_id)
                if is_part or (resource.model is Task and owner is Patient):
                    found[api, resource.path] = row
    return found


def shows_archived(resource: Resource) -> bool:
    """Whether a parameter shows archived rows, and their ids find them: then those of a deleted visit too."""
    return any("archived" in str(visibility.hidden) for visibility in resource.visibilities)


@pytest.mark.parametrize(("owner", "path"), [(Patient, "patients"), (Appointment, "appointments")])
def test_rows_below_a_deleted_row_are_in_no_answer_until_it_is_restored(
    whole: CerboWorld, owner: Any, path: str
) -> None:
    owner_id = whole.other.row(path)
    parts = list_parts(whole, owner, owner_id)
    assert len(parts) > (80 if owner is Patient else 8)
    before = take_snapshot(whole)
    assert whole.other.client.delete(f"/api/{path}/{owner_id}").status_code == 204
    wrong = []
    for (api, part, what), content in take_snapshot(whole).items():
        resource = (get_registry() if api == "D" else get_cerbo_registry())[part]
        if owner is Appointment and shows_archived(resource) and what not in LISTED:
            continue
        if (row := parts.get((api, part))) and part not in TELLS_OF:
            assert before[api, part, what], f"{api} {part} {what} did not show it before"
            is_one = isinstance(content, dict)
            if content if is_one else any(str(one.get("id")) == str(row) for one in content or ()):
                wrong.append(f"{api} {part} {what} has its row {row}")
        if owner is Patient:
            named = [
                name for name, value in list_named(content) if name in PATIENT_KEYS and value == owner_id
            ]
            wrong += [f"{api} {part} {what} names it in {name}" for name in named]
    assert not wrong, "\n".join(wrong)
    if owner is Patient:
        with tenancy.within(whole.practice):
            deletion.restore(whole.practice, owner_id)
    else:
        set_archived(whole, owner, owner_id, False)
    again = take_snapshot(whole)
    wrong = [f"{key}: {found}" for key, old in before.items() for found in find_differences(old, again[key])]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("owner", "path"), [(Patient, "patients"), (Appointment, "appointments")])
def test_nothing_new_may_refer_to_a_deleted_row(whole: CerboWorld, owner: Any, path: str) -> None:
    owner_id = whole.other.row(path)
    bodies = {
        resource.path: (whole.other.payload(resource), keys)
        for resource in get_registry()
        if "POST" in resource.method_set
        and (keys := [key.name for key in resource.writable if key.type.refers_to == path])
    }
    assert len(bodies) > (15 if owner is Patient else 10)
    set_archived(whole, owner, owner_id, True)
    wrong = []
    for part, (body, keys) in bodies.items():
        for key in keys:
            answer = whole.other.client.post(f"/api/{part}", json=body | {key: owner_id})
            if answer.status_code != 400 or key not in answer.json():
                wrong.append(f"{part}.{key}: {answer.status_code} {answer.text[:200]}")
    set_archived(whole, owner, owner_id, False)
    assert not wrong, "\n".join(wrong)


def test_a_path_below_a_deleted_patient_is_not_found(whole: CerboWorld) -> None:
    """Lists and creates of every resource below a patient answer as for a patient who never was."""
    below = [resource for resource in get_cerbo_registry() if "patients" in list_parents(resource)]
    assert len(below) > 20
    bodies = {resource.path: whole.payload(resource) for resource in below if "POST" in resource.list_methods}
    set_archived(whole, Patient, whole.other.row("patients"), True)
    wrong = []
    for resource in below:
        answers = {}
        if "GET" in resource.list_methods:
            answers["GET"] = whole.page(resource)
        if "POST" in resource.list_methods:
            answers["POST"] = whole.post(resource, bodies[resource.path])
        wrong += [
            f"{method} {resource.path}: {answer.status_code} {answer.text[:200]}"
            for method, answer in answers.items()
            if answer.status_code != 404
        ]
    set_archived(whole, Patient, whole.other.row("patients"), False)
    assert not wrong, "\n".join(wrong)


def list_parents(resource: Resource) -> set[str]:
    return {parent.to for parent in resource.parents}


def test_the_database_refuses_an_active_row_below_an_archived_one(whole: CerboWorld) -> None:
    """Whoever writes it, and also where the owner is archived while the row is being added."""
    patient, visit = whole.other.row("patients"), whole.other.row("appointments")
    with tenancy.within(whole.practice):
        problem = Problem.objects.create(
            practice_id=whole.practice,
            patient_id=patient,
            doctor_id=whole.other.clinic.doctor.pk,
            name="Asthma",
        )
    set_archived(whole, Patient, patient, True)
    with tenancy.within(whole.practice):
        for write in (
            lambda: Problem.objects.create(
                practice_id=whole.practice, patient_id=patient, doctor_id=problem.doctor_id, name="Gout"
            ),
            lambda: Problem.objects.filter(pk=problem.pk).update(archived=False),
            lambda: Appointment.objects.filter(pk=visit).update(archived=False),
        ):
            with pytest.raises(IntegrityError, match="is archived"), transaction.atomic():
                write()
    set_archived(whole, Patient, patient, False)
