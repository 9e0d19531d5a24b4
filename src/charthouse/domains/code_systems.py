"""Code systems: how their codes are written, and under which identifier they go out.

A code is kept as it was given; whoever compares or exports one takes its normal form from here. Only the form is
checked, except where a package has the codes (``clinical.code_labels``). Sources: HL7's registry of OIDs; terminology
pages of FHIR R4 for the URIs; the systems' own documents for the forms.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _remove_blanks(code: str) -> str:
    return re.sub(r"\s+", "", code).upper()


def _set_point(code: str, before: int) -> str:
    """Set the point of an ICD code, which is often left out, after so many characters. One that is elsewhere stays."""
    written = _remove_blanks(code).rstrip(".")
    if "." in written:
        return written
    return f"{written[:before]}.{written[before:]}" if len(written) > before else written


def _normalize_icd10(code: str) -> str:
    return _set_point(code, 3)


def _normalize_icd9(code: str) -> str:
    return _set_point(code, 4 if _remove_blanks(code)[:1] == "E" else 3)


def _normalize_number(code: str) -> str:
    """Without blanks and a point at the end; a point within stays: 8.0 is not 80, which is another code."""
    return re.sub(r"\s+", "", code).rstrip(".")


@dataclass(frozen=True)
class CodeSystem:
    """A code system.

    oid, uri   its identifiers in HL7 version 3 and in FHIR
    pattern    of a code in its normal form
    normalize  a code as people write it → its normal form
    check      what else a code in this form must be
    """

    name: str
    oid: str
    uri: str
    pattern: str
    normalize: Callable[[str], str] = _remove_blanks
    check: Callable[[str], bool] = bool

    def find_code(self, code: str) -> str:
        """The normal form of a code; "" where it cannot be one of this system's."""
        found = self.normalize(code) if code.strip() else ""
        return found if re.fullmatch(self.pattern, found, re.ASCII) and self.check(found) else ""


def _has_verhoeff_digit(code: str) -> bool:
    """The check digit of a SNOMED CT identifier (Verhoeff)."""
    check = 0
    for index, digit in enumerate(reversed(code)):
        check = _PRODUCT[check][_PERMUTED[index % 8][int(digit)]]
    return check == 0


def _multiply(left: int, right: int) -> int:
    """The product in the dihedral group of order 10."""
    if left < 5:
        return (left + right) % 5 + (5 if right >= 5 else 0)
    return (left - right) % 5 + (0 if right >= 5 else 5)


_PRODUCT = [[_multiply(left, right) for right in range(10)] for left in range(10)]
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    _PERMUTED.append([_PERMUTED[-1][_PERMUTED[1][digit]] for digit in range(10)])


def _has_luhn_digit(code: str) -> bool:
    """The check digit of a LOINC code (modulus 10)."""
    total = 0
    for index, digit in enumerate(reversed(code.replace("-", ""))):
        doubled = int(digit) * (1 + index % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _normalize_ndc(code: str) -> str:
    """The eleven digits 5-4-2 without hyphens; ten digits with hyphens are filled up where the shortest part is."""
    parts = _remove_blanks(code).split("-")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
    return "".join(parts)


ICD10 = CodeSystem(
    "ICD-10-CM", "2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10-cm",
    r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", _normalize_icd10,
)  # fmt: skip
ICD9 = CodeSystem(
    "ICD-9-CM", "2.16.840.1.113883.6.103", "http://hl7.org/fhir/sid/icd-9-cm",
    r"(\d{3}|V\d{2})(\.\d{1,2})?|E\d{3}(\.\d)?", _normalize_icd9,
)  # fmt: skip
SNOMED = CodeSystem(
    "SNOMED CT", "2.16.840.1.113883.6.96", "http://snomed.info/sct",
    r"[1-9]\d{5,17}", _normalize_number, _has_verhoeff_digit,
)  # fmt: skip
LOINC = CodeSystem("LOINC", "2.16.840.1.113883.6.1", "http://loinc.org", r"\d{1,7}-\d", check=_has_luhn_digit)
RXNORM = CodeSystem(
    "RxNorm", "2.16.840.1.113883.6.88", "http://www.nlm.nih.gov/research/umls/rxnorm",
    r"[1-9]\d{0,7}", _normalize_number,
)  # fmt: skip
NDC = CodeSystem("NDC", "2.16.840.1.113883.6.69", "http://hl7.org/fhir/sid/ndc", r"\d{10,11}", _normalize_ndc)
CVX = CodeSystem(
    "CVX", "2.16.840.1.113883.12.292", "http://hl7.org/fhir/sid/cvx",
    r"\d{2,3}", lambda code: _normalize_number(code).zfill(2),
)  # fmt: skip
CPT = CodeSystem("CPT-4", "2.16.840.1.113883.6.12", "http://www.ama-assn.org/go/cpt", r"\d{4}[0-9FTUMA]")
HCPCS = CodeSystem(
    "HCPCS",
    "2.16.840.1.113883.6.285",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    r"[A-V]\d{4}",
)

# Systems whose codes are confused with each other: the first is what was said, the others what it may be instead.
_ALTERNATIVES = {ICD10: (ICD9,), ICD9: (ICD10,), CPT: (HCPCS,), HCPCS: (CPT,), LOINC: (), SNOMED: ()}

# The record's names of code systems (reference drchrono/enums.yaml), without hyphens and blanks.
NAMES = {
    **dict.fromkeys(("SNOMED", "SNOMEDCT", "SCT"), SNOMED),
    **dict.fromkeys(("ICD10", "ICD10CM"), ICD10),
    **dict.fromkeys(("ICD9", "ICD9CM"), ICD9),
    **dict.fromkeys(("CPT", "CPT4"), CPT),
    "HCPCS": HCPCS,
    "LOINC": LOINC,
    "RXNORM": RXNORM,
    "NDC": NDC,
    "CVX": CVX,
}


def get_system(name: str) -> CodeSystem | None:
    """The system of a name as people write it: ICD-10-CM, icd10cm."""
    return NAMES.get(re.sub(r"[^A-Z0-9]", "", name.upper()))


def get_icd(version: int | None) -> CodeSystem:
    """The system of diagnoses of a version, 9 or 10."""
    return ICD9 if version == 9 else ICD10


def place_code(code: str, system: CodeSystem | None) -> tuple[CodeSystem, str] | None:
    """The system that a code belongs to, and its normal form there: the one that was said, else one that it is often
    confused with. None where it is a code of neither."""
    candidates: Iterable[CodeSystem] = (system, *_ALTERNATIVES.get(system, ())) if system else ()
    return next(((one, found) for one in candidates if (found := one.find_code(code))), None)


def normalize_code(code: str, system: CodeSystem | None) -> str:
    """The form in which codes are compared: the normal one, or of what is no code of the system its text in upper
    case without blanks."""
    placed = place_code(code, system)
    return placed[1] if placed else _remove_blanks(code)


def is_same_code(one: str, other: str, system: CodeSystem) -> bool:
    return normalize_code(one, system) == normalize_code(other, system)
