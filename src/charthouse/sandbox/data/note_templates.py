"""Templates of clinical notes: the same for every doctor.

Texts are this project's own.
"""

# Name, workflow key, persistent, filled in by patients; fields as (name, type, allowed values, required).
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
            ("Findings", "String", (), False),
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
