"""Closed lists of codes of appointments and vitals, as the API spells them. Source: reference drchrono/enums.yaml."""

BILLING_STATUSES = (
    "Auto Accident Claim",
    "Balance Due",
    "Bill Insurance",
    "Bill Secondary Insurance",
    "Durable Medical Equipment Claim",
    "Internal Review",
    "Paid In Full",
    "Settled",
    "Worker's Comp Claim",
)


LENGTH_UNITS = ("inches", "cm")


SMOKING_STATUSES = (  # SNOMED CT; reference enums.yaml smoking_status
    "blank",
    "449868002",
    "428041000124106",
    "8517006",
    "266919005",
    "77176002",
    "266927001",
    "428071000124103",
    "428061000124105",
)
