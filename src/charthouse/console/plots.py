"""Lines over time, as SVG that a template draws: no script, and the numbers stand in a table beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT, EDGE = 480, 120, 8


@dataclass(frozen=True)
class Line:
    """``points`` as an SVG polyline has them; ``dots`` are (x, y, what it says)."""

    name: str
    points: str
    dots: list[tuple[float, float, str]]


@dataclass(frozen=True)
class Plot:
    """``low`` and ``high`` are the ends of the axis, as text; ``first`` and ``last`` the days at its ends."""

    title: str
    unit: str
    lines: list[Line]
    low: str
    high: str
    first: datetime
    last: datetime
    latest: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def box(self) -> str:
        return f"0 0 {self.width} {self.height}"


def plot(
    title: str, unit: str, series: Sequence[tuple[str, Sequence[tuple[datetime, float]]]]
) -> Plot | None:
    """Each series is its name and (moment, value) in order of time. None where nothing was measured."""
    drawn = [(name, values) for name, values in series if values]
    if not drawn:
        return None
    moments = [moment for _, values in drawn for moment, _ in values]
    numbers = [number for _, values in drawn for _, number in values]
    first, last, low, high = min(moments), max(moments), min(numbers), max(numbers)
    margin = (high - low) * 0.1 or max(abs(high) * 0.1, 1)
    low, high = low - margin, high + margin
    span = (last - first).total_seconds() or 1

    def at(moment: datetime, number: float) -> tuple[float, float]:
        x = EDGE + (moment - first).total_seconds() / span * (WIDTH - 2 * EDGE)
        return round(x, 1), round(HEIGHT - EDGE - (number - low) / (high - low) * (HEIGHT - 2 * EDGE), 1)

    lines = []
    for name, values in drawn:
        places = [(*at(moment, number), f"{moment:%Y-%m-%d}: {number:g} {unit}") for moment, number in values]
        lines.append(Line(name, " ".join(f"{x},{y}" for x, y, _ in places), places))
    latest = "/".join(f"{values[-1][1]:g}" for _, values in drawn)
    return Plot(title, unit, lines, f"{low:.0f}", f"{high:.0f}", first, last, latest)
