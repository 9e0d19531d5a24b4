"""Answers to questionnaires in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0270-questionnaires.md"""

from typing import Any

import msgspec

from charthouse.domains.patients.cerbo.portal_requests import QUEUED_KEYS
from charthouse.domains.patients.portal_requests import describe_request, enqueue
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_created_key,
    make_patient_key,
    make_user_key,
)
from charthouse.domains.questionnaires.models import Answers
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED, Column
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    InvalidValue,
    decode_json_text,
    parse_text,
)

PATH = "patients/{patient_id}/questionnaires"
MAX_HTML = 100_000  # characters
MAX_TAGS = 5_000
MAX_RAW_SIZE = 50_000  # bytes of raw_data as JSON
MAX_DEPTH = 10  # objects and lists within each other


def _parse_raw(parse: Parse, value: Any) -> dict[str, Any]:
    value = decode_json_text(value)
    if not isinstance(value, dict):
        raise InvalidValue(f"Invalid data. Expected a dictionary, but got {type(value).__name__}.")
    _check_storable(value, MAX_DEPTH)
    if len(msgspec.json.encode(value)) > MAX_RAW_SIZE:
        raise InvalidValue(f"Ensure this object has no more than {MAX_RAW_SIZE} bytes as JSON.")
    return value


def _parse_html(parse: Parse, value: Any) -> str:
    text = str(parse(value))
    if text.count("<") > MAX_TAGS:
        raise InvalidValue(f"Ensure this text has no more than {MAX_TAGS} tags.")
    cleaned = sanitize(text)
    if text.strip() and not cleaned.strip():
        raise InvalidValue("Nothing is left of it without what runs or loads.")
    return cleaned


# A JSON object of at most MAX_RAW_SIZE bytes and MAX_DEPTH levels.
_RAW = convert(Object((), open=True), parse=_parse_raw, written={"type": "object"})
# Sanitized HTML. More than MAX_TAGS tags take too long to sanitize.
_HTML = convert(Text(max_length=MAX_HTML), parse=_parse_html)


def _check_storable(value: Any, deeper: int) -> None:
    """Check depth and texts of a JSON value. ``deeper``: levels left. Raises InvalidValue."""
    if not isinstance(value, dict | list):
        if isinstance(value, str):
            parse_text(value)
        return
    if not deeper:
        raise InvalidValue(
            f"Ensure that there are no more than {MAX_DEPTH} objects and lists within each other."
        )
    for inner in [*value, *value.values()] if isinstance(value, dict) else value:
        _check_storable(inner, deeper - 1)


patient_questionnaires = declare_patient_list(
    "questionnaires",
    "questionnaire",
    path=PATH,
    model=Answers,
    doc="A patient's questionnaire answers, once staff have accepted them into the chart.",
    methods="GET",
    keys=(
        make_patient_key(),
        Key("questionnaire_type", Text(), READ_ONLY),
        Key("questionnaire_name", Text(), READ_ONLY),
        Key("html_content", Text(), READ_ONLY, doc="Questions and answers, formatted for reading."),
        Key(
            "raw_data",
            Object((), open=True),
            READ_ONLY,
            source=Column(only_with="extended_details"),
            doc="Answers by key; null unless extended_details is on.",
        ),
        make_created_key(),
        make_user_key("addedby"),
    ),
    filters=(Flag("extended_details", doc="Includes raw_data."),),
    events=plain_events("questionnaire.created", own="create"),
    example={
        "questionnaire_type": "intake",
        "questionnaire_name": "New patients",
        "html_content": "<p>No.</p>",
    },
)


def send(call: Call) -> dict[str, Any]:
    """Enqueue answers that an app has collected, for the patient of the path."""
    values = call.values
    names = {name: values.get(name) or "" for name in ("questionnaire_type", "questionnaire_name")}
    request = enqueue(
        call.row,
        "questionnaire",
        api_user=call.actor.api_user,
        title=names["questionnaire_name"] or names["questionnaire_type"] or "Questionnaire",
        payload={
            "questionnaire_id": None,
            **names,
            **{name: values[name] for name in ("html_content", "raw_data")},
        },
    )
    return describe_request(request)


queue_questionnaire = Operation(
    path="patients/{id}/questionnaires",
    method="POST",
    doc="Send a patient's answers to the portal queue, where staff accept them into the chart.",
    of="patients",
    run=send,
    policy=Policy(scopes=("questionnaires",)),
    keys=(
        Key("questionnaire_type", Text(max_length=100), OPTIONAL, source=UNSTORED),
        Key("questionnaire_name", Text(max_length=200), OPTIONAL, source=UNSTORED),
        Key(
            "html_content",
            _HTML,
            REQUIRED,
            source=UNSTORED,
            doc=(
                "Questions and answers, formatted for reading. Scripts, external resources, and styles "
                "are removed."
            ),
        ),
        Key(
            "raw_data",
            _RAW,
            REQUIRED,
            source=UNSTORED,
            doc="Answers by key; at most 50,000 bytes and 10 levels.",
        ),
    ),
    answer=QUEUED_KEYS,
    example={
        "questionnaire_type": "intake",
        "questionnaire_name": "New patients",
        "html_content": "<dl><dt>Do you smoke?</dt><dd>No</dd></dl>",
        "raw_data": {"smokes": False},
        "result": True,
    },
)

RESOURCES = [patient_questionnaires]

OPERATIONS = [queue_questionnaire]
