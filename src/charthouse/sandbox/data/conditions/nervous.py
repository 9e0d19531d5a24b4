"""Mood, sleep, headache, nerves."""

from charthouse.sandbox.data.conditions.condition import Condition, Dosage

ANXIETY = Condition(
    "F41.1",
    "Anxiety",
    ("Worries most of the day, wakes at three.", "Sleeps better, worries less. No side effects that bother."),
    "Calm, good eye contact, thoughts ordered. No thoughts of self-harm.",
    ("Start sertraline, counseling every other week.", "Continue sertraline, counseling once a month."),
    (Dosage("Sertraline 50 mg tablet", "Once a day"),),
    ages=(18, 90),
)
DEPRESSION = Condition(
    "F33.1",
    "Depression",
    (
        "Low for two months, no interest in the garden. PHQ-9 of 16. No thoughts of self-harm.",
        "Back in the garden, sees friends weekly. PHQ-9 of 5. No thoughts of self-harm.",
    ),
    "Neat, speech normal, mood brighter than affect.",
    ("Start medication, counseling, recheck in four weeks.", "Continue for a year from remission."),
    (Dosage("Duloxetine 20 mg capsule", "Once a day"),),
    ages=(18, 100),
)
MIGRAINE = Condition(
    "G43.909",
    "Migraine",
    (
        "Six headaches this month, each with flickering before.",
        "Two headaches this month, each gone within a day.",
    ),
    "Pupils equal, no weakness, gait normal.",
    ("Start propranolol to prevent. Headache diary.", "Continue. Headache diary, regular meals and sleep."),
    (Dosage("Propranolol 40 mg tablet", "Twice a day"),),
    ages=(18, 65),
)
INSOMNIA = Condition(
    "G47.00",
    "Insomnia",
    ("Lies awake two hours, naps by day.", "Falls asleep within half an hour on most nights."),
    "Alert.",
    ("Sleep hygiene, melatonin for a month.", "Continue the same hours every day."),
    (Dosage("Melatonin 3 mg tablet", "At bedtime"),),
)
NEUROPATHY = Condition(
    "E11.42",
    "Diabetic neuropathy",
    ("Feet burn at night.", "Burning in the feet is bearable, sleeps through."),
    "Monofilament missed at two toes, skin intact.",
    ("Start pregabalin. Shoes without seams, daily foot check.", "Continue pregabalin, daily foot check."),
    (Dosage("Pregabalin 100 mg capsule", "Twice a day"),),
    ages=(45, 120),
)
CONDITIONS = (ANXIETY, DEPRESSION, MIGRAINE, INSOMNIA, NEUROPATHY)
