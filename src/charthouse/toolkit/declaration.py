"""What is declared of a control of the sandbox: name, HTTP method, path, parameters, answer.

Routes and OpenAPI document of the control API, commands, methods of the client and tools of agents are all made of
these declarations.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from charthouse.toolkit.command_groups import PAGES

BASE = "/_sandbox/v1"
DURATION_PATTERN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


class Parameters(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of the parameters of a control. Descriptions and limits are in ``msgspec.Meta`` of their types."""


class InvalidParameters(ValueError):
    """Parameters that are not accepted. ``errors``: messages by parameter."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Control:
    """One control.

    name        "group.verb", as clients and commands call it
    method      HTTP method
    path        below BASE; {names} are parameters
    summary     one sentence
    parameters  their type
    answer      type of the answer
    positional  names of parameters that a command takes without an option
    """

    name: str
    method: str
    path: str
    summary: str
    parameters: type[Parameters]
    answer: Any
    positional: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.name.partition(".")[2]

    @property
    def command(self) -> str:
        """Group and verb as the command line has them."""
        return f"{self.group} {self.verb}".replace("_", "-")

    @property
    def page(self) -> str:
        """The path of the console's page that has it."""
        return f"/sandbox/{PAGES.get(self.group, self.group)}"

    @property
    def tool(self) -> str:
        """The name of the tool that agents are offered."""
        return f"sandbox_{self.name.replace('.', '_')}"

    @property
    def path_names(self) -> list[str]:
        """The parameters in the path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def has_body(self) -> bool:
        """Whether parameters that are not in the path are sent as a JSON body, and not in the query."""
        return self.method == "POST"

    def list_fields(self) -> tuple[msgspec.structs.FieldInfo, ...]:
        """The parameters with their types and defaults."""
        return msgspec.structs.fields(self.parameters)

    def parse(self, given: Mapping[str, Any], texts: Collection[str] = ()) -> Parameters:
        """Parse parameters. ``texts``: names of those whose values are text, as in a URL. Raises InvalidParameters with
        the errors of all of them."""
        fields = {field.name: field for field in self.list_fields()}
        errors = {name: ["There is no such parameter."] for name in given if name not in fields}
        values = {}
        for name, field in fields.items():
            if name not in given:
                if field.required:
                    errors[name] = ["This parameter is required."]
                continue
            try:
                values[name] = msgspec.convert(given[name], field.type, strict=name not in texts)
            except msgspec.ValidationError as error:
                errors[name] = [str(error).removesuffix(" - at `$`")]
        if errors:
            raise InvalidParameters(errors)
        return self.parameters(**values)


def parse_duration(text: str) -> timedelta:
    """Parse a duration such as 90s, 45m, 3h, 2d or 1d12h. Raises ValueError."""
    found = DURATION_PATTERN.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"{text!r} is no time such as 45m, 3h or 1d12h")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_timestamp(text: str) -> datetime:
    """Parse an ISO 8601 date or time, in UTC where it has no zone. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
