"""Builders of HL7 CDA R2 elements with lxml: identifiers, codes, times and values.

Output is well-formed for any text: characters outside of XML 1.0 become U+FFFD. A value that does not fit the type of
its attribute (such as a code with a space) becomes text with a null flavor.

Elements are built without a namespace, which is twice as fast: the document's root declares CDA's as the default
(see ``writer``).
"""

import re
from collections.abc import Iterable
from copy import copy
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from charthouse.domains.code_systems import CodeSystem

V3 = "urn:hl7-org:v3"
SDTC = "urn:hl7-org:sdtc"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"xsi": XSI, "sdtc": SDTC}

Element = Any  # lxml is untyped
Part = Any  # an Element, a text, None, or an iterable of them

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPE = f"{{{XSI}}}type"
_TOKEN = re.compile(r"[^\s\x00-\x1f]{1,100}")


class System(NamedTuple):
    """A code system by its OID."""

    oid: str
    name: str


class Concept(NamedTuple):
    """A code of a system with its display name; a name alone if ``code`` is empty."""

    code: str
    system: System | CodeSystem | None
    name: str = ""

    @property
    def is_usable(self) -> bool:
        return self.system is not None and is_token(self.code)


def replace_illegal_characters(text: str) -> str:
    """Replace characters that are illegal in XML 1.0 by U+FFFD."""
    return text if text.isascii() and text.isprintable() else _ILLEGAL.sub("\ufffd", text)


def is_token(text: str) -> bool:
    """Tell whether a text fits CDA's type ``cs``: not empty, and without white space."""
    return _TOKEN.fullmatch(text) is not None


def el(tag: str, /, *parts: Part, **attributes: str | None) -> Element:
    """Build a CDA element. The tag prefix ``sdtc:`` selects the namespace of HL7's extensions. Attributes and parts
    that are None are omitted."""
    given = (
        {key: replace_illegal_characters(value) for key, value in attributes.items() if value is not None}
        if attributes
        else None
    )
    if tag.startswith("sdtc:"):
        element = etree.Element(f"{{{SDTC}}}{tag[5:]}", given, nsmap=PREFIXES)
    else:
        element = etree.Element(tag, given)
    if parts:
        append_parts(element, parts)
    return element


def append_parts(element: Element, parts: Iterable[Part]) -> None:
    for part in parts:
        if isinstance(part, etree._Element):
            element.append(part)
        elif isinstance(part, str):
            _append_text(element, replace_illegal_characters(part))
        elif part is not None:
            append_parts(element, part)


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def typed(tag: str, xsi_type: str, /, *parts: Part, **attributes: str | None) -> Element:
    """Build an element with an ``xsi:type``, where the schema leaves the data type open."""
    given = {key: replace_illegal_characters(value) for key, value in attributes.items() if value is not None}
    element = etree.Element(tag, {_TYPE: xsi_type, **given}, nsmap=PREFIXES)
    append_parts(element, parts)
    return element


# -- templates and identifiers ----------------------------------------------------------------------------------


R21 = "2016"  # releases before this also have a template id without a date


def template(root: str, release: str = "") -> Iterable[Element]:
    """Build the template id of a release, and the one without a release that readers of older releases expect."""
    return map(copy, _templates(root, release))


@lru_cache(maxsize=256)
def _templates(root: str, release: str) -> tuple[Element, ...]:
    ids = [el("templateId", root=root, extension=release)] if release else []
    if release < R21:
        ids.append(el("templateId", root=root))
    return tuple(ids)


def null(tag: str, flavor: str = "UNK") -> Element:
    return el(tag, nullFlavor=flavor)


# -- codes ------------------------------------------------------------------------------------------------------


