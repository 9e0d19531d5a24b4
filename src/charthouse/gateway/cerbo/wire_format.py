"""What Cerbo v1 adds to the printed declarations: its envelope, credentials and errors, and the printed document."""

from functools import lru_cache
from typing import Any

import msgspec

from charthouse.engine.declaration.json_schema import Schema, allow_null, list_of, reference, strict_object
from charthouse.engine.declaration.resources import Declaration, Resource
from charthouse.engine.openapi.document import print_document
from charthouse.engine.openapi.wire import (
    WRONG_FIELDS,
    WireFormat,
    describe_error,
    describe_query_parameter,
)
from charthouse.gateway.cerbo.registry import get_registry

DESCRIPTION = """\
The Cerbo v1 API as Charthouse serves it. Every request requires the name and secret of an API user, sent with HTTP
Basic authentication. API users are created in the console and can be read-only, anonymized, or restricted to
endpoints or IP addresses. Lists return at most 100 rows per page: use `limit` and `offset`; the response has
`total_count` and `has_more`. Every successful request returns 200. Times are UTC, `YYYY-MM-DD HH:MM:SS`. DELETE
archives a row; it stays in the record. An anonymized API user doesn't see patients' names or streets, and sees only
the area code of phone numbers and the year of birth; questionnaires are returned as answered. Any request can use
`anonymize=true` for the same."""

_ERROR_DESCRIPTIONS = {
    400: "Invalid values, each named in `error.fields`, or a body or query string that can't be parsed.",
    401: "Missing or unknown credentials, or the API user is disabled.",
    403: "The API user isn't allowed to use this IP address or endpoint, or to write.",
    404: "The row or URL doesn't exist.",
    405: "The URL doesn't support this method.",
    409: "The write conflicts with a rule of the record.",
    410: "The patient was merged into another; `error.merged_into` is the other patient's id.",
    413: "The body is larger than the server accepts.",
    415: "The media type is not supported.",
    429: "Too many requests of this class in a minute; the API user is temporarily locked out of the class.",
    503: "The database is temporarily unavailable; retry the request later.",
}
_ERROR_EXAMPLES = {
    400: "dob: Date has wrong format. Use one of these formats instead: YYYY-MM-DD.",
    401: "Unknown API user or wrong secret.",
    403: "This API user may only read.",
    404: "Not found.",
    405: 'Method "PUT" not allowed.',
    409: "The patient has open or unsigned SOAP notes.",
    410: "patients/12 was merged into patients/7.",
    413: "The request body is larger than 10 MB.",
    415: 'Unsupported media type "application/xml" in request.',
    429: "Request was throttled. Expected available in 42 seconds.",
    503: "The database can't answer just now. Try again.",
}


def _describe_error(status: int) -> dict[str, Any]:
    error: dict[str, Any] = {"message": _ERROR_EXAMPLES[status], "code": status}
    if status == 410:
        error["merged_into"] = 7
    if status == 400:
        error["fields"] = {"dob": [_ERROR_EXAMPLES[status].removeprefix("dob: ")]}
    return describe_error(
        status,
        _ERROR_DESCRIPTIONS[status],
        reference("Error"),
        {"error": error},
        "Seconds until the lock ends.",
    )


def _describe_page(rows: Schema) -> Schema:
    return strict_object(
        {
            "object": {"type": "string", "enum": ["list"]},
            "total_count": {"type": "integer", "minimum": 0},
            "has_more": {"type": "boolean"},
            "data": rows,
        }
    )


def _list_paging(resource: Resource) -> list[dict[str, Any]]:
    most = resource.page_size.maximum
    return [
        describe_query_parameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": most, "default": most}, "Rows per page."
        ),
        describe_query_parameter(
            "offset", {"type": "integer", "minimum": 0, "default": 0}, "Number of rows to skip."
        ),
        describe_query_parameter(
            "anonymize", {"type": "boolean", "default": False}, "Leave out data that identifies patients."
        ),
    ]


def _list_security(resource: Declaration, reading: bool) -> list[dict[str, list[str]]]:
    return [{"basic": []}]


_SCHEMAS: dict[str, Schema] = {
    "WrongFields": WRONG_FIELDS,
    "Error": strict_object(
        {
            "error": {
                "type": "object",
                "properties": {
                    "message": {"type": "string"},
                    "code": {"type": "integer"},
                    "fields": {"$ref": "#/components/schemas/WrongFields"},
                    "merged_into": {"type": "integer", "format": "int64"},
                },
                "required": ["message", "code"],
                "additionalProperties": False,
            }
        }
    ),
    "Deleted": strict_object(
        {
            "object": {"type": "string"},
            "id": {"type": "integer"},
            "action": {"type": "string", "enum": ["delete"]},
            "result": {"type": "boolean"},
            "message": {"type": "string"},
            "data": allow_null({"type": "string"}),
        }
    ),
}
_DELETED = {
    "object": "tag",
    "id": 7,
    "action": "delete",
    "result": True,
    "message": "The tag was deleted.",
    "data": None,
}


def make_wire_format() -> WireFormat:
    return WireFormat(
        title="Charthouse: Cerbo v1",
        version="v1",
        description=DESCRIPTION,
        base="/api/v1/",
        schemes={"basic": {"type": "http", "scheme": "basic"}},
        security=_list_security,
        page=_describe_page,
        page_example=lambda row: {"object": "list", "total_count": 1, "has_more": False, "data": [row]},
        paging=_list_paging,
        schemas=_SCHEMAS,
        errors={status: _describe_error(status) for status in _ERROR_DESCRIPTIONS},
        created=200,
        takes_lists=False,
        changed=200,
        deleted=(reference("Deleted"), _DELETED),
        listed=lambda item: _describe_page(list_of(item)),
        anonymizes=True,
        forms=("application/x-www-form-urlencoded",),
    )


@lru_cache(maxsize=1)
def make_document() -> dict[str, Any]:
    """Make the OpenAPI document, once."""
    return print_document(get_registry(), make_wire_format())


@lru_cache(maxsize=1)
def print_document_json() -> bytes:
    return msgspec.json.format(msgspec.json.encode(make_document()), indent=1)
