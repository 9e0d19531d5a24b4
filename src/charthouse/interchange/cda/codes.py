"""Code systems by OID, and the codes of the record's own values.

Sources: HL7 C-CDA R2.1 and its value sets; reference drchrono/enums.yaml for the record's values.
"""

import re

from charthouse.domains import code_systems
from charthouse.domains.code_systems import CodeSystem
from charthouse.interchange.cda.xml import Concept, System

ACT_CLASS = System("2.16.840.1.113883.5.6", "HL7ActClass")
ACT_CODE = System("2.16.840.1.113883.5.4", "HL7ActCode")
ACT_REASON = System("2.16.840.1.113883.5.8", "HL7ActReason")
PARTICIPATION = System("2.16.840.1.113883.5.88", "ParticipationFunction")
ROLE_CODE = System("2.16.840.1.113883.5.111", "HL7RoleCode")
GENDER = System("2.16.840.1.113883.5.1", "AdministrativeGender")
CONFIDENTIALITY = System("2.16.840.1.113883.5.25", "Confidentiality")
INTERPRETATION = System("2.16.840.1.113883.5.83", "ObservationInterpretation")
RACE_ETHNICITY = System("2.16.840.1.113883.6.238", "Race and Ethnicity - CDC")
LOINC = code_systems.LOINC
SNOMED = code_systems.SNOMED
ICD10 = code_systems.ICD10
ICD9 = code_systems.ICD9
RXNORM = code_systems.RXNORM
NDC = code_systems.NDC
CVX = code_systems.CVX
CPT = code_systems.CPT
HCPCS = code_systems.HCPCS
NCI = System("2.16.840.1.113883.3.26.1.1", "NCI Thesaurus")
HL7_SITE = System("2.16.840.1.113883.12.163", "HL7 table 0163")
PAYMENT = System("2.16.840.1.113883.3.221.5", "Source of Payment Typology (PHDSC)")
SERVICE_LOCATION = System("2.16.840.1.113883.6.259", "HealthcareServiceLocation")
INSURANCE_TYPE = System("2.16.840.1.113883.6.255.1336", "X12N 1336 Insurance Type")
NPI = "2.16.840.1.113883.4.6"  # root of national provider identifiers
FDA = "2.16.840.1.113883.3.3719"  # root of unique device identifiers

PROCEDURE_SYSTEMS = {"C": CPT, "H": HCPCS, "S": SNOMED}

GENDERS = {"Male": Concept("M", GENDER, "Male"), "Female": Concept("F", GENDER, "Female")}
UNDIFFERENTIATED = Concept("UN", GENDER, "Undifferentiated")
RACES = {
    "indian": Concept("1002-5", RACE_ETHNICITY, "American Indian or Alaska Native"),
    "asian": Concept("2028-9", RACE_ETHNICITY, "Asian"),
    "black": Concept("2054-5", RACE_ETHNICITY, "Black or African American"),
    "hawaiian": Concept("2076-8", RACE_ETHNICITY, "Native Hawaiian or Other Pacific Islander"),
    "white": Concept("2106-3", RACE_ETHNICITY, "White"),
    "other": Concept("2131-1", RACE_ETHNICITY, "Other Race"),
}
ETHNICITIES = {
    "hispanic": Concept("2135-2", RACE_ETHNICITY, "Hispanic or Latino"),
    "not_hispanic": Concept("2186-5", RACE_ETHNICITY, "Not Hispanic or Latino"),
}

PROBLEM = Concept("55607006", SNOMED, "Problem")
PROBLEM_LOINC = Concept("75326-9", LOINC, "Problem")
DIAGNOSIS = Concept("282291009", SNOMED, "Diagnosis")
DIAGNOSIS_LOINC = Concept("29308-4", LOINC, "Diagnosis")
CONCERN = Concept("CONC", ACT_CLASS, "Concern")
ASSERTION = Concept("ASSERTION", ACT_CODE, "Assertion")
SEVERITY = Concept("SEV", ACT_CODE, "Severity Observation")
SEVERITIES = {
    "mild": Concept("255604002", SNOMED, "Mild"),
    "moderate": Concept("6736007", SNOMED, "Moderate"),
    "severe": Concept("24484000", SNOMED, "Severe"),
}
PROBLEM_STATUSES = {
    "active": Concept("55561003", SNOMED, "Active"),
    "inactive": Concept("73425007", SNOMED, "Inactive"),
    "resolved": Concept("413322009", SNOMED, "Resolved"),
}
DRUG_ALLERGY = Concept("416098002", SNOMED, "Allergy to drug")
ALLERGY = Concept("419199007", SNOMED, "Allergy to substance")

