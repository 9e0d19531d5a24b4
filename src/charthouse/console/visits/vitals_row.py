"""The vitals of a visit in one row: inputs with units, and beside each the value before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from charthouse.console.chart import vitals
from charthouse.console.kit import records
from charthouse.console.kit.forms import decode_object
from charthouse.console.kit.page import Request, list_messages
from charthouse.engine.errors import Invalid, Malformed
from charthouse.interchange.cda.codes import SMOKING

PREFIX = "vitals."
PAIN = [("", "\N{EN DASH}"), *((str(number), str(number)) for number in range(11))]
SMOKING_WORDS = [
    ("blank", "Not recorded"),
    *((code, words) for code, words in SMOKING.items() if code != "blank"),
]
_UNITS = {
    "temperature": ("f", "c"),
    "weight": ("lbs", "kg"),
    "height": ("inches", "cm"),
    "head_circumference": ("inches", "cm"),
}
_ROW = (
    ("BP", ("blood_pressure_1", "blood_pressure_2"), "mmHg"), ("Pulse", ("pulse",), "bpm"),
    ("Resp. rate", ("respiratory_rate",), "/min"), ("Temp.", ("temperature",), ""),
    ("SpO₂", ("oxygen_saturation",), "%"),
    ("Weight", ("weight",), ""), ("Height", ("height",), ""), ("Head circ.", ("head_circumference",), ""),
)  # fmt: skip
_NAMES = {
    "blood_pressure_1": "Systolic blood pressure", "blood_pressure_2": "Diastolic blood pressure", "pulse": "Pulse",
    "respiratory_rate": "Respiratory rate", "temperature": "Temperature", "oxygen_saturation": "Oxygen saturation",
    "weight": "Weight", "height": "Height", "head_circumference": "Head circumference",
}  # fmt: skip
KEYS = (*_NAMES, *(f"{name}_units" for name in _UNITS), "pain", "smoking_status")


@dataclass(frozen=True)
class Entry:
    """An input. ``name``: as drafts have it; ``label``: for screen readers."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Cell:
    """A measure of the row. ``unit``: "" where ``units`` are to choose from; ``before``: the last value, with unit."""

    label: str
    entries: list[Entry]
    unit: str
    units: list[tuple[str, str]] = field(default_factory=list)
    unit_name: str = ""
    chosen: str = ""
    before: str = ""


def read_values(request: Request, visit: int) -> dict[str, str]:
    """Read the vitals of a visit by name, as inputs have them."""
    one = records.get_object(records.get_resource("visits"), request.actor, visit)
    return get_values(one)


def get_values(visit: Mapping[str, Any]) -> dict[str, str]:
    """Get the values from the object of a visit."""
    taken = decode_object(visit.get("vitals") or {})
    return {PREFIX + key: _format(taken.get(key)) for key in KEYS}


def _format(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def write(request: Request, visit: int, values: Mapping[str, str]) -> None:
    """Write vitals by name; "" is not taken. Raises Invalid, Malformed."""
    body = {
        name.removeprefix(PREFIX): value if value or name.endswith("pain") else None
        for name, value in values.items()
    }
    records.update(records.get_resource("visits"), request.actor, visit, {"vitals": body})


def find_wrong(refusal: Invalid | Malformed, values: Mapping[str, str]) -> dict[str, list[str]]:
    """Find which of the values were refused and why; all of them, where the refusal names none."""
    errors = (
        refusal.errors.get("vitals", {})
        if isinstance(refusal, Invalid) and isinstance(refusal.errors, dict)
        else {}
    )
    found = {}
    if isinstance(errors, Mapping):
        found = {PREFIX + key: list_messages(what) for key, what in errors.items() if PREFIX + key in values}
    words = list_messages(refusal.errors) if isinstance(refusal, Invalid) else [refusal.detail]
    return found or dict.fromkeys(values, words)


def build_row(values: Mapping[str, str], before: list[Any]) -> list[Cell]:
    """Build the row. ``before``: earlier measurements, the last one first."""
    measures = {one.columns[0]: one for one in vitals.MEASURES}
    cells = []
    for label, columns, unit in _ROW:
        earlier = next(
            (text for row in before if (text := vitals.format_value(measures[columns[0]], row))), ""
        )
        choices = [(one, vitals.UNIT_WORDS[one]) for one in _UNITS.get(columns[0], ())]
        cells.append(
            Cell(
                label,
                [Entry(PREFIX + one, _NAMES[one], values[PREFIX + one]) for one in columns],
                unit,
                choices,
                f"{PREFIX}{columns[0]}_units" if choices else "",
                values.get(f"{PREFIX}{columns[0]}_units", ""),
                earlier,
            )
        )
    return cells
