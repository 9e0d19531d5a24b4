"""Showing an app on the pages of a doctor's patients: ``iframe_integration``.
docs/decisions/0124-iframe-integration.md"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef

from charthouse.domains.practice.models import IframeApp
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.types import Boolean
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Forbidden, Malformed
from charthouse.identity.models import Application

User = get_user_model()
PATH = "iframe_integration"
REDIRECTED = "The caller isn't the doctor: redirects to the doctor's URL."


def select_app_names() -> Any:
    """Select the names of the apps on the pages of a row's doctor, ordered by name."""
    shown = IframeApp.objects.filter(
        practice=OuterRef(OuterRef("practice_id")), doctor=OuterRef(OuterRef("doctor_id")), archived=False
    )
    apps = Application.objects.filter(pk__in=shown.values("app"))
    return ArraySubquery(apps.order_by("name", "pk").values_list(F("name")))


def show_app(call: Call) -> Any:
    """Show the calling app on the pages of a doctor's patients."""
    return _switch(call, on=True)


def remove_app(call: Call) -> Any:
    """Remove the calling app from the pages of a doctor's patients."""
    return _switch(call, on=False)


def _switch(call: Call, *, on: bool) -> Any:
    """Show or remove the calling app; redirect a caller who is not the doctor. Raises Malformed for a user without a
    doctor, Forbidden for another doctor than the user's."""
    actor = call.actor
    if actor.doctor is None or actor.app is None:
        raise Malformed("The authorizing user has no doctor.")
    if call.row is not None and call.row.pk != actor.doctor:
        raise Forbidden("This is not the authorizing user's doctor.")
    if call.row is None and not User.objects.filter(pk=actor.required_user, role=User.Role.DOCTOR).exists():
        here = call.url(**dict.fromkeys(call.query)).rstrip("/")
        return Answer(status=302, location=f"{here}/{actor.doctor}")
    keys: dict[str, Any] = {"practice_id": actor.practice, "doctor_id": actor.doctor, "app": actor.app}
    if on:
        IframeApp.objects.update_or_create(defaults={"archived": False}, **keys)
    else:
        for row in IframeApp.objects.filter(**keys, archived=False):
            row.archived = True
            row.save(update_fields=["archived", "updated_at"])
    return {"doctor": actor.doctor, "active": True} if on else None


def _make_operations(path: str, **options: Any) -> list[Operation]:
    """Make the operations that show and remove an app, at a path."""
    rights: dict[str, Any] = {
        "policy": Policy(scopes=(), permissions=()),
    }
    return [
        Operation(
            path=path,
            method="POST",
            doc="Embed the app in the pages of the authorizing doctor's patients; the body is empty.",
            run=show_app,
            status=201,
            answer=(
                Key("doctor", Reference("doctors"), READ_ONLY, nullable=False),
                Key("active", Boolean(), READ_ONLY, doc="True."),
            ),
            example={"doctor": 1, "active": True},
            **rights,
            **options,
        ),
        Operation(
            path=path,
            method="DELETE",
            doc="Remove the app from the pages of the authorizing doctor's patients.",
            run=remove_app,
            status=204,
            **rights,
            **options,
        ),
    ]


OPERATIONS = [
    *_make_operations(PATH, other_statuses={302: REDIRECTED}),
    *_make_operations(f"{PATH}/{{id}}", of="doctors", addition=True),
]