SMOKING = {
    "449868002": "Smokes tobacco daily",
    "428041000124106": "Occasional tobacco smoker",
    "8517006": "Ex-smoker",
    "266919005": "Never smoked tobacco",
    "77176002": "Smoker",
    "266927001": "Tobacco smoking consumption unknown",
    "428071000124103": "Heavy tobacco smoker",
    "428061000124105": "Light tobacco smoker",
}
# HL7 table 0162 and common spellings to codes of the NCI Thesaurus.
ROUTES = {
    "oral": Concept("C38288", NCI, "ORAL"), "po": Concept("C38288", NCI, "ORAL"),
    "inhaled": Concept("C38216", NCI, "RESPIRATORY (INHALATION)"),
    "inhalation": Concept("C38216", NCI, "RESPIRATORY (INHALATION)"),
    "ih": Concept("C38216", NCI, "RESPIRATORY (INHALATION)"),
    "intramuscular": Concept("C28161", NCI, "INTRAMUSCULAR"), "im": Concept("C28161", NCI, "INTRAMUSCULAR"),
    "intravenous": Concept("C38276", NCI, "INTRAVENOUS"), "iv": Concept("C38276", NCI, "INTRAVENOUS"),
    "subcutaneous": Concept("C38299", NCI, "SUBCUTANEOUS"), "sc": Concept("C38299", NCI, "SUBCUTANEOUS"),
    "intradermal": Concept("C38238", NCI, "INTRADERMAL"), "id": Concept("C38238", NCI, "INTRADERMAL"),
    "nasal": Concept("C38284", NCI, "NASAL"), "in": Concept("C38284", NCI, "NASAL"),
    "ns": Concept("C38284", NCI, "NASAL"), "topical": Concept("C38304", NCI, "TOPICAL"),
    "tp": Concept("C38304", NCI, "TOPICAL"), "transdermal": Concept("C38305", NCI, "TRANSDERMAL"),
    "td": Concept("C38305", NCI, "TRANSDERMAL"), "rectal": Concept("C38295", NCI, "RECTAL"),
    "pr": Concept("C38295", NCI, "RECTAL"), "sublingual": Concept("C38300", NCI, "SUBLINGUAL"),
    "sl": Concept("C38300", NCI, "SUBLINGUAL"), "ophthalmic": Concept("C38287", NCI, "OPHTHALMIC"),
    "op": Concept("C38287", NCI, "OPHTHALMIC"), "otic": Concept("C38192", NCI, "AURICULAR (OTIC)"),
    "ot": Concept("C38192", NCI, "AURICULAR (OTIC)"), "vaginal": Concept("C38313", NCI, "VAGINAL"),
    "vg": Concept("C38313", NCI, "VAGINAL"),
}  # fmt: skip
# Common spellings of units to UCUM; any other becomes a UCUM annotation.
UCUM = {
    "mg": "mg", "mcg": "ug", "ug": "ug", "g": "g", "kg": "kg", "ml": "mL", "l": "L", "units": "[iU]", "iu": "[iU]",
    "meq": "meq", "mmol": "mmol", "%": "%", "lbs": "[lb_av]", "inches": "[in_i]", "cm": "cm", "f": "[degF]", "c": "Cel",
}  # fmt: skip
INTERPRETATIONS = {
    "N": "Normal", "L": "Low", "H": "High", "LL": "Critical low", "HH": "Critical high", "A": "Abnormal",
    "AA": "Critical abnormal", "S": "Susceptible", "R": "Resistant", "I": "Intermediate", "POS": "Positive",
    "NEG": "Negative", "<": "Off scale low", ">": "Off scale high",
}  # fmt: skip


def is_npi(text: str) -> bool:
    """Tell whether a text is a national provider identifier: ten digits, with ISO 7812's check digit after 80840."""
    if not re.fullmatch(r"[12][0-9]{9}", text):
        return False
    doubled = [int(digit) * 2 for digit in text[-2::-2]]
    return (24 + sum(digit // 10 + digit % 10 for digit in doubled) + sum(map(int, text[::-2]))) % 10 == 0


def code_gender(gender: str) -> Concept:
    """Return the code of a gender; ``Other`` is HL7's UN (undifferentiated)."""
    return GENDERS.get(gender, UNDIFFERENTIATED)


def code_in(system: CodeSystem | None, code: str, name: str = "") -> Concept:
    """Return a concept in the system that its code belongs to; of a code without one, its name or text alone."""
    placed = code_systems.place_code(code, system)
    return Concept(placed[1], placed[0], name or placed[1]) if placed else Concept("", None, name or code)


def code_diagnosis(code: str, name: str, version: int = 10) -> Concept:
    return code_in(code_systems.get_icd(version), code, name)


def convert_unit(unit: str) -> str:
    """Convert a unit to UCUM; an unknown one becomes an annotation in braces."""
    unit = unit.strip()
    if not unit or unit.lower() in UCUM:
        return UCUM.get(unit.lower(), "")
    if re.fullmatch(r"[!-z|~]+", unit):
        return unit if re.search(r"[/\[\]*%]|\d", unit) else f"{{{unit}}}"
    return f"{{{re.sub(r'[^!-z|~]+', '_', unit)[:50]}}}"


def code_interpretation(flag: str) -> Concept | None:
    return Concept(flag, INTERPRETATION, INTERPRETATIONS[flag]) if flag in INTERPRETATIONS else None


def code_observation(system: str, code: str, name: str) -> Concept:
    return code_in(code_systems.get_system(system), code, name)
