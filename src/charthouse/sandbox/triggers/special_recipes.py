"""Recipes of the events that no plain write of one resource causes."""

import secrets
from typing import Any

from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.domains.billing import postings
from charthouse.domains.billing.models import PatientPayment
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.models import Problem
from charthouse.domains.patients import portal_requests
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.practice import user_accounts
from charthouse.engine.declaration.contact_types import EmailAddress
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.errors import Invalid, NotFound
from charthouse.engine.execution import calling, parsing, writing
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.identity.models import PERMISSIONS, User
from charthouse.sandbox.triggers.recipes import Recipe, make_delete
from charthouse.sandbox.triggers.rows import Run, find_or_make, make_row

_PAYMENT_FIELDS = ("notes", "trace_number")
_USER_KEYS = (
    Key("first_name", Text(blank=False, max_length=150)),
    Key("last_name", Text(blank=False, max_length=150)),
    Key("email", EmailAddress(max_length=254)),
)
_USER_FIELDS = tuple(key.name for key in _USER_KEYS)
_FLAG_FIELDS = ("flag_type", "flag_text")


def list_special_recipes() -> dict[str, Recipe]:
    """The recipes of these events, by event."""
    visits = tuple(key.name for key in _get("appointments").writable)
    payments = tuple(key.name for key in _get("patient_payments").writable)
    answers = ("patient", *(key.name for key in _get_queue_operation().keys))
    return {
        "CLINICAL_NOTE_LOCK": Recipe(_lock_note, _make_visit, visits, fields_of_made=True),
        "CLINICAL_NOTE_UNLOCK": Recipe(_unlock_note, _make_locked_note, visits, fields_of_made=True),
        "PATIENT_FLAG_CREATE": Recipe(_attach_flag, _make_patient, _FLAG_FIELDS),
        "PATIENT_FLAG_MODIFY": Recipe(_change_flag, _make_flagged_patient, ("flag_text",)),
        "CASH_PAYMENT_MODIFY": Recipe(_change_payment, _make_payment, _PAYMENT_FIELDS),
        "CASH_PAYMENT_DELETE": Recipe(
            _delete_payment, lambda run: make_row(run, _get("patient_payments"), run.override), payments, True
        ),
        "LINE_ITEM_TRANSACTION_DELETE": Recipe(make_delete(_get("transactions")).act, _post_transaction),
        "questionnaire.created": Recipe(_accept_answers, fields=answers),
        "user.created": Recipe(_create_user, fields=_USER_FIELDS),
        "user.modified": Recipe(_change_user, _make_user, _USER_FIELDS),
        "user.deleted": Recipe(
            _switch_user_off, lambda run: _create_user(run, 0), _USER_FIELDS, fields_of_made=True
        ),
    }


def _get(path: str) -> Resource:
    return get_console_registry()[path]


# -- clinical notes: each visit has one, with the same id -------------------------------------------------------


def _make_visit(run: Run) -> int:
    return make_row(run, _get("appointments"), run.override)


def _make_locked_note(run: Run) -> int:
    return _lock_note(run, _make_visit(run))


def _lock_note(run: Run, row: int) -> int:
    return notes.lock(run.actor.practice, row, run.user).pk


def _unlock_note(run: Run, row: int) -> int:
    return notes.unlock(run.actor.practice, row).pk


# -- flags of patients ------------------------------------------------------------------------------------------


def _make_patient(run: Run) -> int:
    return make_row(run, _get("patients"), {})


def _make_flagged_patient(run: Run) -> int:
    row = _make_patient(run)
    return _set_flags(run, row, {"flag_text": "Careful"})


def _attach_flag(run: Run, row: int) -> int:
    return _set_flags(run, row, {"flag_text": "Careful", **run.override})


def _change_flag(run: Run, row: int) -> int:
    patient: Any = writing.read_row(_get("patients"), run.actor, row)
    flag = patient.flags.filter(archived=False).order_by("pk").first()
    if flag is None:
        raise Invalid({"row": ["This patient has no flag."]})
    given = {"flag_type": flag.flag_type_id, "flag_text": "More careful", **run.override}
    return _set_flags(run, row, given)


def _set_flags(run: Run, row: int, flag: dict[str, Any]) -> int:
    """Give a patient this flag. The errors of its members are those of the fields."""
    kind = (
        find_or_make(run, get_console_registry(), "patient_flag_types") if "flag_type" not in flag else None
    )
    body = {"patient_flags_attached": [flag if kind is None else {"flag_type": kind, **flag}]}
    try:
        writing.update(_get("patients"), run.actor, "modify", row, body)
    except Invalid as error:
        found: Any = error.errors
        while isinstance(found, dict) and len(found) == 1 and not set(found) & set(_FLAG_FIELDS):
            (found,) = found.values()
        if isinstance(found, list) and found and isinstance(found[0], dict):
            found = found[0]
        raise (Invalid(found) if isinstance(found, dict) else error) from None
    return row


