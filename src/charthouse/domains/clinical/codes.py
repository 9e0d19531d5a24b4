"""Code lists of the chart. Source: reference drchrono/enums.yaml."""

CARE_PLAN_TYPES = range(1, 7)

ALLERGY_REACTIONS = (  # SNOMED CT; reference enums.yaml snomed_reaction
    "",
    "14669001",
    "4448006",
    "39579001",
    "57676002",
    "43724002",
    "49727002",
    "386661006",
    "25064002",
    "247472004",
    "271795006",
    "68962001",
    "68235000",
    "422587007",
    "95388000",
    "271807003",
    "271825005",
    "64531003",
    "267036007",
    "162397003",
    "65124004",
)
