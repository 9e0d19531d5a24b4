"""High blood pressure, heart and vessels, lipids."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage, Trend
from charthouse.sandbox.data.lab_panels import LDL, LIPIDS, METABOLIC, NATRIURETIC_PEPTIDE, PROTHROMBIN

HYPERTENSION = Condition(
    "I10",
    "High blood pressure",
    (
        "Home readings mostly in the 150s over 90s. No headache, no chest pain, no swelling of the legs.",
        "Home readings mostly in the 120s over 70s. Takes tablets as prescribed, no dizziness on standing.",
    ),
    "Heart regular, no murmur. No edema.",
    (
        "Start or raise medication. Salt below 2 g a day, home readings twice a week, recheck in a month.",
        "At goal. Continue medication, home readings weekly, metabolic panel once a year.",
    ),
    (
        Dosage("Lisinopril 20 mg tablet", "Once a day"),
        Dosage("Amlodipine 5 mg tablet", "Once a day"),
    ),
    {"systolic": Trend(156, 128)},
    (METABOLIC,),
    ages=(30, 120),
)
HYPERTENSION_WITH_KIDNEY_DISEASE = Condition(
    "I12.9",
    "High blood pressure with kidney disease",
    (
        "Home readings in the 150s despite two tablets. No headache, no chest pain.",
        "Home readings in the low 130s since the diuretic was added. No cramps, no dizziness.",
    ),
    "Heart regular, no murmur. Trace edema at the ankles.",
    (
        "Add diuretic. Metabolic panel in two weeks. Avoid NSAIDs.",
        "At goal for kidney disease. Continue; metabolic panel every three months. Avoid NSAIDs.",
    ),
    (
        Dosage("Losartan 50 mg tablet", "Once a day"),
        Dosage("Chlorthalidone 25 mg tablet", "Once a day"),
    ),
    {"systolic": Trend(158, 132)},
    (METABOLIC,),
    ages=(45, 120),
)
HYPERLIPIDEMIA = Condition(
    "E78.5",
    "High cholesterol",
    (
        "Never treated for cholesterol. Father had a heart attack. Walks on most days.",
        "No muscle pain since the statin was started. Walks on most days.",
    ),
    "No xanthomas, pulses full.",
    (
        "Start atorvastatin. Lipid panel in three months.",
        "LDL at goal. Continue atorvastatin, lipid panel once a year.",
    ),
    (Dosage("Atorvastatin 20 mg tablet", "At bedtime"),),
    {LDL: Trend(168, 82)},
    (LIPIDS,),
    ages=(30, 120),
)
CORONARY_DISEASE = Condition(
    "I25.10",
    "Coronary artery disease",
    (
        "Tightness in the chest on the second flight of stairs, gone after a minute of rest.",
        "No chest tightness since the stent, cardiac rehabilitation finished. Climbs three flights.",
    ),
    "Heart regular, no murmur, lungs clear.",
    (
        "Continue aspirin and clopidogrel, high dose statin, cardiology visit within two weeks.",
        "Stable. Continue aspirin, clopidogrel until cardiology stops it, statin, beta blocker.",
    ),
    (
        Dosage("Aspirin 81 mg tablet", "Once a day"),
        Dosage("Clopidogrel 75 mg tablet", "Once a day"),
        Dosage("Metoprolol succinate ER 50 mg tablet", "Once a day"),
    ),
    {LDL: Trend(142, 64)},
    (LIPIDS,),
    ages=(45, 120),
    specialist="Cardiology",
)
HEART_FAILURE = Condition(
    "I50.22",
    "Heart failure",
    (
        "Short of breath after one block, sleeps on three pillows, gained six pounds in two weeks.",
        "Walks half a mile, sleeps on one pillow. Weight steady at home within two pounds.",
    ),
    "No jugular distension. Crackles at the bases cleared. Trace edema.",
    (
        "Raise furosemide, weigh in every morning, salt below 2 g, recheck in a week.",
        "Euvolemic. Continue beta blocker, furosemide and spironolactone; potassium and creatinine every three months.",
    ),
    (
        Dosage("Carvedilol 12.5 mg tablet", "Twice a day with meals"),
        Dosage("Furosemide 40 mg tablet", "Once a day"),
        Dosage("Spironolactone 25 mg tablet", "Once a day"),
    ),
    {NATRIURETIC_PEPTIDE.loinc: Trend(2350, 620)},
    (NATRIURETIC_PEPTIDE, METABOLIC),
    ages=(55, 120),
    specialist="Cardiology",
)
ATRIAL_FIBRILLATION = Condition(
    "I48.91",
    "Atrial fibrillation",
    (
        "Palpitations for three weeks, tires easily. No chest pain, no fainting.",
        "No palpitations. Takes warfarin every evening, no bleeding, keeps greens steady.",
    ),
    "Irregularly irregular, rate 76.",
    (
        "Start warfarin, INR twice in the first week. Rate control.",
        "Rate controlled. INR within 2 to 3 at the last checks; continue monthly checks.",
    ),
    (Dosage("Warfarin 5 mg tablet", "Once a day in the evening"),),
    {PROTHROMBIN.observations[0].loinc: Trend(1.1, 2.4)},
    (PROTHROMBIN,),
    ages=(60, 120),
    specialist="Cardiology",
)
CONDITIONS = (
    HYPERTENSION, HYPERTENSION_WITH_KIDNEY_DISEASE, HYPERLIPIDEMIA, CORONARY_DISEASE, HEART_FAILURE,
    ATRIAL_FIBRILLATION,
)  # fmt: skip
