"""Code lists of medications. Source: reference drchrono/enums.yaml, cerbo/operations.yaml."""

ORDER_STATUSES = (
    "",
    "Ordered",
    "Administered during visit",
    "Electronic eRx Sent",
    "Phoned into Pharmacy",
    "Faxed to Pharmacy",
    "Paper Rx",
    "Prescription Printed",
    "Discontinued",
    "Prescribed by other Dr",
    "Over the Counter",
)

# Frequency, and how many times a day that is.
FREQUENCIES = (
    ("Once a day", "1"),
    ("Twice a day", "2"),
    ("Three times a day", "3"),
    ("Four times a day", "4"),
    ("Every 4 hours", "6"),
    ("Every 6 hours", "4"),
    ("Every 8 hours", "3"),
    ("Every 12 hours", "2"),
    ("In the morning", "1"),
    ("At bedtime", "1"),
    ("Every other day", "0.5"),
    ("Once a week", "0.14"),
    ("Once a month", "0.03"),
)
