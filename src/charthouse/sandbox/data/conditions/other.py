"""Digestion, joints, blood, urinary tract, skin, eyes and ears."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage, Trend
from charthouse.sandbox.data.lab_panels import (
    BINDING,
    BLOOD_COUNT,
    HEMOGLOBIN,
    IRON,
    IRON_STORES,
    PROSTATE,
    SERUM_IRON,
)  # fmt: skip

REFLUX = Condition(
    "K21.9",
    "Acid reflux",
    (
        "Heartburn four times a week, worse after late meals.",
        "Heartburn at most once a week. No trouble swallowing.",
    ),
    "Abdomen soft, not tender.",
    ("Omeprazole for eight weeks. No food three hours before bed.", "Continue the lowest dose that works."),
    (Dosage("Omeprazole 20 mg capsule", "Before breakfast"),),
)
CONSTIPATION = Condition(
    "K59.00",
    "Constipation",
    ("Goes every third day, strains.", "Goes daily since fiber and powder."),
    "Abdomen soft, no mass.",
    ("Fiber, fluids, polyethylene glycol.", "Continue as needed."),
    (Dosage("Polyethylene glycol powder", "Once a day as needed"),),
)
KNEE_ARTHRITIS = Condition(
    "M17.9",
    "Knee osteoarthritis",
    (
        "Knee pain when going down stairs, stiff for a quarter of an hour in the morning.",
        "Walks a mile before the knee hurts. Does the exercises.",
    ),
    "Knees: crepitus, no effusion, bends to 120 degrees.",
    ("Physical therapy, acetaminophen before walks.", "Continue exercises; injection if it gets worse."),
    (Dosage("Acetaminophen 500 mg tablet", "Every 6 hours as needed", "2"),),
    ages=(50, 120),
    specialist="Orthopedics",
)
BACK_PAIN = Condition(
    "M54.50",
    "Low back pain",
    ("Low back aches after sitting, nothing in the legs.", "Back aches on long drives only."),
    "Spine not tender, leg raise negative, strength full.",
    ("Keep moving, physical therapy, heat.", "Continue exercises."),
    ages=(25, 120),
    specialist="Imaging",
)
IRON_DEFICIENCY = Condition(
    "D50.9",
    "Iron deficiency anemia",
    (
        "Tired, short of breath on hills. Heavy lifting leaves her dizzy.",
        "Energy is back. Stools dark from iron, no pain.",
    ),
    "Conjunctivae pink, heart regular.",
    (
        "Start iron every day, look for the source. Count in two months.",
        "Hemoglobin recovered. Three more months to fill stores.",
    ),
    (Dosage("Ferrous sulfate 325 mg tablet", "Every other day"),),
    {
        HEMOGLOBIN: Trend(9.6, 12.9),
        IRON_STORES: Trend(7, 58),
        SERUM_IRON: Trend(22, 84),
        BINDING: Trend(440, 290),
    },
    (BLOOD_COUNT, IRON),
    sex="Female",
)
PROSTATE_ENLARGEMENT = Condition(
    "N40.1",
    "Enlarged prostate",
    ("Up three times at night, weak stream.", "Up once at night, stream stronger. No dizziness."),
    "Prostate enlarged, smooth, not tender.",
    ("Start doxazosin at bedtime.", "Continue doxazosin, PSA once a year."),
    (Dosage("Doxazosin 2 mg tablet", "At bedtime"),),
    panels=(PROSTATE,),
    sex="Male",
    ages=(50, 120),
)
ECZEMA = Condition(
    "L20.9",
    "Eczema",
    ("Itchy patches in the elbows, scratches at night.", "Skin calm with daily moisturizer."),
    "Dry patches in the elbows, not infected.",
    ("Hydrocortisone cream for a week, moisturizer twice a day.", "Continue moisturizer, cream for flares."),
    (Dosage("Hydrocortisone 1% cream", "Twice a day as needed"),),
    ages=(0, 60),
    specialist="Dermatology",
)
DRY_EYE = Condition(
    "H04.129",
    "Dry eyes",
    ("Eyes burn in the evening.", "Drops help for most of the day."),
    "Conjunctivae quiet.",
    ("Artificial tears.", "Continue drops."),
    (Dosage("Artificial tears", "Four times a day as needed"),),
    ages=(40, 120),
)
HEARING_LOSS = Condition(
    "H91.90",
    "Hearing loss",
    ("Turns the television up, misses words at table.", "Wears hearing aids all day."),
    "Ear canals clear.",
    ("Audiology.", "Hearing aids checked once a year."),
    ages=(60, 120),
)
MENOPAUSE = Condition(
    "N95.1",
    "Menopause symptoms",
    ("Hot flashes six times a day.", "Hot flashes twice a week."),
    "Well.",
    ("Layers, cool bedroom; medication discussed.", "No medication wanted."),
    sex="Female",
    ages=(45, 60),
)
CONDITIONS = (
    REFLUX, CONSTIPATION, KNEE_ARTHRITIS, BACK_PAIN, IRON_DEFICIENCY, PROSTATE_ENLARGEMENT, ECZEMA, DRY_EYE,
    HEARING_LOSS, MENOPAUSE,
)  # fmt: skip
