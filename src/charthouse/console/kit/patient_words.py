"""The words of the codes in a patient's demographics."""

from charthouse.console.kit.formats import STATES

SEXES = {"": "Choose", "Female": "Female", "Male": "Male", "Other": "Other"}
STATUSES = {"A": "Active", "I": "Inactive", "D": "Deceased"}
# LOINC answer list LL5144-2.
PRONOUNS = {
    "": "Not recorded", "LA29519-8": "she/her", "LA29518-0": "he/him", "LA29520-6": "they/them", "LA29523-0": "ze/zir",
    "LA29521-4": "xie/hir", "LA29515-6": "co/cos", "LA29516-4": "en/ens", "LA29517-2": "ey/em",
    "LA29522-2": "yo/yos",
    "LA29524-8": "ve/vis",
}  # fmt: skip
# OMB's standards on race and ethnicity, as the record has them.
RACES = {
    "blank": "Not recorded", "indian": "American Indian or Alaska Native", "asian": "Asian",
    "black": "Black or African American", "hawaiian": "Native Hawaiian or Other Pacific Islander", "white": "White",
    "declined": "Declined to specify",
}  # fmt: skip
ETHNICITIES = {
    "blank": "Not recorded", "hispanic": "Hispanic or Latino", "not_hispanic": "Not Hispanic or Latino",
    "declined": "Declined to specify",
}  # fmt: skip
PROFILES = {
    "": "Not recorded", "Cash": "Self-pay", "Insurance": "Insurance",
    "Insurance Out of Network": "Insurance, out of network",
    "Auto Accident": "Auto accident", "Worker's Comp": "Workers' compensation",
}  # fmt: skip
# ISO 639-3 codes of the languages most spoken at home in the United States (American Community Survey), then the rest.
LANGUAGES = {
    "blank": "Not recorded", "eng": "English", "spa": "Spanish", "zho": "Chinese", "tgl": "Tagalog",
    "vie": "Vietnamese",
    "ara": "Arabic", "fra": "French", "kor": "Korean", "rus": "Russian", "por": "Portuguese", "hat": "Haitian Creole",
    "hin": "Hindi", "deu": "German", "pol": "Polish", "ita": "Italian", "urd": "Urdu", "fas": "Persian",
    "tel": "Telugu",     "jpn": "Japanese", "guj": "Gujarati", "ben": "Bengali", "tam": "Tamil", "hmn": "Hmong",
    "ase": "American Sign Language",
    "other": "Other", "unknown": "Unknown", "declined": "Declined to specify",
}  # fmt: skip
# X12 element 1069: the patient's relationship to the subscriber, the usual ones first.
RELATIONSHIPS = {
    "": "Not recorded", "01": "Spouse", "19": "Child", "53": "Life partner", "32": "Mother", "33": "Father",
    "04": "Grandparent", "05": "Grandchild", "07": "Nephew or niece", "10": "Foster child", "15": "Ward",
    "17": "Stepchild", "20": "Employee", "22": "Dependent with a disability", "23": "Sponsored dependent",
    "24": "Dependent of a minor dependent", "29": "Significant other", "36": "Emancipated minor", "39": "Organ donor",
    "40": "Cadaver donor", "41": "Injured plaintiff", "43": "Child, insured not financially responsible",
    "76": "Dependent", "G8": "Other", "21": "Unknown",
}  # fmt: skip
# X12 SBR09, claim filing indicator.
PLAN_TYPES = {
    "": "Not recorded", "CI": "Commercial", "12": "PPO", "13": "POS", "14": "EPO", "15": "Indemnity", "HM": "HMO",
    "BL": "Blue Cross Blue Shield", "MB": "Medicare Part B", "MA": "Medicare Part A", "16": "Medicare HMO",
    "MC": "Medicaid", "CH": "TRICARE", "VA": "Veterans Affairs", "FI": "Federal employees",
    "OF": "Other federal program",
    "TV": "Title V", "WC": "Workers' compensation", "AM": "Automobile medical", "LM": "Liability medical",
    "DS": "Disability", "17": "Dental maintenance organization", "11": "Other non-federal program",
    "ZZ": "Mutually defined",
}  # fmt: skip
SUBSCRIBER_SEXES = {
    "": "Not recorded", "Female": "Female", "Male": "Male", "Other": "Other", "UNK": "Unknown",
    "ASKU": "Asked, unknown",
}  # fmt: skip
STATE_CHOICES = {"": "Choose"} | {code: f"{code} · {name}" for code, name in STATES.items()}

CHOICES: dict[str, dict[str, str]] = {
    "gender": SEXES,
    "patient_status": STATUSES,
    "pronouns": PRONOUNS,
    "race": RACES,
    "ethnicity": ETHNICITIES,
    "preferred_language": LANGUAGES,
    "patient_payment_profile": PROFILES,
    "state": STATE_CHOICES,
    "employer_state": STATE_CHOICES,
}
for _rank in ("primary_insurance", "secondary_insurance"):
    CHOICES |= {
        f"{_rank}.patient_relationship_to_subscriber": RELATIONSHIPS,
        f"{_rank}.insurance_plan_type": PLAN_TYPES,
        f"{_rank}.subscriber_gender": SUBSCRIBER_SEXES,
        f"{_rank}.subscriber_state": STATE_CHOICES,
    }
