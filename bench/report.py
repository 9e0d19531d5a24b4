"""The table, and how it stands against the bar, as Markdown that also reads well in a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.machine import describe
from bench.measure import Results

SYSTEMS = {"a": "Charthouse", "b": "Django REST framework", "c": "minimal ASGI", "d": "database alone"}
CASES = {
    "one": "GET one patient",
    "list": "list of 250",
    "filtered": "filtered list",
    "post": "POST appointment",
    "cerbo_one": "Cerbo: GET one patient",
    "cerbo_list": "Cerbo: list of 100",
}


@dataclass(frozen=True)
class Bar:
    """What ``a`` must reach: at least ``least`` times the rate of ``other``, or at most so many ms of CPU."""

    case: str
    other: str
    least: float = 0.0
    most: float = 0.0


BARS = (
    Bar("one", "c", least=0.85),
    Bar("one", "b", least=6),
    Bar("list", "c", least=1.2),
    Bar("list", "b", least=12),
    Bar("filtered", "c", least=1.0),
    Bar("post", "b", least=3),
    Bar("cerbo_one", "c", least=0.85),
    Bar("cerbo_list", "c", least=1.2),
    Bar("one", "", most=1.2),
    Bar("list", "", most=10),
    Bar("post", "", most=4),
)
CPU_BARS = {"one": 1.35, "post": 1.15, "cerbo_one": 1.35}  # at most so many times the CPU of (c)
MARKS = ("<!-- figures -->", "<!-- end of figures -->")
GROWTH = 1.2  # times the figures of the usual number of patients
DEPTH = 1.3  # times the first page, for page 400


def render(
    usual: Results, growth: dict[int, Results], facts: dict[int, Any], rounds: int, seconds: float
) -> str:
    """All of it. ``facts`` and ``growth`` by number of patients, the usual one first."""
    size = next(iter(facts))
    lines = [
        f"{describe()}.",
        f"{size:,} patients, {facts[size]['populated']} of {facts[size]['keys']} keys filled; one worker each; "
        f"medians of {rounds} interleaved rounds of {seconds:g} s.",
        "",
        *_render_table(usual),
        "",
        *_render_bars(usual),
    ]
    lines += ["", *_render_pages(usual, facts[size]["depth"])] if usual.has("page1", "a") else []
    if growth:
        lines += ["", *_render_growth(growth)]
    return "\n".join(lines) + "\n"


def publish(text: str, path: Path, marks: tuple[str, str] = MARKS) -> None:
    """Put the tables between the marks of the page."""
    page = path.read_text()
    before, _, rest = page.partition(marks[0])
    _, _, after = rest.partition(marks[1])
    path.write_text(f"{before}{marks[0]}\n\n{text}\n{marks[1]}{after}")


def _render_table(results: Results) -> Iterator[str]:
    yield "| request | system | requests/s | p50 ms | p99 ms | CPU ms: server | + PostgreSQL | = both | KiB |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for case, title in CASES.items():
        for label, name in SYSTEMS.items():
            if not results.has(case, label):
                continue
            rate, p50, p99, server, database, cpu, body = (
                results.median(case, label, of)
                for of in ("rate", "p50", "p99", "server", "database", "cpu", "body")
            )
            size = f"{body / 1024:.1f}" if body else ""
            yield (
                f"| {title} | ({label}) {name} | {rate:,.0f} | {p50:.1f} | {p99:.1f} "
                f"| {server:.2f} | {database:.2f} | {cpu:.2f} | {size} |"
            )


def _render_bars(results: Results) -> Iterator[str]:
    yield "| bar | asked | measured | |"
    yield "|---|--:|--:|---|"
    for bar in BARS:
        title = CASES[bar.case]
        if bar.other:
            ratio = results.ratio(bar.case, "a", bar.other)
            if ratio is None:
                continue
            verdict = _render_verdict(ratio >= bar.least)
            yield f"| {title}, times ({bar.other}) | ≥ {bar.least:g} | {ratio:.2f} | {verdict} |"
        elif results.has(bar.case, "a"):
            cpu = results.median(bar.case, "a", "cpu")
            verdict = _render_verdict(cpu <= bar.most)
            yield f"| {title}, CPU ms, server and database | ≤ {bar.most:g} | {cpu:.2f} | {verdict} |"
    for case, most in CPU_BARS.items():
        times = results.ratio(case, "a", "c", "cpu")
        if times is not None:
            yield f"| {CASES[case]}, CPU, times (c) | ≤ {most:g} | {times:.2f} | {_render_verdict(times <= most)} |"


def _render_pages(results: Results, depth: int) -> Iterator[str]:
    yield "| a page of the list | requests/s | p99 ms | CPU ms | time, times page 1 | asked | |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    for case, title in (
        ("page1", "page 1"),
        ("deep", "page 400 by number"),
        ("cursor", "page 400 by `next`"),
    ):
        ratio = _compute_times(results, case)
        rate, p99, cpu = (results.median(case, "a", of) for of in ("rate", "p99", "cpu"))
        asked, verdict = ("", "") if case == "page1" else (f"≤ {DEPTH:g}", _render_verdict(ratio <= DEPTH))
        yield f"| {title} | {rate:.0f} | {p99:.1f} | {cpu:.2f} | {ratio:.2f} | {asked} | {verdict} |"


def _compute_times(results: Results, case: str) -> float:
    """The median of the rounds' ratios of time to page 1's."""
    pairs = zip(results.windows["page1", "a"], results.windows[case, "a"], strict=False)
    return median(first.rate / deep.rate for first, deep in pairs)


def _render_verdict(met: bool) -> str:
    return "met" if met else "missed"


def _render_growth(growth: dict[int, Results]) -> Iterator[str]:
    (size, usual), (other, larger) = growth.items()
    yield f"| (a) with | {size:,}: requests/s | CPU ms | {other:,}: requests/s | CPU ms | time, times | asked | |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for case, title in CASES.items():
        if not usual.has(case, "a"):
            continue
        pairs = list(zip(usual.windows[case, "a"], larger.windows[case, "a"], strict=True))
        times = median(one.rate / two.rate for one, two in pairs)
        cells = [r.median(case, "a", of) for r in (usual, larger) for of in ("rate", "cpu")]
        asked, verdict = (
            (f"≤ {GROWTH:g}", _render_verdict(times <= GROWTH)) if case in ("one", "list") else ("", "")
        )
        yield (
            f"| {title} | {cells[0]:,.0f} | {cells[1]:.2f} | {cells[2]:,.0f} | {cells[3]:.2f} "
            f"| {times:.2f} | {asked} | {verdict} |"
        )
