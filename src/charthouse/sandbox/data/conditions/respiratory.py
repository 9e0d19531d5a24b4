"""Lungs, nose, sleep."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage

ASTHMA = Condition(
    "J45.909",
    "Asthma",
    (
        "Wakes up coughing twice a week, uses the inhaler before running.",
        "Uses the inhaler about once a week, mostly after exercise. No night symptoms.",
    ),
    "Lungs clear, no wheeze, speaks in full sentences.",
    (
        "Add a daily inhaled steroid. Technique shown, action plan written.",
        "Technique reviewed. Action plan renewed.",
    ),
    (
        Dosage("Albuterol inhaler", "Every 4 to 6 hours as needed", "2"),
        Dosage("Fluticasone inhaler 110 mcg", "Twice a day", "2"),
    ),
    ages=(4, 120),
)
CHRONIC_OBSTRUCTIVE_DISEASE = Condition(
    "J44.9",
    "COPD",
    (
        "Short of breath on one flight, coughs every morning. Stopped smoking five years ago.",
        "Short of breath on two flights. No course of steroids since spring.",
    ),
    "Breath sounds distant, no wheeze. Saturation as in vitals.",
    (
        "Start combined inhaler. Spirometry, pulmonary rehabilitation.",
        "Continue inhalers. Influenza vaccine each fall.",
    ),
    (
        Dosage("Fluticasone and salmeterol inhaler", "Twice a day"),
        Dosage("Albuterol inhaler", "Every 4 to 6 hours as needed", "2"),
    ),
    ages=(50, 120),
)
ALLERGIC_RHINITIS = Condition(
    "J30.9",
    "Allergic rhinitis",
    ("Sneezes from April to June, eyes itch.", "One tablet a day in season is enough."),
    "Nasal lining pale, no polyps.",
    ("Start cetirizine in season.", "Continue cetirizine in season."),
    (Dosage("Cetirizine 10 mg tablet", "Once a day"),),
    ages=(6, 120),
)
SLEEP_APNEA = Condition(
    "G47.33",
    "Sleep apnea",
    (
        "Snores, partner sees pauses. Dozes off after lunch.",
        "Uses CPAP six hours a night, awake during the day.",
    ),
    "Neck 17 inches, throat crowded.",
    ("Sleep study, no driving when sleepy.", "Continue CPAP, new mask ordered."),
    ages=(35, 80),
)
CONDITIONS = (ASTHMA, CHRONIC_OBSTRUCTIVE_DISEASE, ALLERGIC_RHINITIS, SLEEP_APNEA)
