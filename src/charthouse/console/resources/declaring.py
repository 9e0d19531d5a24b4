"""Builders of the console's resources: setup of the practice, and rows of patients.

The console's registry holds what people write and no API writes. The engine writes these rows, so its rules, checks and
change events apply.
"""

from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

CLINICAL = "Access Clinical Notes"


def declare_doctor_setup(
    path: str, model: Any, sharing: str, *fields: Any, owner: str = "doctor", **more: Any
) -> Resource:
    """Declare a setup resource whose rows have an owning doctor. Writers need the permission Settings."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("settings",),
            permissions=("Settings", *more.pop("permissions", ())),
            sharing=sharing,
            owner=owner,
        ),
        keys=(Key("id", Id(), READ_ONLY), *fields),
        rows=Q(archived=False),
        example=more.pop("example"),
        **more,
    )


def declare_practice_list(path: str, model: Any, permission: str, *fields: Key, **more: Any) -> Resource:
    """Declare a setup resource of the whole practice. Writers need the permission Settings."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        policy=Policy(scopes=("settings",), permissions=(permission, "Settings"), sharing=ALWAYS, owner=None),
        keys=(Key("id", Id(), READ_ONLY), *fields),
        rows=Q(archived=False),
        **more,
    )


def declare_patient_list(
    path: str, model: Any, permissions: tuple[str, ...], *fields: Key, **more: Any
) -> Resource:
    """Declare rows of patients, visible to those who see the patient."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people write them in the chart.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("patients",),
            permissions=("Manage Patients", *permissions),
            sharing="share_patients",
            owner="patient__doctor",
        ),
        keys=(Key("id", Id(), READ_ONLY), Key("patient", Reference("patients"), REQUIRED), *fields),
        rows=Q(archived=False),
        **more,
    )


def make_doctor_key() -> Key:
    """Make the key of the owning doctor."""
    return Key("doctor", Reference("doctors"), REQUIRED)


def make_name_key(doc: str = "") -> Key:
    """Make the required key ``name``."""
    return Key("name", Text(blank=False), REQUIRED, doc=doc)


def refuse_future(name: str) -> Any:
    """Make a check that the date or time of this key is not in the future."""

    @hook()
    def check(change: Change) -> None:
        value = change.values.get(name)
        now = clock.now()
        if value is not None and value > (now if hasattr(value, "hour") else now.date()):
            change.add_error(name, "This date is in the future.")

    return check
