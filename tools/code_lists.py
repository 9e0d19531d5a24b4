"""Make the code lists that the console's searches offer, from the modules in Synthea's jar.

    python tools/code_lists.py synthea-3.3.0.jar      (Maven Central: org.mitre.synthea:synthea:3.3.0)

Writes src/charthouse/domains/code_lists/*.json: drugs (RxNorm), allergens and reactions (SNOMED CT, RxNorm), lab panels
(LOINC), and in tests/sandbox/published_codes.json every code of the modules with its name. Reference ranges of adults
are not in the modules: they are the table RANGES below.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LISTS = ROOT / "src/charthouse/domains/code_lists"
SYSTEMS = {"RxNorm": "RXNORM", "SNOMED-CT": "SNOMED", "LOINC": "LOINC", "CVX": "CVX"}
CVX = "http://hl7.org/fhir/sid/cvx"
# Routes of dose forms; a form that no clinic prescribes is left out.
FORMS = (
    ("Oral", "Oral"), ("Chewable", "Oral"), ("Disintegrating", "Oral"), ("Sublingual", "Sublingual"),
    ("Inhal", "Inhaled"),
    ("Nasal", "Nasal"), ("Topical", "Topical"), ("Transdermal", "Transdermal"), ("Ophthalmic", "Ophthalmic"),
    ("Vaginal", "Vaginal"), ("Rectal", "Rectal"), ("Auto-Injector", "Injection"), ("Pen Injector", "Subcutaneous"),
    ("Prefilled Syringe", "Subcutaneous"), ("Injection", "Injection"), ("Injectable", "Injection"),
    ("Patch", "Transdermal"),
)  # fmt: skip
PANELS = {
    "58410-2": ("Complete blood count", "Whole blood"), "24323-8": ("Comprehensive metabolic panel", "Serum"),
    "51990-0": ("Basic metabolic panel", "Serum"), "57698-3": ("Lipid panel", "Serum"),
    "24356-8": ("Urinalysis", "Urine"), "50190-8": ("Iron and iron binding capacity", "Serum"),
    "80381-7": ("Influenza A and B, rapid", "Nasal swab"), "34528-0": ("Prothrombin time and INR", "Plasma"),
    "57023-4": ("Automated differential", "Whole blood"), "24360-0": ("Hemoglobin and hematocrit", "Whole blood"),
}  # fmt: skip
SINGLE = {
    "4548-4": ("Hemoglobin A1c", "Whole blood"), "3016-3": ("Thyrotropin (TSH)", "Serum"),
    "3024-7": ("Free T4", "Serum"),
    "2857-1": ("Prostate specific antigen", "Serum"), "33914-3": ("Estimated GFR", "Serum"),
    "14959-1": ("Albumin/creatinine ratio, urine", "Urine"), "2345-7": ("Glucose", "Serum"),
    "600-7": ("Blood culture", "Blood"), "94531-1": ("SARS-CoV-2, NAA", "Respiratory swab"),
    "57905-2": ("Occult blood, immunochemical", "Stool"), "10839-9": ("Troponin I", "Serum"),
}  # fmt: skip
# Usual ranges of adults in conventional units, wide enough for both sexes. They are this project's own, from no checked
# source: for orientation on an order, while each result comes with its laboratory's range.
RANGES = {
    "2345-7": (70, 99), "2339-0": (70, 99), "3094-0": (8, 20), "6299-2": (8, 20), "2160-0": (0.5, 1.2),
    "38483-4": (0.5, 1.2),
    "17861-6": (8.6, 10.2), "49765-1": (8.6, 10.2), "2951-2": (136, 145), "2947-0": (136, 145),
    "2823-3": (3.5, 5.0),
    "6298-4": (3.5, 5.0), "2075-0": (98, 106), "2069-3": (98, 106), "2028-9": (23, 28), "20565-8": (23, 28),
    "2885-2": (5.5, 9.0), "1751-7": (3.5, 5.5), "1975-2": (0.3, 1.0), "6768-6": (30, 120), "1742-6": (10, 40),
    "1920-8": (10, 40), "2093-3": (0, 199), "2571-8": (0, 149), "18262-6": (0, 99), "2085-9": (40, 100),
    "4548-4": (4.0, 5.6),
    "6690-2": (4.0, 10.0), "789-8": (4.0, 5.9), "718-7": (12.0, 17.0), "4544-3": (36, 51), "787-2": (80, 98),
    "785-6": (28, 32), "786-4": (33, 36), "777-3": (150, 350), "3016-3": (0.5, 4.0), "3024-7": (0.8, 1.8),
    "2498-4": (50, 150),
    "2500-7": (250, 310), "2502-3": (20, 50), "5902-2": (11, 13), "6301-6": (0.8, 1.1), "14959-1": (0, 29),
}  # fmt: skip


def read_modules(jar: Path) -> Iterator[Any]:
    with zipfile.ZipFile(jar) as opened:
        for name in sorted(opened.namelist()):
            if name.startswith("modules/") and name.endswith(".json"):
                yield json.loads(opened.read(name))
        yield json.loads(opened.read("immunization_schedule.json"))
        rows = opened.read("htn_drugs.csv").decode().splitlines()[1:]
        for line in rows:
            _, _, _, code, display, *_ = line.split(",")
            yield {"system": "RxNorm", "code": code, "display": display}


def walk(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of a module."""
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from walk(value)
    elif isinstance(part, list):
        for value in part:
            yield from walk(value)


