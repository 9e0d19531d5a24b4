"""Diabetes, thyroid, weight, bones, kidneys, gout."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage, Trend
from charthouse.sandbox.data.lab_panels import (
    A1C,
    A1C_VALUE,
    FILTRATION,
    GLUCOSE,
    METABOLIC,
    THYROID,
    URINE_ALBUMIN,
)  # fmt: skip

DIABETES = Condition(
    "E11.9",
    "Type 2 diabetes",
    (
        "Thirsty, up twice at night. Fasting sugars between 170 and 210. No blurred vision.",
        "Fasting sugars between 110 and 135. No low sugars. Looks at the feet every evening.",
    ),
    "Feet: skin intact, pulses full, monofilament felt at all points.",
    (
        "Start metformin, diabetes education, eye examination. A1c in three months.",
        "A1c near goal. Continue metformin; A1c every three months, eye examination this year.",
    ),
    (Dosage("Metformin 500 mg tablet", "Twice a day with meals"),),
    {A1C_VALUE: Trend(8.9, 6.8), GLUCOSE: Trend(192, 124)},
    (A1C, METABOLIC),
    ages=(30, 120),
)
DIABETES_WITH_KIDNEY_DISEASE = Condition(
    "E11.22",
    "Type 2 diabetes with kidney disease",
    (
        "Sugars above 200 after meals. Ankles swell toward evening. Urine foamy.",
        "Sugars mostly below 160 after meals since liraglutide. Less appetite, no nausea.",
    ),
    "Feet: skin intact, pulses weak, monofilament felt at eight of ten points.",
    (
        "Add canagliflozin for the kidney. Urine albumin today, eye examination overdue.",
        "A1c near goal, albumin falling. Continue; kidney function every three months.",
    ),
    (
        Dosage("Liraglutide pen", "Once a day", "1.2"),
        Dosage("Canagliflozin 100 mg tablet", "Before breakfast"),
    ),
    {A1C_VALUE: Trend(9.4, 7.2), GLUCOSE: Trend(214, 141), URINE_ALBUMIN.loinc: Trend(310, 120)},
    (A1C, METABOLIC, URINE_ALBUMIN),
    ages=(45, 120),
)
KIDNEY_DISEASE_3A = Condition(
    "N18.31",
    "Chronic kidney disease, stage 3a",
    ("No swelling, passes urine as always. Takes no pain killers.",) * 2,
    "No edema. No flank tenderness.",
    ("Avoid NSAIDs. Kidney function and urine albumin every six months.",) * 2,
    (),
    {FILTRATION: Trend(58, 47, progresses=True)},
    (METABOLIC, URINE_ALBUMIN),
    ages=(50, 120),
)
HYPOTHYROIDISM = Condition(
    "E03.9",
    "Hypothyroidism",
    (
        "Tired, cold, gained eight pounds since winter. Hair thinner.",
        "Energy back to normal. Takes the tablet before breakfast, apart from calcium.",
    ),
    "Thyroid not enlarged, reflexes normal.",
    (
        "Start levothyroxine, TSH in six weeks.",
        "TSH in range. Continue levothyroxine, TSH once a year.",
    ),
    (Dosage("Levothyroxine 75 mcg tablet", "Before breakfast"),),
    {THYROID.loinc: Trend(11.8, 2.1)},
    (THYROID,),
)
OBESITY = Condition(
    "E66.9",
    "Obesity",
    ("Snacks in the evening. Walks once a week.", "Walks four evenings a week, keeps a food diary."),
    "Waist above 40 inches.",
    ("Dietitian, food diary, walking plan.", "Continue; weigh in at each visit."),
    ages=(18, 75),
    body_mass_index=33,
)
OSTEOPOROSIS = Condition(
    "M81.0",
    "Osteoporosis",
    (
        "Lost an inch of height. No fracture.",
        "No fall, no fracture, no back pain. No heartburn from the tablet.",
    ),
    "Spine not tender, gait steady.",
    (
        "Start alendronate, calcium, vitamin D. Fall hazards at home reviewed.",
        "Continue; bone density after two years.",
    ),
    (
        Dosage("Alendronate 10 mg tablet", "Before breakfast with water"),
        Dosage("Calcium carbonate 600 mg tablet", "Twice a day with meals"),
    ),
    sex="Female",
    ages=(60, 120),
)
VITAMIN_D_DEFICIENCY = Condition(
    "E55.9",
    "Vitamin D deficiency",
    ("Little sun, no fish or milk.", "Takes vitamin D every day."),
    "No bone tenderness.",
    ("Start vitamin D3.", "Continue vitamin D3."),
    (Dosage("Vitamin D3 1,000 IU tablet", "Once a day"),),
)
GOUT = Condition(
    "M10.9",
    "Gout",
    ("Second attack in the big toe this year, over in five days.", "No attack since allopurinol was raised."),
    "Toe joint not red, not tender. No tophi.",
    ("Colchicine for attacks, allopurinol once this one is over. Less beer.", "Continue allopurinol."),
    (
        Dosage("Allopurinol 100 mg tablet", "Once a day"),
        Dosage("Colchicine 0.6 mg tablet", "Twice a day as needed for attacks"),
    ),
    ages=(40, 120),
)
CONDITIONS = (
    DIABETES, DIABETES_WITH_KIDNEY_DISEASE, KIDNEY_DISEASE_3A, HYPOTHYROIDISM, OBESITY, OSTEOPOROSIS,
    VITAMIN_D_DEFICIENCY, GOUT,
)  # fmt: skip
