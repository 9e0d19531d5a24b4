"""The plot beside the table: throughput against the others, and CPU a request, split in server and database."""

from pathlib import Path

from bench.measure import Results

COLOURS = {"a": "#1f6feb", "b": "#8b949e", "c": "#2da44e", "d": "#bf8700"}
NAMES = {"a": "Charthouse", "b": "Django REST framework", "c": "minimal ASGI", "d": "database alone"}
CASES = {
    "one": "GET one",
    "list": "list of 250",
    "filtered": "filtered list",
    "post": "POST",
}  # the others are in the table


def draw(results: Results, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    cases = [case for case in CASES if results.has(case, "a")]
    figure, rows = plt.subplots(2, len(cases), figsize=(3.1 * len(cases), 6.2), squeeze=False)
    for column, case in enumerate(cases):
        labels = [label for label in NAMES if results.has(case, label)]
        colours = [COLOURS[label] for label in labels]
        rates = [results.median(case, label, "rate") for label in labels]
        bars = rows[0][column].bar(labels, rates, color=colours)
        rows[0][column].bar_label(bars, [f"{rate:,.0f}" for rate in rates], fontsize=8)
        rows[0][column].set_title(CASES[case])
        server = [results.median(case, label, "server") for label in labels]
        database = [results.median(case, label, "database") for label in labels]
        rows[1][column].bar(labels, server, color=colours)
        top = rows[1][column].bar(labels, database, bottom=server, color=colours, alpha=0.45, hatch="//")
        totals = [f"{one + two:.2f}" for one, two in zip(server, database, strict=True)]
        rows[1][column].bar_label(top, totals, fontsize=8)
        for axis in (rows[0][column], rows[1][column]):
            axis.spines[["top", "right"]].set_visible(False)
            axis.margins(y=0.15)
    rows[0][0].set_ylabel("requests a second")
    rows[1][0].set_ylabel("CPU ms a request\n(hatched: PostgreSQL)")
    handles = [Patch(color=COLOURS[label]) for label in NAMES]
    figure.legend(
        handles, [f"{label}: {name}" for label, name in NAMES.items()], loc="lower center", ncol=4, fontsize=8
    )
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=110)
