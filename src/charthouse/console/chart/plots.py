"""Line plots over time as SVG, rendered by a template without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT, MARGIN = 480, 120, 8


@dataclass(frozen=True)
class Line:
    """A line. ``points``: of an SVG polyline; ``dots``: (x, y, text)."""

    name: str
    points: str
    dots: list[tuple[float, float, str]]


@dataclass(frozen=True)
class Plot:
    """A plot. ``low``, ``high``: ends of the value axis, as text; ``first``, ``last``: ends of the time axis."""

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


def build_plot(
    title: str, unit: str, series: Sequence[tuple[str, Sequence[tuple[datetime, float]]]]
) -> Plot | None:
    """Build a plot of series, each a name and its (time, value) in order of time; None without values."""
    plotted = [(name, values) for name, values in series if values]
    if not plotted:
        return None
    times = [time for _, values in plotted for time, _ in values]
    numbers = [number for _, values in plotted for _, number in values]
    first, last, low, high = min(times), max(times), min(numbers), max(numbers)
    margin = (high - low) * 0.1 or max(abs(high) * 0.1, 1)
    low, high = low - margin, high + margin
    span = (last - first).total_seconds() or 1

    def at(time: datetime, number: float) -> tuple[float, float]:
        x = MARGIN + (time - first).total_seconds() / span * (WIDTH - 2 * MARGIN)
        return round(x, 1), round(HEIGHT - MARGIN - (number - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1)

    lines = []
    for name, values in plotted:
        dots = [(*at(time, number), f"{time:%m/%d/%Y}: {number:g} {unit}") for time, number in values]
        lines.append(Line(name, " ".join(f"{x},{y}" for x, y, _ in dots), dots))
    latest = "/".join(f"{values[-1][1]:g}" for _, values in plotted)
    return Plot(title, unit, lines, f"{low:.0f}", f"{high:.0f}", first, last, latest)


@dataclass(frozen=True)
class Sparkline:
    """A trend without axes. ``points``: of an SVG polyline in a box of SPARK; ``last``: the latest point."""

    points: str
    last: tuple[float, float]


SPARK = (72, 20)


def build_sparkline(values: Sequence[float]) -> Sparkline | None:
    """Build the trend of values in order of time, evenly spaced; None of fewer than two."""
    if len(values) < 2:
        return None
    (width, height), low, high = SPARK, min(values), max(values)
    span = high - low or 1
    places = [
        (
            round(2 + index * (width - 4) / (len(values) - 1), 1),
            round(height - 2 - (value - low) / span * (height - 4) if high > low else height / 2, 1),
        )
        for index, value in enumerate(values)
    ]
    return Sparkline(" ".join(f"{x},{y}" for x, y in places), places[-1])
