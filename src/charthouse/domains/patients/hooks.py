"""Rules of a patient's record that involve more than one row: chart numbers, duplicates, payment profiles. Hooks of the
declarations."""

import re
import unicodedata
from typing import Any

from django.db import connection

from charthouse import clock
from charthouse.domains.limits import find_impossible_life
from charthouse.domains.patients.codes import INSURED_PROFILES
from charthouse.domains.patients.models import DECEASED, Coverage, CustomDemographic, Patient
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.engine.sql.folding import fold
from charthouse.identity.models import Practice

CHART_DIGITS = 6
RANKS = {"primary_insurance": Coverage.Rank.PRIMARY, "secondary_insurance": Coverage.Rank.SECONDARY}


def _lock_patient_creation(practice: int) -> None:
    """Keep other transactions from adding a patient to the practice until this one ends.

    One lock for a practice instead of one for each name: lists of patients would take several in any order and
    deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"patients {practice}"])


# -- chart numbers ----------------------------------------------------------------------------------------------


def make_chart_prefix(first_name: str, last_name: str) -> str:
    """Make the prefix of a chart number: two letters of the last name and two of the first, Amara Okafor → ``OkAm``. X
    replaces missing letters."""
    return "".join(
        _keep_ascii_letters(name)[:2].ljust(2, "X").capitalize() for name in (last_name, first_name)
    )


def _keep_ascii_letters(name: str) -> str:
    """Reduce a name to its ASCII letters, without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z]", "", plain)


def format_chart_number(prefix: str, number: int) -> str:
    """Format a chart number: the prefix and at least six digits."""
    return f"{prefix}{number:0{CHART_DIGITS}d}"


@hook(keys=("chart_id", "first_name", "last_name"))
def number_chart(change: Change) -> None:
    """Give a new patient without ``chart_id`` the next number of the name's prefix. A chart number can't be emptied."""
    if change.values.get("chart_id") or change.errors or (change.row and "chart_id" not in change.values):
        return
    if change.row and change.row.chart_id:
        change.keep("chart_id")
    else:
        prefix = make_chart_prefix(change.get("first_name") or "", change.get("last_name") or "")
        change.set("chart_id", _next_chart_number(change.actor.practice, prefix))


def make_chart_number(practice: int, first_name: str, last_name: str) -> str:
    """Make the chart number of a new patient of this name."""
    return _next_chart_number(practice, make_chart_prefix(first_name, last_name))


def _next_chart_number(practice: int, prefix: str) -> str:
    """Find the number after the highest in use, archived patients included."""
    _lock_patient_creation(practice)
    digits = CHART_DIGITS
    while True:
        # The bounds can use the index (chart_id sorts by its bytes, and ":" follows "9"), the pattern can't.
        charts = Patient.objects.filter(
            practice=practice,
            chart_id__gt=prefix,
            chart_id__lt=f"{prefix}:",
            chart_id__regex=f"^{prefix}[0-9]{{{digits}}}$",
        )
        last = charts.order_by("-chart_id").values_list("chart_id", flat=True).first()
        number = (
            int(last.removeprefix(prefix)) + 1 if last else 10 ** (digits - 1) if digits > CHART_DIGITS else 1
        )
        if number < 10**digits:
            return format_chart_number(prefix, number)
        digits += 1


# -- status -----------------------------------------------------------------------------------------------------


@hook(keys=("patient_status",))
def update_status(change: Change) -> None:
    """Set what follows from a status that is written: not prospective any more, and the date of becoming inactive."""
    if change.row is None or not change.changes("patient_status"):
        return
    if "is_prospective" not in change.columns:
        change.set_columns(is_prospective=False)
    active = change.values["patient_status"] == "A"
    change.set_columns(inactive_date=None if active else change.row.inactive_date or clock.now().date())


