"""Messages that say what was done, with a button that undoes it."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core import signing

from charthouse.console.kit.page import Request

_SALT = "charthouse.console.undo"


def add_message(request: Request, text: str, address: str, values: Mapping[str, Any]) -> None:
    """Tell the user what was done. Undo posts ``values`` to ``address``, a URL of the console."""
    packed = signing.dumps({"address": address, "values": dict(values)}, salt=_SALT)
    messages.success(request, text, extra_tags=packed)


def read_undo(tags: str) -> dict[str, Any] | None:
    """Read what undoes the act of a message: ``address``, and pairs of ``values``; None if nothing does."""
    try:
        found = signing.loads(tags, salt=_SALT)
    except (signing.BadSignature, json.JSONDecodeError):
        return None
    return {"address": found["address"], "values": list(found["values"].items())}
