"""Diagnoses of a visit, beside its note."""

from collections.abc import Iterable

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page
from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.code_systems import ICD10
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, Invalid, Malformed

MAX_DIAGNOSES = 12  # of a claim (CMS-1500, box 21)


def describe_codes(codes: Iterable[str]) -> list[tuple[str, str]]:
    """List (code, description) of a visit's diagnoses, in the order of its claim."""
    return [(code, get_icd10_label(code)) for code in codes]


def list_codes(request: Request, visit: int) -> list[str]:
    """List the ICD-10 codes of a visit's diagnoses. Raises Forbidden, NotFound."""
    one = records.get_object(records.get_resource("visit_diagnoses"), request.actor, visit)
    return list(one["icd10_codes"])


@page("Access Clinical Notes", methods=("POST",))
def add_diagnosis(request: Request, visit: int) -> HttpResponseBase:
    """Add a diagnosis to the visit."""
    code = ICD10.find_code(request.POST.get("code", "").split(" ")[0])
    if not code:
        messages.error(request, "Choose a diagnosis from the list, or type its ICD-10 code.")
        return _return(visit)
    with transaction.atomic():
        codes = _lock_codes(request, visit)
        if code in codes:
            messages.info(request, f"{code} is a diagnosis of this visit already.")
        elif len(codes) >= MAX_DIAGNOSES:
            messages.error(request, f"A claim has at most {MAX_DIAGNOSES} diagnoses.")
        else:
            _write(request, visit, [*codes, code], f"{code} {get_icd10_label(code)} added.")
    return _return(visit)


@page("Access Clinical Notes", methods=("POST",))
def remove_diagnosis(request: Request, visit: int) -> HttpResponseBase:
    """Remove a diagnosis from the visit."""
    code = request.POST.get("code", "")
    with transaction.atomic():
        left = [kept for kept in _lock_codes(request, visit) if kept != code]
        _write(request, visit, left, f"{code} removed.")
    return _return(visit)


def _lock_codes(request: Request, visit: int) -> list[str]:
    """List the codes as they stay until the transaction ends: two people may add one each."""
    Appointment.objects.select_for_update(no_key=True).filter(
        practice=request.actor.practice, pk=visit
    ).first()
    return list_codes(request, visit)


def _write(request: Request, visit: int, codes: list[str], words: str) -> None:
    try:
        records.update(records.get_resource("visit_diagnoses"), request.actor, visit, {"icd10_codes": codes})
        messages.success(request, words)
    except (Invalid, Conflict, Malformed) as refusal:
        messages.error(
            request,
            " ".join(list_messages(refusal.errors)) if isinstance(refusal, Invalid) else refusal.detail,
        )


def _return(visit: int) -> HttpResponseBase:
    return redirect(f"{reverse('visit', args=[visit])}#diagnoses")
