"""Search of ICD-10-CM: by code with or without its point, and by words of descriptions and inclusion terms.

The tabular list of ``simple_icd_10_cm`` is read once a process, at the first search: 75,000 codes, some 12 MB of text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape

from charthouse.domains.clinical.code_labels import read_tabular_list

MAX_WORDS = 6
_DIAGNOSIS = re.compile(
    r"<name>([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)</name>\s*<desc>([^<]*)</desc>"
    r"(?:(?:\s*<includes>(?P<includes>.*?)</includes>)|(?:\s*<inclusionTerm>(?P<terms>.*?)</inclusionTerm>))*",
    re.DOTALL,
)
_NOTE = re.compile(r"<note>([^<]*)</note>")
_CODE = re.compile(r"[A-Z]\d[0-9A-Z]?(?:\.?[0-9A-Z]{0,4})", re.IGNORECASE)
# What clinicians type for what the classification spells out.
_ABBREVIATIONS = {
    "htn": "hypertension", "hld": "hyperlipidemia", "dm": "diabetes mellitus", "dm2": "type 2 diabetes",
    "t2dm": "type 2 diabetes", "dm1": "type 1 diabetes", "t1dm": "type 1 diabetes",
    "copd": "chronic obstructive pulmonary",
    "gerd": "gastro-esophageal reflux", "ckd": "chronic kidney disease", "cad": "atherosclerotic heart disease",
    "chf": "heart failure", "afib": "atrial fibrillation", "uti": "urinary tract infection",
    "osa": "sleep apnea obstructive",
    "bph": "benign prostatic hyperplasia", "mdd": "major depressive disorder", "gad": "generalized anxiety",
    "ptsd": "post-traumatic stress", "adhd": "attention-deficit hyperactivity", "uri": "upper respiratory infection",
    "dvt": "deep vein thrombosis", "ra": "rheumatoid arthritis", "oa": "osteoarthritis", "ibs": "irritable bowel",
    "mi": "myocardial infarction", "tia": "transient cerebral ischemic", "lbp": "low back pain", "etoh": "alcohol",
}  # fmt: skip


_PHRASES = {
    "well[ -]child": "routine child health",
    "physical(?! ther)": "general examination",
    "sugar": "diabetes",
}
_PLAIN = (
    "unspecified",
    "not specified",
    "without complication",
    "without abnormal findings",
    "essential",
    "uncomplicated",
)
_SPECIAL_CHAPTERS = (
    "OPVWXY"  # pregnancy, newborns, external causes: asked for by their own words, which rank them anyway
)


@dataclass(frozen=True)
class Diagnosis:
    """A code with its official description. ``is_billable``: no code is below it."""

    code: str
    description: str
    is_billable: bool


@dataclass(frozen=True)
class _Index:
    """The codes, and for each the text that is searched: its description, a tab, its inclusion terms; lower case."""

    diagnoses: list[Diagnosis]
    lines: list[str]


def search_icd10(text: str, limit: int = 12) -> list[Diagnosis]:
    """Find diagnoses for what was typed, the likeliest first: billable codes, words of the description, short ones."""
    text = " ".join(text.replace("\0", "").split())[:100]
    for phrase, formal in _PHRASES.items():
        text = re.sub(rf"\b{phrase}\b", formal, text, flags=re.IGNORECASE)
    if not text:
        return []
    if _CODE.fullmatch(text) and (found := _find_codes(text.upper().replace(".", ""), limit)):
        return found
    words = [
        word
        for part in re.findall(r"[^\s,;()]+", text.lower())[:MAX_WORDS]
        for word in _ABBREVIATIONS.get(part, part).split()
    ]
    return _find_words(words, limit) if words else []


def _find_codes(prefix: str, limit: int) -> list[Diagnosis]:
    found = [one for one in _read_index().diagnoses if one.code.replace(".", "").startswith(prefix)]
    return sorted(found, key=lambda one: (one.code.replace(".", "") != prefix, one.code))[:limit]


def _find_words(words: list[str], limit: int) -> list[Diagnosis]:
    index, longest = _read_index(), max(words, key=len)
    ranked = [
        (_rank(diagnosis, line, words), diagnosis)
        for diagnosis, line in zip(index.diagnoses, index.lines, strict=True)
        if longest in line and all(word in line for word in words)
    ]
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])[:limit]]


def _rank(diagnosis: Diagnosis, line: str, words: list[str]) -> tuple[int | str, ...]:
    """What comes first: billable codes, no special chapter, words that begin as typed, unspecified, short."""
    description = line.partition("\t")[0]
    starts = sum(f" {word}" in f" {description}" for word in words)
    is_plain = any(part in description for part in _PLAIN)
    is_special = diagnosis.code[0] in _SPECIAL_CHAPTERS
    return (not diagnosis.is_billable, is_special, -starts, not is_plain, len(description), diagnosis.code)


@cache
def _read_index() -> _Index:
    found = list(_read_diagnoses())
    diagnoses = [
        Diagnosis(code, description, not (index + 1 < len(found) and found[index + 1][0].startswith(code)))
        for index, (code, description, _) in enumerate(found)
    ]
    above: dict[str, str] = {}
    lines = []
    for code, description, terms in found:
        inherited = above.get(code[:-1].rstrip("."), "")
        above[code] = terms
        lines.append(f"{description}\t{terms} {inherited}".lower())
    return _Index(diagnoses, lines)


def _read_diagnoses() -> Iterator[tuple[str, str, str]]:
    """Read (code, description, inclusion terms) of all diagnoses, in the order of the list."""
    for found in _DIAGNOSIS.finditer(read_tabular_list()):
        terms = " ".join(_NOTE.findall(f"{found['includes'] or ''}{found['terms'] or ''}"))
        yield found[1], unescape(found[2]), unescape(terms)
