"""PDF generation with Typst. User text is passed as JSON, never as source, so it can't contain markup."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst


def typeset(template: Path, name: str, data: dict[str, Any]) -> bytes:
    """Compile a template to PDF. The template reads ``data``, as JSON, from ``sys.inputs`` under ``name``."""
    made = typst.compile(  # type: ignore[type-var]
        template.read_bytes(),
        root=template.parent,
        font_paths=_fonts(),
        sys_inputs={name: json.dumps(data)},
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts()
