"""Codes to choose from while typing: JSON for the fields of forms."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponseBase, JsonResponse

from charthouse.console.kit.page import Request, page
from charthouse.domains import code_lists
from charthouse.domains.clinical.icd10_search import search_icd10
from charthouse.domains.medications.models import Drug
from charthouse.engine.sql.folding import Folded, fold

MAX_CHOICES = 12


def _get_text(request: Request) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def _answer(choices: Iterable[dict[str, Any]]) -> JsonResponse:
    return JsonResponse({"choices": list(choices)})


@page()
def list_icd10(request: Request) -> HttpResponseBase:
    """List diagnoses for what was typed: words, or a code with or without its point."""
    found = search_icd10(_get_text(request), MAX_CHOICES)
    return _answer(
        {
            "value": one.code,
            "label": one.description,
            "detail": one.code if one.is_billable else f"{one.code} · category",
            "fills": {"name": one.description, "icd_code": one.code},
        }
        for one in found
    )


@page()
def list_drugs(request: Request) -> HttpResponseBase:
    """List drugs: the practice's formulary first, favorites before others, then the common ones of RxNorm."""
    text = _get_text(request)
    rows: Any = Drug.objects.filter(practice=request.actor.practice, archived=False)
    for word in text.split()[:5]:
        rows = rows.filter(GreaterThan(StrIndex(Folded("name"), fold(word)), 0))
    own = list(rows.order_by("-is_favorite", "name", "pk")[:MAX_CHOICES]) if text else []
    choices = [_build_drug(one.name, one.route, one.rxnorm, "Formulary") for one in own]
    names = {one.name.lower() for one in own}
    common = (
        one
        for one in code_lists.list_drugs()
        if text and one.name.lower() not in names and code_lists.matches(text, one.name)
    )
    choices += [
        _build_drug(one.name, one.route, one.rxnorm, one.route) for one in islice(common, MAX_CHOICES)
    ]
    return _answer(choices[:MAX_CHOICES])


def _build_drug(name: str, route: str, rxnorm: str, detail: str) -> dict[str, Any]:
    units = {"tablet": "tablet", "capsule": "capsule", "inhaler": "puff", "patch": "patch", "solution": "mL"}
    unit = next((unit for form, unit in units.items() if form in name.lower()), "")
    fills = {"route": route, "rxnorm": rxnorm, **({"dosage_units": unit} if unit else {})}
    return {"value": name, "detail": detail, "fills": fills}


@page()
def list_allergens(request: Request) -> HttpResponseBase:
    """List substances that people are allergic to, and ingredients of drugs."""
    text = _get_text(request)
    found = (one for one in code_lists.list_substances() if text and code_lists.matches(text, one.name))
    return _answer(
        {
            "value": one.name,
            "detail": one.kind.capitalize(),
            "fills": {
                "rxnorm": one.code if one.system == "RXNORM" else "",
                "snomed_code": one.code if one.system == "SNOMED" else "",
            },
        }
        for one in islice(found, MAX_CHOICES)
    )


@page()
def list_reactions(request: Request) -> HttpResponseBase:
    """List reactions, with their SNOMED CT codes."""
    text = _get_text(request)
    found = (
        (code, name) for code, name in code_lists.list_reactions() if text and code_lists.matches(text, name)
    )
    return _answer(
        {"value": name, "detail": code, "fills": {"snomed_reaction": code}}
        for code, name in islice(found, MAX_CHOICES)
    )
