"""What DrChrono v4 adds to the printed declarations: its envelope, credentials and errors, and the printed document."""

from functools import lru_cache
from typing import Any

import msgspec

from charthouse.engine.declaration.json_schema import Schema, allow_null, reference, strict_object
from charthouse.engine.declaration.resources import Declaration, Resource
from charthouse.engine.openapi.document import print_document
from charthouse.engine.openapi.wire import (
    WRONG_FIELDS,
    WireFormat,
    describe_error,
    describe_query_parameter,
)
from charthouse.gateway.drchrono.registry import get_registry

DESCRIPTION = """\
The DrChrono v4 API as Charthouse serves it. Get a token from `/o/token/` and send it as
`Authorization: Bearer <token>`. A request requires scopes granted to the app **and** permissions that the
practice gave the user. Unknown fields and parameters are ignored. Timestamps have no time zone: system times are UTC,
`scheduled_time` is the office's local time. Anything marked `x-addition` is not part of the v4 reference; the
hosted API has added it since."""

_ERROR_DESCRIPTIONS = {
    400: "Invalid values, each named in the response, or a body or query string that can't be parsed.",
    401: "The token is missing, unknown, expired, or revoked.",
    403: "The app lacks a scope, or the user lacks a permission.",
    404: "The row or page doesn't exist, or the caller can't see the row.",
    405: "The URL doesn't support this method.",
    409: "The write conflicts with a rule of the record, such as an appointment that overlaps another.",
    410: "The patient was merged into another; `merged_into` is the other patient's id.",
    413: "The body is larger than the server accepts.",
    415: "The media type is not supported.",
    429: "The app has exceeded its request limit for this hour.",
    503: "The database is temporarily unavailable; retry the request later.",
}
_ERROR_EXAMPLES: dict[int, Any] = {
    400: {"date_of_birth": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]},
    401: {"detail": "Authentication credentials were not provided."},
    403: {"detail": "You do not have permission to perform this action."},
    404: {"detail": "Not found."},
    405: {"detail": 'Method "DELETE" not allowed.'},
    409: {"detail": "Appointment overlaps with 4711"},
    410: {"detail": "patients/12 was merged into patients/7.", "merged_into": 7},
    413: {"detail": "The request body is larger than 10 MB."},
    415: {"detail": 'Unsupported media type "text/plain" in request.'},
    429: {"detail": "Request was throttled. Expected available in 1260 seconds."},
    503: {"detail": "The database can't answer just now. Try again."},
}


def _describe_error(status: int) -> dict[str, Any]:
    named = [reference("Detail")]
    if status == 400:
        named += [reference("WrongFields"), {"type": "array", "items": reference("WrongFields")}]
    if status == 410:
        named = [reference("Merged")]
    body = named[0] if len(named) == 1 else {"anyOf": named}
    return describe_error(
        status,
        _ERROR_DESCRIPTIONS[status],
        body,
        _ERROR_EXAMPLES[status],
        "Seconds until the quota resets.",
    )


def _describe_page(rows: Schema) -> Schema:
    url = allow_null({"type": "string", "format": "uri"})
    return strict_object({"next": url, "previous": url, "results": rows})


def _list_paging(resource: Resource) -> list[dict[str, Any]]:
    size = resource.page_size
    verbose = min(size.verbose, size.maximum)
    rows_text = f"Rows per page; default {size.default}, maximum {size.maximum}"
    parameters: list[dict[str, Any]] = [
        describe_query_parameter("page", {"type": "integer", "minimum": 1}, "Page number, starting at 1."),
        describe_query_parameter(
            "page_size",
            {"type": "integer", "minimum": 1, "maximum": size.maximum, "default": size.default},
            f"{rows_text}; {verbose} with verbose=true." if resource.has_verbose else f"{rows_text}.",
        ),
        describe_query_parameter(
            "cursor",
            {"type": "string"},
            "Where the previous page ended. Use the value in `next` or `previous`; don't construct it.",
        ),
    ]
    if resource.has_verbose:
        parameters.append(
            describe_query_parameter(
                "verbose", {"type": "boolean", "default": False}, "Include fields that are slower to read."
            )
        )
    return parameters


def _list_security(resource: Declaration, reading: bool) -> list[dict[str, list[str]]]:
    suffix = "read" if reading else "write"
    return [{"oauth2": [f"{scope}:{suffix}" for scope in resource.policy.scopes]}]


def _list_schemes() -> dict[str, Any]:
    declared = [*get_registry(), *get_registry().list_operations()]
    names = sorted({scope for one in declared for scope in one.policy.scopes})
    scopes = {f"{name}:{kind}": f"{kind.title()} {name}" for name in names for kind in ("read", "write")}
    flow = {
        "authorizationUrl": "/o/authorize/",
        "tokenUrl": "/o/token/",
        "refreshUrl": "/o/token/",
        "scopes": scopes,
    }
    return {"oauth2": {"type": "oauth2", "flows": {"authorizationCode": flow}}}


_SCHEMAS: dict[str, Schema] = {
    "Detail": strict_object({"detail": {"type": "string"}}),
    "Merged": strict_object(
        {"detail": {"type": "string"}, "merged_into": {"type": "integer", "format": "int64"}}
    ),
    "WrongFields": WRONG_FIELDS,
}


def make_wire_format() -> WireFormat:
    return WireFormat(
        title="Charthouse: DrChrono v4",
        version="v4",
        description=DESCRIPTION,
        base="/api/",
        schemes=_list_schemes(),
        security=_list_security,
        page=_describe_page,
        page_example=lambda row: {"next": None, "previous": None, "results": [row]},
        paging=_list_paging,
        schemas=_SCHEMAS,
        errors={status: _describe_error(status) for status in _ERROR_DESCRIPTIONS},
    )


@lru_cache(maxsize=1)
def make_document() -> dict[str, Any]:
    """Make the OpenAPI document, once."""
    return print_document(get_registry(), make_wire_format())


@lru_cache(maxsize=1)
def print_document_json() -> bytes:
    return msgspec.json.format(msgspec.json.encode(make_document()), indent=1)