@hook(keys=("date_of_death", "patient_status"))
def settle_death(change: Change) -> None:
    """Bring the date of death and the status into agreement: a trigger of the table does, but for two cases.

    A date of death that is taken back, with no status in the request, gives the patient the status of before. A new
    date together with another new status contradicts itself.
    """
    if change.row is None or not change.changes("date_of_death"):
        return
    if change.values["date_of_death"] is not None:
        if change.changes("patient_status") and change.values["patient_status"] != DECEASED:
            change.add_error("date_of_death", f'A patient who has died has the patient_status "{DECEASED}".')
    elif change.row.is_deceased and "patient_status" not in change.given:
        before = change.row.status_before_death or "A"
        change.set_columns(
            patient_status="I" if before == "P" else before,
            is_prospective=before == "P",
            inactive_date=None if before == "A" else change.row.inactive_date,
        )


# -- dates of a life ---------------------------------------------------------------------------------------------


@hook()
def check_life(change: Change) -> None:
    """Refuse a death before the birth, and an age that nobody reaches; what is stored already may stay."""
    keys = change.resource.keys_by_name
    born = next(name for name in ("date_of_birth", "dob") if name in keys)
    died = "date_of_death" if "date_of_death" in keys else ""
    names = [born, died] if died else [born]
    if change.operation == "delete" or not (change.row is None or change.changes(*names)):
        return
    death = change.get(died) if died else getattr(change.row, "date_of_death", None)
    for what, message in find_impossible_life(change.get(born), death).items():
        change.add_error(died if what == "died" and died else born, message)


# -- duplicates -------------------------------------------------------------------------------------------------


@hook()
def refuse_duplicate(change: Change) -> None:
    """Refuse a second patient of the same name, birthday and gender, where the practice has switched that on and the
    caller does not say ``allow_duplicates``. Raises Conflict."""
    values = change.values
    if change.operation != "create" or values.get("allow_duplicates"):
        return
    who = [values.get(name) for name in ("first_name", "last_name", "date_of_birth", "gender")]
    check_duplicate(change.actor.practice, *who)


def check_duplicate(practice: int, first_name: Any, last_name: Any, born: Any, gender: Any) -> None:
    """Raise Conflict where the practice refuses duplicates and has a patient of this name, birthday and gender.

    Without both names, a birthday and a gender there is no duplicate.
    """
    if not all((first_name, last_name, born, gender)):
        return
    if not Practice.objects.filter(pk=practice, refuse_duplicate_patients=True).exists():
        return
    _lock_patient_creation(practice)
    found = Patient.objects.filter(
        practice=practice,
        archived=False,
        date_of_birth=born,
        gender=gender,
        first_name_folded=fold(first_name),
        last_name_folded=fold(last_name),
    )
    if found.exists():
        raise Conflict("A patient with this name, date of birth and gender exists already.")


# -- insurance --------------------------------------------------------------------------------------------------


@hook(keys=("patient_payment_profile",))
def check_payment_profile(change: Change) -> None:
    """Require a primary or secondary insurance, stored or in the same request, for a payment profile that sends
    claims."""
    touched = change.given & {"patient_payment_profile", *RANKS}
    if not touched or change.get("patient_payment_profile") not in INSURED_PROFILES:
        return
    if any(change.values.get(name) for name in RANKS):
        return
    # Null in the request deletes a stored insurance.
    stored = [rank for name, rank in RANKS.items() if change.values.get(name, {}) is not None]
    if change.row is not None and stored:
        coverages = Coverage.objects.filter(
            practice=change.actor.practice, patient=change.row.pk, archived=False, rank__in=stored
        )
        if coverages.exists():
            return
    change.add_error(
        "patient_payment_profile",
        f'"{change.get("patient_payment_profile")}" needs primary_insurance or secondary_insurance.',
    )


# -- custom demographics ----------------------------------------------------------------------------------------


@hook(keys=("custom_demographics",))
def check_custom_demographics(change: Change) -> None:
    """Check the values of custom demographics that list their allowed values; the empty value is always allowed."""
    items = change.values.get("custom_demographics")
    if not items:
        return
    definitions = CustomDemographic.objects.filter(
        practice=change.actor.practice, pk__in=[item["field_type"] for item in items]
    )
    allowed = {row.pk: row.allowed_values for row in definitions}
    for position, item in enumerate(items):
        value, choices = item.get("value"), allowed.get(item["field_type"])
        if value and choices and value not in choices:
            path = ("custom_demographics", str(position), "value")
            change.add_member_error(path, f'"{value[:100]}" is not a valid choice.')