# -- payments and what insurers pay -----------------------------------------------------------------------------


def _make_payment(run: Run) -> int:
    return make_row(run, _get("patient_payments"), {})


def _change_payment(run: Run, row: int) -> int:
    """Change a payment as people of a practice do; no API does."""
    resource = _get("patient_payments")
    keys = [resource.keys_by_name[name] for name in _PAYMENT_FIELDS]
    given = run.override or {"notes": f"Receipt {secrets.token_hex(4)}"}
    parsed = parsing.parse_keys(keys, PatientPayment, given, "modify")
    if parsed.errors:
        raise Invalid(dict(parsed.errors))
    payment: Any = writing.read_row(resource, run.actor, row)
    for name, value in parsed.values.items():
        setattr(payment, resource.keys_by_name[name].attribute, value)
    payment.save()
    return row


def _delete_payment(run: Run, row: int) -> int:
    postings.delete_payment(run.actor.practice, row, "Sandbox", run.user)
    return row


def _post_transaction(run: Run) -> int:
    item = make_row(run, _get("line_items"), {})
    posted = postings.post_transaction(run.actor.practice, item, ins_paid="80.00", adjustment="45.00")
    run.made.append(("transactions", posted.pk))
    return posted.pk


# -- answers to questionnaires ----------------------------------------------------------------------------------


def _get_queue_operation() -> Operation:
    """The operation that puts answers into the queue of the portal."""
    return get_cerbo_registry().operations["patients/{id}/questionnaires"]["POST"]


def _parse_patient(given: dict[str, Any]) -> int | None:
    """Take the patient out of the fields that were given. Raises Invalid."""
    key = _get("problems").keys_by_name["patient"]
    parsed = parsing.parse_keys((key,), Problem, given, "modify")
    if parsed.errors:
        raise Invalid(dict(parsed.errors))
    given.pop("patient", None)
    return parsed.values.get("patient")


def _accept_answers(run: Run, _: int) -> int:
    """Send answers into the queue, and accept them into the chart."""
    operation = _get_queue_operation()
    given = {key.name: operation.example[key.name] for key in operation.keys} | dict(run.override)
    if (patient := _parse_patient(given)) is None:
        patient = find_or_make(run, get_console_registry(), "patients")
    try:
        answer = calling.call(operation, run.actor, patient, {}, given, lambda *names: "")
    except NotFound:
        raise Invalid({"patient": [f"There is no patient {patient}."]}) from None
    request = PortalRequest.objects.get(practice=run.actor.practice, pk=answer["portal_queue_id"])
    row = portal_requests.settle(request, run.user, accept=True)
    run.made += [("portal_requests", request.pk), ("questionnaires", row.pk)]
    return int(row.pk)


# -- users ------------------------------------------------------------------------------------------------------


def _parse_names(run: Run) -> dict[str, str]:
    """Raises Invalid."""
    parsed = parsing.parse_keys(_USER_KEYS, User, run.override, "modify")
    if parsed.errors:
        raise Invalid(dict(parsed.errors))
    return dict(parsed.values)


def _build_user(run: Run, names: dict[str, str]) -> int:
    token = secrets.token_hex(4)
    user = User(
        username=f"example.{token}",
        practice_id=run.actor.practice,
        role=User.Role.STAFF,
        permissions=list(PERMISSIONS),
        **{"first_name": "Nora", "last_name": "Okafor", "email": f"{token}@example.com", **names},
    )
    user.set_unusable_password()
    user_accounts.create_user(user, "US/Eastern")
    user_accounts.record_creation(user, run.user)
    run.made.append(("users", user.pk))
    return user.pk


def _create_user(run: Run, _: int) -> int:
    return _build_user(run, _parse_names(run))


def _make_user(run: Run) -> int:
    return _build_user(run, {})


def _find_user(run: Run, row: int) -> User:
    """Raises NotFound."""
    user = User.objects.filter(practice=run.actor.practice, pk=row).first()
    if user is None:
        raise NotFound
    return user


def _change_user(run: Run, row: int) -> int:
    names = _parse_names(run) or {"first_name": f"Nora-{secrets.token_hex(2)}"}
    user_accounts.change_user(_find_user(run, row), names, run.user)
    return row


def _switch_user_off(run: Run, row: int) -> int:
    user = _find_user(run, row)
    if user.is_primary:
        raise Invalid({"row": ["The primary user of a practice can't be switched off."]})
    user_accounts.set_active(user, False, run.user)
    return row
