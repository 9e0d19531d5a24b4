"""Running controls within the sandbox's own web server, for its pages. The server installs how."""

from collections.abc import Callable, Mapping
from typing import Any

from charthouse.toolkit.controls import find_control
from charthouse.toolkit.declaration import Control, Parameters

Run = Callable[[Control, Parameters], Any]
_installed: list[Run] = []


def install(run: Run) -> None:
    """Say how controls are run in this process."""
    _installed[:] = [run]


def is_available() -> bool:
    """Tell whether controls can be run in this process: in the web server of a sandbox."""
    return bool(_installed)


def run(name: str, given: Mapping[str, Any]) -> Any:
    """Run a control. Values that are text are read as in a URL. Raises InvalidParameters, and what the control
    raises."""
    control = find_control(name)
    texts = [field for field, value in given.items() if isinstance(value, str)]
    return _installed[0](control, control.parse(given, texts=texts))
