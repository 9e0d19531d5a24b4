"""The progress of a command: a bar for each step on a terminal."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class StepProgress:
    """A bar for each step on a terminal. Elsewhere nothing, or a line when a step begins (``has_lines``)."""

    def __init__(self, *, has_lines: bool = False) -> None:
        console = Console(stderr=True)
        self._has_lines = has_lines and not console.is_terminal
        self._bars: dict[str, TaskID] = {}
        self._display = Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __call__(self, what: str, done: int, of: int) -> None:
        """Report that ``done`` of ``of`` parts of a step are done."""
        if what not in self._bars:
            self._bars[what] = self._display.add_task(what, total=of)
            if self._has_lines:
                print(f"{what} ...", file=sys.stderr, flush=True)
        self._display.update(self._bars[what], completed=done, total=of)

    def end(self) -> None:
        """Take the bars away, before something else is printed."""
        self._display.stop()

    def __enter__(self) -> "StepProgress":
        self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