def collect_codes(objects: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in SYSTEMS.values()}
    for one in objects:
        system = "CVX" if one.get("system") == CVX else one.get("system")
        if isinstance(system, str) and system in SYSTEMS and "code" in one and "display" in one:
            found[SYSTEMS[system]].setdefault(str(one["code"]), " ".join(str(one["display"]).split()))
    return {name: dict(sorted(codes.items())) for name, codes in found.items()}


def make_drugs(rxnorm: dict[str, str]) -> list[dict[str, str]]:
    """Drugs with strength and dose form, by name; ingredients and kits are left out."""
    drugs = []
    for code, display in rxnorm.items():
        found = re.fullmatch(
            r"(?:(?:Abuse-Deterrent )?\d+ (?:HR|ML|ACTUAT) )?(.+?) ((?:\d[\d.,]*) ?(?:MG|MCG|UNT|MEQ|%).*)",
            display,
        )
        route = next((route for form, route in FORMS if form in display), "")
        if found and route and "{" not in display:
            drugs.append({"rxnorm": code, "name": display, "route": route})
    return sorted(drugs, key=lambda one: one["name"].lower())


def make_allergens(objects: list[dict[str, Any]], codes: dict[str, dict[str, str]]) -> dict[str, Any]:
    substances: dict[tuple[str, str], dict[str, str]] = {}
    reactions: dict[str, str] = {}
    for one in objects:
        if one.get("type") == "AllergyOnset":
            for code in one["codes"]:
                system = SYSTEMS.get(code["system"], "")
                key = (system, str(code["code"]))
                kind = str(one.get("category", ""))
                substances[key] = {
                    "system": key[0],
                    "code": key[1],
                    "name": clean(code["display"]),
                    "kind": kind,
                }
            for reaction in one.get("reactions", ()):
                reactions[str(reaction["reaction"]["code"])] = clean(reaction["reaction"]["display"])
    listed = sorted(substances.values(), key=lambda one: one["name"].lower())
    said = sorted(
        ({"code": code, "name": name} for code, name in reactions.items()),
        key=lambda one: one["name"].lower(),
    )
    return {"substances": listed, "reactions": said}


def clean(display: str) -> str:
    """The name without SNOMED CT's semantic tag."""
    return re.sub(r"\s*\((?:substance|finding|disorder|morphologic abnormality|organism)\)$", "", display)


def make_panels(objects: list[dict[str, Any]], loinc: dict[str, str]) -> list[dict[str, Any]]:
    largest: dict[str, list[Any]] = {}
    units: dict[str, str] = {}
    for one in objects:
        if one.get("type") in ("Observation", "MultiObservation") or "unit" in one:
            for code in one.get("codes", ()):
                if one.get("unit"):
                    units.setdefault(str(code["code"]), str(one["unit"]))
        if one.get("type") == "DiagnosticReport" and "codes" in one:
            code = str(one["codes"][0]["code"])
            tests = [part["codes"][0] for part in one.get("observations", ()) if "codes" in part]
            if len(tests) > len(largest.get(code, ())):
                largest[code] = tests
    panels = [
        {"code": code, "name": name, "specimen": specimen,
         "tests": [make_test(test["code"], test["display"], units) for test in largest[code]]}
        for code, (name, specimen) in PANELS.items() if code in largest
    ]  # fmt: skip
    panels += [
        {"code": code, "name": name, "specimen": specimen, "tests": [make_test(code, loinc[code], units)]}
        for code, (name, specimen) in SINGLE.items() if code in loinc
    ]  # fmt: skip
    return sorted(panels, key=lambda one: str(one["name"]).lower())


def make_test(code: str, display: str, units: dict[str, str]) -> dict[str, Any]:
    low, high = RANGES.get(str(code), (None, None))
    unit = units.get(str(code), "")
    return {
        "code": str(code),
        "name": " ".join(display.split()),
        "unit": "" if unit.startswith("{") else unit,
        "low": low,
        "high": high,
    }


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    objects = [one for module in read_modules(Path(sys.argv[1])) for one in walk(module)]
    codes = collect_codes(objects)
    write(LISTS / "drugs.json", make_drugs(codes["RXNORM"]))
    write(LISTS / "allergens.json", make_allergens(objects, codes))
    write(LISTS / "panels.json", make_panels(objects, codes["LOINC"]))
    write(ROOT / "tests/sandbox/published_codes.json", codes)


if __name__ == "__main__":
    main()
