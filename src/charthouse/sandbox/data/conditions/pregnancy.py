"""A pregnancy in its 26th week, with anemia."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage, Trend
from charthouse.sandbox.data.lab_panels import (
    BINDING,
    BLOOD_COUNT,
    HEMOGLOBIN,
    IRON,
    IRON_STORES,
    SERUM_IRON,
)  # fmt: skip

BEGAN = 182  # days before today, from the last period
PREGNANCY = Condition(
    "Z34.82",
    "Prenatal visit",
    ("Second pregnancy, feels well. No bleeding, no contractions, no leaking. Baby moves every day.",) * 2,
    "Uterus as large as it should be, fetal heart tones 140s.",
    ("Next visit in four weeks, glucose screen at 24 to 28 weeks, Tdap from 27 weeks.",) * 2,
    (Dosage("Prenatal vitamin tablet", "Once a day"),),
    {"weight": Trend(0, 16, progresses=True)},
    panels=(BLOOD_COUNT,),
    sex="Female",
    ages=(18, 45),
    began=BEGAN,
)
ANEMIA_IN_PREGNANCY = Condition(
    "O99.012",
    "Anemia in pregnancy",
    ("Tired by noon, short of breath on stairs.", "Less tired since iron."),
    "Conjunctivae pale.",
    ("Start iron every other day, count in four weeks.", "Continue iron until delivery."),
    (Dosage("Ferrous sulfate 325 mg tablet", "Every other day"),),
    {
        HEMOGLOBIN: Trend(9.9, 11.4),
        IRON_STORES: Trend(8, 24),
        SERUM_IRON: Trend(26, 70),
        BINDING: Trend(450, 400),
    },
    (BLOOD_COUNT, IRON),
    sex="Female",
    ages=(18, 45),
    began=90,
)
CONDITIONS = (PREGNANCY, ANEMIA_IN_PREGNANCY)
