"""HL7's Schematron of C-CDA R2.1: the errors that it finds in a document, with rules that are wrong corrected."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree, isoschematron

SCHEMATRON = Path(__file__).parent / "schematron" / "Consolidation.sch"
SCH, SVRL = "{http://purl.oclc.org/dsdl/schematron}", "{http://purl.oclc.org/dsdl/svrl}"
SYSTEMS = {
    key: tuple(value["systems"])
    for key, value in json.loads((SCHEMATRON.parent / "systems.json").read_text()).items()
}
_VALUE_SET = re.compile(r"SHALL be selected from (?:the )?ValueSet [^(]*?urn:oid:([\d.]+)")
_ELEMENT = re.compile(
    r"contains? (?:exactly one|zero or one|at least one|zero or more) \[[^\]]*\] (\w+)|^(?:This|The) (\w+)"
)
_ROOT = re.compile(r"@root='([^']+)'")
_STEP = re.compile(r"\*\[local-name\(\)='(\w+)' and namespace-uri\(\)='[^']*'\]")

# Rules that are wrong: id → what its context and test should be; docs/ccda.md gives the reasons.
CORRECTED = {
    "a-1198-10484-c": "//h:participant[@typeCode='COV']/h:participantRole[not(not(h:addr) or h:addr[@nullFlavor or "
    "(h:streetAddressLine and h:city and (h:country!='US' or (h:state and h:postalCode)))])]",
}
NAMES = {"h": "urn:hl7-org:v3"}
PREFIXES = {
    "cda": "urn:hl7-org:v3",
    "sdtc": "urn:hl7-org:sdtc",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


def find_errors(root: Any) -> list[str]:
    """List the errors, each with the rule's id, its place, and what it requires."""
    _known_roots.update(root.xpath("//h:templateId/@root", namespaces=NAMES))
    report = _compile(frozenset(_known_roots))(root.getroottree())
    failed = report.getroot().iter(f"{SVRL}failed-assert")
    errors = [_describe(one) for one in failed if one.get("id") not in CORRECTED]
    for name, path in CORRECTED.items():
        errors += [
            f"{name}, corrected, at line {place.sourceline}" for place in root.xpath(path, namespaces=NAMES)
        ]
    return errors


def _describe(failed: Any) -> str:
    name, place = failed.get("id", "compatible templateId"), _STEP.sub(r"\1", failed.get("location"))
    return f"{name} at {place}: {' '.join(failed.findtext(f'{SVRL}text').split())}"


_known_roots: set[str] = set()


@cache
def _compile(roots: frozenset[str]) -> etree.XSLT:
    """Compile the rules that documents with these templates can break. The compiled rules walk over the document once a
    pattern, so this takes a fifth of the time of all rules."""
    schema = etree.parse(SCHEMATRON, etree.XMLParser(huge_tree=True))
    phase = schema.find(f"{SCH}phase[@id='errors']")
    for pattern in schema.findall(f"{SCH}pattern"):
        if not _may_match(pattern, roots):
            active = phase.find(f"{SCH}active[@pattern='{pattern.get('id')}']")
            if active is not None:
                phase.remove(active)
            schema.getroot().remove(pattern)
    made = isoschematron.Schematron(
        schema, phase="errors", store_xslt=True, store_report=True, validate_schema=False
    )
    # The copy has a base URL, from which voc.xml is found.
    source = etree.tostring(made.validator_xslt)
    return etree.XSLT(etree.fromstring(source, base_url=SCHEMATRON.as_uri()))


def _may_match(pattern: Any, roots: Iterable[str]) -> bool:
    contexts = [rule.get("context") for rule in pattern.iter(f"{SCH}rule") if rule.get("context")]
    return any(not (named := set(_ROOT.findall(context))) or named & set(roots) for context in contexts)


def find_foreign_codes(root: Any) -> list[str]:
    """List the codes whose system has no code of the value set that the Schematron's text says they SHALL be of."""
    return [
        f"{name}: {coded.tag.split('}')[1]} {coded.get('code')} of {coded.get('codeSystem')} at line {coded.sourceline}"
        for name, path, systems in _list_value_sets()
        for coded in root.xpath(path, namespaces=PREFIXES)
        if coded.get("codeSystem") not in systems
    ]


@cache
def _list_value_sets() -> list[tuple[str, str, tuple[str, ...]]]:
    """List the rules that name a value set: id, path of the coded elements, and the systems that the set is of."""
    schema = etree.parse(SCHEMATRON, etree.XMLParser(huge_tree=True))
    rules = {rule.get("id") or rule.get("context"): rule for rule in schema.iter(f"{SCH}rule")}
    found = []
    for rule in rules.values():
        if not rule.get("context") or rule.get("id", "").endswith("warnings"):
            continue
        for base in (rule, *(rules[extended.get("rule")] for extended in rule.findall(f"{SCH}extends"))):
            for check in base.findall(f"{SCH}assert"):
                text = " ".join("".join(check.itertext()).split())
                value_set, element = _VALUE_SET.search(text), _ELEMENT.search(text)
                if value_set and element and (name := element[1] or element[2]):
                    path = f"//{rule.get('context').lstrip('/')}/cda:{name}[@code and @codeSystem]"
                    found.append((check.get("id"), path, SYSTEMS[value_set[1]]))
    return found
