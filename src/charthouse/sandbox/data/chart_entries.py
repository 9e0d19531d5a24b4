"""Entries of charts: allergies, care plans, procedures, devices, observations.

RxNorm and SNOMED CT codes are given only where they have been verified; texts are this project's own.
"""

# Substance, RxNorm code, reaction, SNOMED CT code of the reaction, severity.
ALLERGIES = (
    ("Penicillin G", "7980", "Hives", "247472004", "moderate"),
    ("Sulfamethoxazole", "10180", "Rash", "271807003", "mild"),
    ("Codeine", "2670", "Nausea", "422587007", "mild"),
    ("Peanut", "", "Anaphylaxis", "39579001", "severe"),
    ("Bee venom", "", "Swelling", "65124004", "moderate"),
    ("Latex", "", "Rash", "271807003", ""),
)
ALLERGIES_BY_NAME = {allergy[0]: allergy for allergy in ALLERGIES}
# Type of plan as the API has it, title, instructions; ICD-10-CM code of the condition that it is for, lowest age.
CARE_PLANS = (
    (
        1,
        "Half an hour of walking on five days a week",
        "Start with ten minutes and add five each week.",
        "",
        12,
    ),
    (2, "Reading on the condition", "A leaflet was handed out; bring questions next time.", "", 0),
    (3, "Weighing screening against waiting", "Read both pages before the next visit.", "", 40),
    (
        4,
        "Weigh in every morning",
        "Call when two pounds are gained in a day or five in a week.",
        "I50.22",
        18,
    ),
    (5, "Referral to a specialist", "The office will call with the appointment.", "", 0),
    (6, "Risk of falling at home", "Loose rugs away, a light in the hallway.", "", 65),
)
# CPT code and description by minutes of the visit.
PROCEDURES = {
    60: ("99396", "Preventive visit"),
    30: ("99203", "Office visit, new or seldom seen"),
    20: ("99213", "Office visit"),
    15: ("36415", "Blood draw"),
}
# Brand, manufacturer, model, name; ICD-10-CM code of the condition that it is for, lowest age.
DEVICES = (
    ("Steadybeat", "Example Cardiac", "SB-2", "Implantable cardiac pacemaker", "I48.91", 18),
    ("Clearview", "Example Optics", "IOL-7", "Posterior-chamber intraocular lens", "", 70),
    ("Stride", "Example Orthopedics", "K-40", "Total knee prosthesis", "M17.9", 18),
)
CHILD_DEVICE = ("Openear", "Example Devices", "T-1", "Tympanostomy tube")
SMOKING_EDUCATION = "Smoking cessation education"  # of smokers only
# Code, system, name; code, system, name of the value.
OBSERVATIONS = {
    "interventions": (
        ("225323000", "SNOMEDCT", SMOKING_EDUCATION, "", "", ""),
        ("304549008", "SNOMEDCT", "Giving encouragement to exercise", "", "", ""),
    ),
    "exams": (("5880005", "SNOMEDCT", "Physical examination procedure", "17621005", "SNOMEDCT", "Normal"),),
    "risks": (("225338004", "SNOMEDCT", "Risk assessment", "723505004", "SNOMEDCT", "Low risk"),),
    "communications": (("371530004", "SNOMEDCT", "Clinical consultation report", "", "", ""),),
}
