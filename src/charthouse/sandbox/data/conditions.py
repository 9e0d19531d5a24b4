"""What synthetic patients have, take and can't take, and what their doctors write about it.

RxNorm, SNOMED CT and LOINC codes stand only where they are known to be right; texts are this project's own.
"""

from dataclasses import dataclass

# Name, RxNorm, dose, unit, how often, by which route.
Drug = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Condition:
    """A lasting one: ICD-10-CM code, what is taken for it, what a note says of it."""

    code: str
    drug: Drug | None
    story: str
    plan: str


LASTING = (
    Condition(
        "I10",
        ("Lisinopril 10 mg tablet", "314076", "1", "tablet", "Once a day", "Oral"),
        "Takes tablets as prescribed. No headache, no chest pain, no swelling of the legs.",
        "Continue lisinopril. Salt below 2 g a day, home readings twice a week.",
    ),
    Condition(
        "E11.9",
        ("Metformin 500 mg tablet", "861007", "1", "tablet", "Twice a day with meals", "Oral"),
        "Fasting sugars between 110 and 140. No low sugars. Feet are looked at every evening.",
        "A1c today. Continue metformin, eye examination this year.",
    ),
    Condition(
        "E78.5",
        ("Atorvastatin 20 mg tablet", "617310", "1", "tablet", "At bedtime", "Oral"),
        "No muscle pain since the statin was started. Walks on most days.",
        "Lipid panel before the next visit. Continue atorvastatin.",
    ),
    Condition(
        "J45.909",
        ("Albuterol inhaler", "", "2", "puffs", "Every 4 to 6 hours as needed", "Inhaled"),
        "Uses the inhaler about once a week, mostly after exercise. No night symptoms.",
        "Technique reviewed. Action plan renewed.",
    ),
    Condition(
        "F41.1",
        ("Sertraline 50 mg tablet", "312941", "1", "tablet", "Once a day", "Oral"),
        "Sleeps better, worries less. No side effects that would bother.",
        "Continue sertraline, counseling every other week.",
    ),
    Condition(
        "K21.9",
        ("Omeprazole 20 mg capsule", "198051", "1", "capsule", "Before breakfast", "Oral"),
        "Heartburn twice a week, worse after late meals. No trouble swallowing.",
        "No food three hours before bed. Omeprazole for eight weeks, then a trial without.",
    ),
    Condition(
        "M17.9",
        None,
        "Knee pain when going down stairs, stiff for a quarter of an hour in the morning.",
        "Physical therapy, ice after walks.",
    ),
    Condition(
        "G43.909",
        None,
        "Two headaches this month, each gone within a day. Sees flickering before them.",
        "Headache diary. Regular meals and sleep.",
    ),
)
YOUNG = (LASTING[3],)
PASSING = ("J06.9", "J02.9", "H66.90", "L20.9")  # what children had and got over

# What, RxNorm, reaction in words, its SNOMED CT code.
ALLERGIES = (
    ("Penicillin G", "7980", "Hives", "247472004"),
    ("Sulfamethoxazole", "10180", "Rash", "271807003"),
    ("Codeine", "2670", "Nausea", "422587007"),
    ("Peanut", "", "Anaphylaxis", "39579001"),
    ("Bee venom", "", "Swelling", "65124004"),
    ("Latex", "", "Rash", "271807003"),
)
CARE_PLANS = (  # plan_type, title, instructions
    (1, "Half an hour of walking on five days a week", "Start with ten minutes and add five each week."),
    (2, "Reading on the condition", "A leaflet was handed out; bring questions next time."),
    (3, "Weighing screening against waiting", "Read both pages before the next visit."),
    (4, "Weigh in every morning", "Call when two pounds are gained in a day or five in a week."),
    (5, "Referral to a specialist", "The office will call with the appointment."),
    (6, "Risk of falling at home", "Loose rugs away, a light in the hallway."),
)
PROCEDURES = {  # minutes of a visit → CPT code and our words for it
    60: ("99396", "Preventive visit"),
    30: ("99203", "Office visit, new or seldom seen"),
    20: ("99213", "Office visit"),
    15: ("36415", "Blood draw"),
}
DEVICES = (  # brand, maker, model, what it is
    ("Steadybeat", "Example Cardiac", "SB-2", "Implantable cardiac pacemaker"),
    ("Clearview", "Example Optics", "IOL-7", "Posterior-chamber intraocular lens"),
    ("Stride", "Example Orthopedics", "H-40", "Total hip prosthesis"),
)
TUBES = ("Openear", "Example Devices", "T-1", "Tympanostomy tube")
# code, system, name; value code, system, name.
OBSERVED = {
    "interventions": (
        ("225323000", "SNOMEDCT", "Smoking cessation education", "", "", ""),
        ("304549008", "SNOMEDCT", "Giving encouragement to exercise", "", "", ""),
    ),
    "exams": (("5880005", "SNOMEDCT", "Physical examination procedure", "17621005", "SNOMEDCT", "Normal"),),
    "risks": (("225338004", "SNOMEDCT", "Risk assessment", "723505004", "SNOMEDCT", "Low risk"),),
    "communications": (("371530004", "SNOMEDCT", "Clinical consultation report", "", "", ""),),
}

# Name, workflow key, persistent, filled in by patients; fields as name, type, allowed values, required.
TEMPLATES = (
    (
        "Subjective",
        "soap_subjective",
        False,
        False,
        (
            ("Chief complaint", "String", (), True),
            ("History of present illness", "String", (), False),
            ("Pain", "String", ("None", "Mild", "Moderate", "Severe"), False),
        ),
    ),
    (
        "Objective",
        "soap_objective",
        False,
        False,
        (
            ("Examination", "Header", (), False),
            ("Appears well", "Checkbox", (), False),
            ("Lungs clear", "NullCheckbox", (), False),
            ("Blood pressure, sitting", "TwoStrings", (), False),
        ),
    ),
    ("Assessment", "soap_assessment", False, False, (("Impression", "String", (), True),)),
    (
        "Plan",
        "soap_plan",
        False,
        False,
        (
            ("Plan", "String", (), True),
            ("Come back", "String", ("In a week", "In a month", "In three months", "As needed"), False),
        ),
    ),
    (
        "Social history",
        "hp_med_fam_social_history",
        True,
        False,
        (
            ("Lives with", "String", ("Alone", "Family", "Others"), False),
            ("Exercises", "NullCheckbox", (), False),
        ),
    ),
    (
        "Before the visit",
        "onpatient_reasons_for_visit",
        False,
        True,
        (("What brings you in", "String", (), False),),
    ),
)
