"""What a condition brings with it: problem, medications, course of lab values, and the text of notes."""

from dataclasses import dataclass, field
from typing import NamedTuple

from charthouse.sandbox.data.lab_panels import Panel

TABLET_AGE = 12  # years, from which on tablets of adults are prescribed


class Dosage(NamedTuple):
    """How a drug of the catalog (``drugs.DRUGS``), named by its name, is taken. ``dispensed``: how much of it, where
    that is not the complaint's ``dose_count``."""

    drug: str
    frequency: str
    quantity: str = "1"
    dispensed: int = 0


class Trend(NamedTuple):
    """The course of a measured value: ``before`` treatment and ``after`` it has taken effect.

    ``progresses``: no treatment changes it; it goes from the one to the other over the two years before today.
    """

    before: float
    after: float
    progresses: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition of a patient. ``code``: ICD-10-CM; ``name``: what it is called in notes.

    ``histories`` and ``plans``: text of a note before treatment has taken effect, and after; ``finding``: of the
    examination. ``trends``: by LOINC code of the observation, or "systolic" (mmHg), "weight" (pounds more
    than before). ``panels``: ordered to follow it.
    ``sex``: of the patients who can have it, "" for any. ``ages``: lowest and highest age in years at which one has it.
    ``began``: days before today, None for years ago. ``body_mass_index``: lowest one of an adult who has it.
    ``specialist``: whose consultation note may be on file.
    """

    code: str
    name: str
    histories: tuple[str, str]
    finding: str
    plans: tuple[str, str]
    dosages: tuple[Dosage, ...] = ()
    trends: dict[str, Trend] = field(default_factory=dict, hash=False)
    panels: tuple[Panel, ...] = ()
    sex: str = ""
    ages: tuple[int, int] = (18, 120)
    began: int | None = None
    body_mass_index: float = 0
    specialist: str = ""


@dataclass(frozen=True)
class Complaint:
    """An illness of days, or another reason for a visit. ``code`` and ``name`` as of conditions.

    ``choices``: dosages of which the first is given that the patient is not allergic to; ``child_choices``: those of
    children under TABLET_AGE; ``dose_count``: doses to dispense. ``sex`` and ``ages`` as of conditions. ``is_problem``:
    whether it is put on the list of problems.
    """

    code: str
    name: str
    history: str
    finding: str
    plan: str
    choices: tuple[Dosage, ...] = ()
    child_choices: tuple[Dosage, ...] = ()
    dose_count: int = 0
    sex: str = ""
    ages: tuple[int, int] = (0, 120)
    is_problem: bool = True
