"""Where the reference page and the hosted API of today disagree: one table of what this server does.

The setting DRCHRONO, ``seed`` (the reference page) or ``live`` (the hosted API), decides all at once; without
it each has its own default: live where clients break otherwise, else seed. Documented in docs/drchrono-differences.md.
Source: reference drchrono/resources.yaml (``live``), drchrono/behaviour.md ("Seen with clients").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings

from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.types import Text, Type
from charthouse.engine.declaration.values import InvalidValue, parse_text

SEED, LIVE = "seed", "live"
Chosen = TypeVar("Chosen")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the reference page and the hosted API say, which of them is the default, and why. Texts are Markdown."""

    seed: str
    live: str
    default: str
    reason: str


_CODES = Difference("one text, codes joined by commas", "array of texts", LIVE, "Clients iterate over them.")
_BOTH_READ = "Clients of either send what they read; both are accepted in a write."

DIFFERENCES: Mapping[str, Difference] = {
    "appointments.icd10_codes": _CODES,
    "appointments.icd9_codes": _CODES,
    "medications.append_to_pharmacy_note": Difference(
        "200 with `pharmacy_note`", "204", SEED, "Clients of the hosted API ignore the answer."
    ),
    "line_items.procedure_type": Difference("`CPT(C)`, `HCPCS(H)`, `Custom(U)`", "`C`, `H`, `U`", SEED, _BOTH_READ),
    "lab_orders.priority": Difference("`NORMAL`, `STAT`", "`N`, `S`", SEED, _BOTH_READ),
    "lab_tests.status": Difference(
        "`preliminary`, `pending`, `correction`, `final`, `canceled`", "`P`, `I`, `C`, `F`, `X`", SEED, _BOTH_READ
    ),
    "prescription_messages.message_direction": Difference(
        "`Outgoing`, `Incoming`", "`O`, `I`", SEED, "It is only read, and either is plain."
    ),
}  # fmt: skip


def is_live(name: str) -> bool:
    """Return whether the hosted API's form is used for a difference."""
    return (settings.DRCHRONO or DIFFERENCES[name].default) == LIVE


def choose(name: str, *, seed: Chosen, live: Chosen) -> Chosen:
    """Return what is used for a difference."""
    return live if is_live(name) else seed


def make_coded_word(
    name: str, words: Mapping[str, str], *, stores_codes: bool = False, blank: bool = False
) -> Type:
    """Return the type of a value that the reference page spells as a word, the hosted API as a code.

    Either may be written. ``words``: code → word; ``stores_codes``: whether the column has the code, not the word;
    ``blank``: "" may be shown.
    """
    codes = {word: code for code, word in words.items()}
    shown, accepted = tuple(choose(name, seed=codes, live=words)), [*words.values(), *words]
    spelled = choose(name, seed=words if stores_codes else {}, live={} if stores_codes else codes)
    stored = codes if stores_codes else words

    def parse(own: Parse, value: Any) -> str:
        text = parse_text(value)
        if text not in accepted:
            raise InvalidValue(f'"{text[:100]}" is not a valid choice.')
        return stored.get(text, text)

    return convert(
        Text(choices=shown),
        parse=parse,
        render=_make_renderer(spelled) if spelled else None,
        read={"type": "string", "enum": [*shown, ""] if blank else list(shown)},
        written={"type": "string", "enum": accepted},
    )


def _make_renderer(spelled: Mapping[str, str]) -> Callable[[str | None], str | None]:
    def render(value: str | None) -> str | None:
        return None if value is None else spelled.get(value, value)

    return render
