"""Conditions of synthetic patients, with the medication for each and the text of a note on it.

An RxNorm code is given only where it has been verified; texts are this project's own.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Dosage(NamedTuple):
    """A drug of the catalog, by its name, and how it is taken."""

    drug: str
    rxnorm: str
    quantity: str
    unit: str
    frequency: str
    route: str


@dataclass(frozen=True)
class Condition:
    """A chronic condition. ``code``: ICD-10-CM. ``history`` and ``plan``: text of a note."""

    code: str
    dosage: Dosage | None
    history: str
    plan: str


CHRONIC_CONDITIONS = (
    Condition(
        "I10",
        Dosage("Lisinopril 10 mg tablet", "314076", "1", "tablet", "Once a day", "Oral"),
        "Takes tablets as prescribed. No headache, no chest pain, no swelling of the legs.",
        "Continue lisinopril. Salt below 2 g a day, home readings twice a week.",
    ),
    Condition(
        "E11.9",
        Dosage("Metformin 500 mg tablet", "861007", "1", "tablet", "Twice a day with meals", "Oral"),
        "Fasting sugars between 110 and 140. No low sugars. Feet are looked at every evening.",
        "A1c today. Continue metformin, eye examination this year.",
    ),
    Condition(
        "E78.5",
        Dosage("Atorvastatin 20 mg tablet", "617310", "1", "tablet", "At bedtime", "Oral"),
        "No muscle pain since the statin was started. Walks on most days.",
        "Lipid panel before the next visit. Continue atorvastatin.",
    ),
    Condition(
        "J45.909",
        Dosage("Albuterol inhaler", "", "2", "puffs", "Every 4 to 6 hours as needed", "Inhaled"),
        "Uses the inhaler about once a week, mostly after exercise. No night symptoms.",
        "Technique reviewed. Action plan renewed.",
    ),
    Condition(
        "F41.1",
        Dosage("Sertraline 50 mg tablet", "312941", "1", "tablet", "Once a day", "Oral"),
        "Sleeps better, worries less. No side effects that would bother.",
        "Continue sertraline, counseling every other week.",
    ),
    Condition(
        "K21.9",
        Dosage("Omeprazole 20 mg capsule", "198051", "1", "capsule", "Before breakfast", "Oral"),
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
CHILD_CONDITIONS = (CHRONIC_CONDITIONS[3],)
RESOLVED_CHILD_CODES = ("J06.9", "J02.9", "H66.90", "L20.9")  # ICD-10-CM
