"""Code lists that come with the software: common drugs, allergens with reactions, lab panels (tools/code_lists.py).

A practice's own lists (formulary, allergens, favorite problems, panels) are offered before them.
"""

import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class KnownDrug:
    """A drug. ``name``: as RxNorm has it, with strength and dose form."""

    rxnorm: str
    name: str
    route: str


@dataclass(frozen=True)
class Substance:
    """What people are allergic to. ``system``: RXNORM or SNOMED."""

    system: str
    code: str
    name: str
    kind: str


@dataclass(frozen=True)
class Test:
    """A test of a panel. ``code``: LOINC; ``low``, ``high``: the usual range, None where there is none."""

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Panel:
    """A panel that is ordered as a whole. ``code``: LOINC."""

    code: str
    name: str
    specimen: str
    tests: tuple[Test, ...]


@cache
def list_drugs() -> tuple[KnownDrug, ...]:
    """List the drugs, by name."""
    return tuple(KnownDrug(**one) for one in _read("drugs"))


@cache
def list_substances() -> tuple[Substance, ...]:
    """List the allergens, by name."""
    return tuple(Substance(**one) for one in _read("allergens")["substances"])


@cache
def list_reactions() -> tuple[tuple[str, str], ...]:
    """List (SNOMED CT code, name) of reactions, by name."""
    return tuple((one["code"], one["name"]) for one in _read("allergens")["reactions"])


@cache
def list_panels() -> tuple[Panel, ...]:
    """List the panels, by name."""
    return tuple(
        Panel(one["code"], one["name"], one["specimen"], tuple(Test(**test) for test in one["tests"]))
        for one in _read("panels")
    )


def matches(text: str, name: str) -> bool:
    """Whether each word of a text begins a word of the name, or is part of a long one."""
    shown = f" {fold_text(name)}"
    return all(f" {word}" in shown or (len(word) > 3 and word in shown) for word in fold_text(text).split())


def fold_text(text: str) -> str:
    """Lower case without accents."""
    return "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )


def _read(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text())
