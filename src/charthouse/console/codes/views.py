"""Codes to choose from while typing: JSON for the fields of forms."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db.models import Q
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponseBase, JsonResponse

from charthouse.console.kit.page import Request, page
from charthouse.domains import code_lists
from charthouse.domains.clinical.icd10_search import search_icd10
from charthouse.domains.clinical.practice_lists import Allergen, FavoriteProblem
from charthouse.domains.code_systems import ICD10
from charthouse.domains.medications.models import Drug
from charthouse.engine.sql.folding import Folded, fold

MAX_CHOICES = 12
MAX_WORDS = 5


def _get_text(request: Request) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def _answer(choices: Iterable[dict[str, Any]]) -> JsonResponse:
    return JsonResponse({"choices": list(choices)})


@page()
def list_icd10(request: Request) -> HttpResponseBase:
    """List diagnoses for what was typed, words, or a code with or without its point: the practice's favorites first."""
    text = _get_text(request)
    own = _search_own(request, FavoriteProblem, text, "icd_code", ICD10.find_code(text))
    choices = [_build_problem(one.name, one.icd_code, f"{one.icd_code} · Favorite") for one in own]
    codes = {one.icd_code for one in own}
    choices += [
        _build_problem(one.description, one.code, one.code if one.is_billable else f"{one.code} · category")
        for one in search_icd10(text, MAX_CHOICES)
        if one.code not in codes
    ]
    return _answer(choices[:MAX_CHOICES])


def _build_problem(name: str, code: str, detail: str) -> dict[str, Any]:
    return {"value": code, "label": name, "detail": detail, "fills": {"name": name, "icd_code": code}}


def _search_own(request: Request, model: Any, text: str, code_column: str = "", code: str = "") -> list[Any]:
    """Search a list of the practice for rows whose name has every word, or whose code begins as typed."""
    if not text:
        return []
    has_words = Q()
    for word in text.split()[:MAX_WORDS]:
        has_words &= Q(GreaterThan(StrIndex(Folded("name"), fold(word)), 0))
    found = has_words | Q(**{f"{code_column}__startswith": code}) if code else has_words
    rows = model.objects.filter(found, practice=request.actor.practice, archived=False)
    order = ("-is_favorite", "name", "pk") if model is Drug else ("name", "pk")
    return list(rows.order_by(*order)[:MAX_CHOICES])


@page()
def list_drugs(request: Request) -> HttpResponseBase:
    """List drugs: the practice's formulary first, favorites before others, then the common ones of RxNorm."""
    text = _get_text(request)
    own = _search_own(request, Drug, text)
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
    """List substances that people are allergic to, and ingredients of drugs: the practice's own first."""
    text = _get_text(request)
    own = _search_own(request, Allergen, text)
    choices = [_build_allergen(one.name, one.rxnorm, one.snomed_code, "Your list") for one in own]
    names = {one.name.lower() for one in own}
    common = (
        one
        for one in code_lists.list_substances()
        if text and one.name.lower() not in names and code_lists.matches(text, one.name)
    )
    for one in islice(common, MAX_CHOICES):
        is_drug = one.system == "RXNORM"
        codes = (one.code, "") if is_drug else ("", one.code)
        choices.append(_build_allergen(one.name, *codes, one.kind.capitalize()))
    return _answer(choices[:MAX_CHOICES])


def _build_allergen(name: str, rxnorm: str, snomed: str, detail: str) -> dict[str, Any]:
    return {"value": name, "detail": detail, "fills": {"rxnorm": rxnorm, "snomed_code": snomed}}


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
