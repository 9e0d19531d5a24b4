"""Laboratory panels with the LOINC codes of their observations, units and the reference range of adults.

Ranges are those of "ABIM Laboratory Test Reference Ranges" (American Board of Internal Medicine, January 2024), those
of hemoglobin A1c, LDL cholesterol, albumin in urine and lead of the ADA's Standards of Care, NCEP ATP III, KDIGO and
the CDC.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Observation:
    """One value that a panel reports.

    ``low`` and ``high`` are the normal range, ``of_men`` that of men where it differs, ``decimals`` the number of
    decimal places. An observation whose result is not a number has ``choices`` instead, the normal one first.
    """

    loinc: str
    name: str
    unit: str = ""
    low: float = 0
    high: float = 0
    decimals: int = 0
    choices: tuple[str, ...] = ()
    of_men: tuple[float, float] | None = None

    def get_range(self, gender: str) -> tuple[float, float]:
        """Return the lowest and highest normal value for patients of this gender."""
        return self.of_men if self.of_men and gender == "Male" else (self.low, self.high)


# LOINC codes of values that conditions change.
GLUCOSE, CREATININE, FILTRATION = "2345-7", "2160-0", "33914-3"
HEMOGLOBIN, HEMATOCRIT, A1C_VALUE = "718-7", "4544-3", "4548-4"
IRON_STORES, SERUM_IRON, BINDING = "2276-4", "2498-4", "2500-7"  # ferritin, iron, iron binding capacity
CHOLESTEROL, TRIGLYCERIDE, HDL, LDL = "2093-3", "2571-8", "2085-9", "13457-7"


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
        Observation(GLUCOSE, "Glucose", "mg/dL", 70, 99),
        Observation(CREATININE, "Creatinine", "mg/dL", 0.5, 1.1, 2, of_men=(0.7, 1.3)),
        Observation(FILTRATION, "Glomerular filtration rate, estimated", "mL/min/{1.73_m2}", 60, 120),
        Observation("2951-2", "Sodium", "mmol/L", 136, 145),
        Observation("2823-3", "Potassium", "mmol/L", 3.5, 5.0, 1),
        Observation("1742-6", "Alanine aminotransferase", "U/L", 10, 40),
    ),
)
BLOOD_COUNT = Panel(
    "58410-2",
    "Complete blood count",
    "Whole blood",
    3.0,
    (
        Observation(HEMOGLOBIN, "Hemoglobin", "g/dL", 12.0, 16.0, 1, of_men=(14.0, 18.0)),
        Observation(HEMATOCRIT, "Hematocrit", "%", 37, 47, 1, of_men=(42, 50)),
        Observation("6690-2", "Leukocytes", "10*3/uL", 4.0, 11.0, 1),
        Observation("777-3", "Platelets", "10*3/uL", 150, 450),
    ),
)
LIPIDS = Panel(
    "24331-1",
    "Lipid panel",
    "Serum",
    1.0,
    (
        Observation(CHOLESTEROL, "Cholesterol", "mg/dL", 0, 199),
        Observation(TRIGLYCERIDE, "Triglyceride", "mg/dL", 0, 149),
        Observation(HDL, "HDL cholesterol", "mg/dL", 50, 100, of_men=(40, 100)),
        Observation(LDL, "LDL cholesterol, calculated", "mg/dL", 0, 129),
    ),
)
A1C = Panel(
    "4548-4",
    "Hemoglobin A1c",
    "Whole blood",
    1.0,
    (Observation(A1C_VALUE, "Hemoglobin A1c/Hemoglobin.total", "%", 4.0, 5.6, 1),),
)
THYROID = Panel(
    "3016-3", "Thyrotropin", "Serum", 1.0, (Observation("3016-3", "Thyrotropin", "m[IU]/L", 0.5, 4.0, 2),)
)
URINE_ALBUMIN = Panel(
    "14959-1",
    "Albumin/creatinine ratio, urine",
    "Urine",
    10.0,
    (Observation("14959-1", "Albumin/creatinine ratio, urine", "mg/g", 0, 29),),
)
IRON = Panel(
    "75689-0",
    "Iron panel",
    "Serum",
    2.0,
    (
        Observation(SERUM_IRON, "Iron", "ug/dL", 50, 150),
        Observation(BINDING, "Iron binding capacity", "ug/dL", 250, 310),
        Observation(IRON_STORES, "Ferritin", "ng/mL", 11, 307, of_men=(24, 336)),
    ),
)
NATRIURETIC_PEPTIDE = Panel(
    "33762-6", "NT-proBNP", "Plasma", 2.0, (Observation("33762-6", "NT-proBNP", "pg/mL", 0, 449),)
)
PROTHROMBIN = Panel(
    "34528-0",
    "Prothrombin time and INR",
    "Plasma",
    2.7,
    (Observation("6301-6", "INR", "{INR}", 0.8, 1.2, 1),),
)
PROSTATE = Panel(
    "2857-1",
    "Prostate specific antigen",
    "Serum",
    1.0,
    (Observation("2857-1", "Prostate specific antigen", "ng/mL", 0, 4.0, 1),),
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

ADULT_PANELS = (METABOLIC, BLOOD_COUNT, LIPIDS, A1C, THYROID)  # of check-ups
CHILD_PANELS = (BLOOD_COUNT, STREP, LEAD)
PANELS = (
    METABOLIC, BLOOD_COUNT, LIPIDS, A1C, THYROID, URINE_ALBUMIN, IRON, NATRIURETIC_PEPTIDE, PROTHROMBIN, PROSTATE,
    STREP, LEAD,
)  # fmt: skip
# Names, codes, and the vendor who passes orders on: the second one is the partner of Cerbo's API.
LABORATORIES = (
    ("Front Range Reference Laboratory", "FRR", "Sandbox lab vendor"),
    ("Summit Diagnostics", "SUM", "Quest (sandbox)"),
)
