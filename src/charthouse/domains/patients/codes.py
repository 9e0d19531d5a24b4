"""Closed lists of codes of a patient's record, as the API spells them. Source: reference drchrono/enums.yaml."""

GENDERS = ("Male", "Female", "Other")
RACES = ("blank", "indian", "asian", "black", "hawaiian", "white", "declined")
ETHNICITIES = ("blank", "hispanic", "not_hispanic", "declined")
STATUSES = ("A", "I", "D")
# ISO 639 alpha-3, or what the hosted API writes where there is none.
LANGUAGE = r"[a-z]{3}|blank|other|unknown|declined"

PAYMENT_PROFILES = ("", "Cash", "Insurance", "Insurance Out of Network", "Auto Accident", "Worker's Comp")
INSURED_PROFILES = frozenset({"Insurance", "Auto Accident", "Worker's Comp"})

# LOINC answer codes.
PRONOUNS = (
    "", "LA29518-0", "LA29519-8", "LA29520-6", "LA29523-0", "LA29521-4", "LA29515-6", "LA29516-4", "LA29517-2",
    "LA29522-2", "LA29524-8",
)  # fmt: skip

# SNOMED CT and HL7 NullFlavor, as the certification rules of 45 CFR 170.207(o) name them.
GENDER_IDENTITIES = {
    "446151000124109": "Identifies as male",
    "446141000124107": "Identifies as female",
    "407377005": "Female-to-male transsexual",
    "407376001": "Male-to-female transsexual",
    "446131000124102": "Identifies as non-conforming gender",
    "OTH": "Additional gender category or other",
    "ASKU": "Asked but unknown",
}

SUBSCRIBER_GENDERS = ("", "Male", "Female", "Other", "UNK", "ASKU")

# X12 element 1069, as far as the API takes it.
RELATIONSHIPS = (
    "", "01", "04", "05", "07", "10", "15", "17", "19", "20", "21", "22", "23", "24", "29", "32", "33", "36", "39",
    "40", "41", "43", "53", "76", "G8",
)  # fmt: skip

# X12 SBR09.
PLAN_TYPES = (
    "", "AM", "BL", "CH", "CI", "17", "DS", "14", "FI", "HM", "16", "15", "LM", "MC", "MA", "MB", "ZZ", "OF", "11",
    "13", "12", "TV", "VA", "WC",
)  # fmt: skip

PROVIDER_QUALIFIERS = ("", "0B", "1G", "G2")
SIGNIFICANT_INJURY = ("", "YES", "NO", r"N\A")
