"""Laboratory panels with the LOINC codes of their observations and the normal range of each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Observation:
    """One value that a panel reports.

    ``low`` and ``high`` are the normal range, ``decimals`` the number of decimal places. An observation whose result
    is not a number has ``choices`` instead, the normal one first.
    """

    loinc: str
    name: str
    unit: str = ""
    low: float = 0
    high: float = 0
    decimals: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A panel that can be ordered. ``volume``: of the specimen, in milliliters."""

    loinc: str
    name: str
    specimen: str
    volume: float
    observations: tuple[Observation, ...]


METABOLIC = Panel(
    "24323-8",
    "Comprehensive metabolic panel",
    "Serum",
    2.0,
    (
        Observation("2345-7", "Glucose", "mg/dL", 70, 99),
        Observation("2160-0", "Creatinine", "mg/dL", 0.6, 1.2, 2),
        Observation("2951-2", "Sodium", "mmol/L", 136, 145),
        Observation("2823-3", "Potassium", "mmol/L", 3.5, 5.1, 1),
        Observation("1742-6", "Alanine aminotransferase", "U/L", 7, 56),
    ),
)
BLOOD_COUNT = Panel(
    "58410-2",
    "Complete blood count",
    "Whole blood",
    3.0,
    (
        Observation("718-7", "Hemoglobin", "g/dL", 12.0, 16.0, 1),
        Observation("4544-3", "Hematocrit", "%", 36, 46, 1),
        Observation("6690-2", "Leukocytes", "10*3/uL", 4.5, 11.0, 1),
        Observation("777-3", "Platelets", "10*3/uL", 150, 400),
    ),
)
LIPIDS = Panel(
    "24331-1",
    "Lipid panel",
    "Serum",
    1.0,
    (
        Observation("2093-3", "Cholesterol", "mg/dL", 100, 199),
        Observation("2571-8", "Triglyceride", "mg/dL", 40, 149),
        Observation("2085-9", "HDL cholesterol", "mg/dL", 40, 90),
        Observation("13457-7", "LDL cholesterol, calculated", "mg/dL", 40, 99),
    ),
)
A1C = Panel(
    "4548-4",
    "Hemoglobin A1c",
    "Whole blood",
    1.0,
    (Observation("4548-4", "Hemoglobin A1c/Hemoglobin.total", "%", 4.0, 5.6, 1),),
)
THYROID = Panel(
    "3016-3", "Thyrotropin", "Serum", 1.0, (Observation("3016-3", "Thyrotropin", "m[IU]/L", 0.45, 4.5, 2),)
)
STREP = Panel(
    "78012-2",
    "Streptococcus pyogenes antigen, rapid",
    "Throat swab",
    0.5,
    (Observation("78012-2", "Streptococcus pyogenes antigen", choices=("Negative", "Positive")),),
)
LEAD = Panel(
    "10368-9",
    "Lead, capillary",
    "Capillary blood",
    0.3,
    (Observation("10368-9", "Lead", "ug/dL", 0, 3.4, 1),),
)

ADULT_PANELS = (METABOLIC, BLOOD_COUNT, LIPIDS, A1C, THYROID)
CHILD_PANELS = (BLOOD_COUNT, STREP, LEAD)
# Names, codes, and the vendor who passes orders on: the second one is the partner of Cerbo's API.
LABORATORIES = (
    ("Front Range Reference Laboratory", "FRR", "Sandbox lab vendor"),
    ("Summit Diagnostics", "SUM", "Quest (sandbox)"),
)