def coded(
    tag: str,
    concept: Concept | None,
    *,
    xsi_type: str = "",
    translations: Iterable[Concept] = (),
    original_text: str = "",
    reference: str = "",
) -> Element:
    """Build a coded value. Without a usable code it has original text and ``nullFlavor`` OTH, without text either UNK.

    ``xsi_type``: its type where the schema leaves it open; ``original_text``: as the user entered it; ``reference``: id
    of the cell of the narrative with the same text.
    """
    concept = concept or Concept("", None)
    if concept.is_usable and not original_text and not reference:
        return copy(_cached_code(tag, concept, xsi_type, tuple(translations)))
    return _build_code(tag, concept, xsi_type, translations, original_text, reference)


@lru_cache(maxsize=2048)
def _cached_code(tag: str, concept: Concept, xsi_type: str, translations: tuple[Concept, ...]) -> Element:
    """Cache codes that occur often; the caller copies the element."""
    return _build_code(tag, concept, xsi_type, translations)


def _build_code(
    tag: str,
    concept: Concept,
    xsi_type: str,
    translations: Iterable[Concept],
    original_text: str = "",
    reference: str = "",
) -> Element:
    words = (original_text or ("" if concept.is_usable else concept.name or concept.code)).strip()
    attributes: dict[str, str | None]
    if concept.is_usable and concept.system:
        attributes = {
            "code": concept.code,
            "codeSystem": concept.system.oid,
            "codeSystemName": concept.system.name,
            "displayName": concept.name or None,
        }
    else:
        attributes = {"nullFlavor": "OTH" if words or reference else "UNK"}
    original = el("originalText", words or None, _build_reference(reference)) if words or reference else None
    parts = (original, [coded("translation", other) for other in translations if other.is_usable])
    return typed(tag, xsi_type, *parts, **attributes) if xsi_type else el(tag, *parts, **attributes)


def _build_reference(reference: str) -> Element | None:
    return el("reference", value=f"#{reference}") if reference else None


def text_reference(reference: str) -> Element:
    """Build the reference of an entry to its row in the narrative."""
    return el("text", _build_reference(reference))


def status(code: str) -> Element:
    return el("statusCode", code=code)


# -- times ------------------------------------------------------------------------------------------------------


def format_timestamp(moment: date | datetime, zone: tzinfo = UTC) -> str:
    """Format a date, or a time to the second with its UTC offset in ``zone``, as CDA's TS."""
    if not isinstance(moment, datetime):
        return f"{moment.year:04d}{moment:%m%d}"
    local = moment.astimezone(zone)
    return f"{local.year:04d}{local:%m%d%H%M%S%z}"


def point(tag: str, moment: date | datetime | None, zone: tzinfo = UTC) -> Element:
    return null(tag) if moment is None else el(tag, value=format_timestamp(moment, zone))


def span(
    low: date | datetime | None,
    high: date | datetime | None = None,
    zone: tzinfo = UTC,
    *,
    ended: bool = False,
    tag: str = "effectiveTime",
) -> Element:
    """Build a period. An unknown start is UNK; the end is omitted unless it is known or ``ended`` is true."""
    end = point("high", high, zone) if high is not None or ended else None
    return el(tag, point("low", low, zone), end)


def interval(low: date | datetime | None, high: date | datetime | None, zone: tzinfo = UTC) -> Element:
    """Build a period with an explicit ``xsi:type``, as the schema requires for the time of a dose."""
    end = point("high", high, zone) if high is not None else None
    return typed("effectiveTime", "IVL_TS", point("low", low, zone), end)


# -- values -----------------------------------------------------------------------------------------------------


def format_number(value: Any) -> str | None:
    """Format a decimal without exponent and trailing zeros; None if it is not a finite number of reasonable size."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > 30:
        return None
    plain = format(found, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def quantity(tag: str, value: Any, unit: str = "", *, xsi_type: str = "") -> Element:
    """Build a physical quantity, with null flavor UNK if the value is not a number."""
    found = format_number(value) if value is not None else None
    attributes = (
        {"value": found, "unit": unit if is_token(unit) else None}
        if found is not None
        else {"nullFlavor": "UNK"}
    )
    return typed(tag, xsi_type, **attributes) if xsi_type else el(tag, **attributes)
