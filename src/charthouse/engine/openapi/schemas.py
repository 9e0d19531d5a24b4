"""JSON Schema 2020-12 of what a declaration reads and writes.

What is shown is strict (every key is there, no other is, no type but its own), so that a response that differs from its
declaration fails validation. What is written is the plain form of each type; what else a parser accepts (digits as
text, null for absent text) is said in words.
"""

from collections.abc import Iterable

from django.db import models

from charthouse.engine.declaration.json_schema import Schema, strict_object
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.values import ABSENT, READ_ONLY, REQUIRED


def describe_shown(resource: Resource, *, verbose: bool, anonymous: bool = False) -> Schema:
    """A row as GET shows it; with ``anonymous``, also as it shows it to anonymous callers."""
    properties = {}
    for key in resource.list_shown(verbose):
        properties[key.name] = add_words(key, key.read_schema(resource.model, anonymous))
        properties[key.name].pop("default", None)  # of what is written, which may be in another form
    return strict_object(properties)


def describe_written(keys: Iterable[Key], model: type[models.Model], *, whole: bool = True) -> Schema:
    """An object of a request body; ``whole`` off for PATCH, which needs no key."""
    written = [key for key in keys if key.writable]
    names = {key.name for key in written}
    # "x[]" is "x" in a form: a client that is generated from the document could not tell them apart.
    keys = [key for key in written if not (key.name.endswith("[]") and key.name[:-2] in names)]
    schema: Schema = {
        "type": "object",
        "properties": {key.name: add_words(key, key.write_schema(model)) for key in keys},
    }
    either = [key for key in keys if key.required_unless in names - {f"{key.name}[]"}]
    required = [key.name for key in keys if key.access is REQUIRED and key not in either]
    if whole and required:
        schema["required"] = required
    if whole and either:
        schema["allOf"] = [
            {"anyOf": [{"required": [key.name]}, {"required": [key.required_unless]}]} for key in either
        ]
    return schema


def add_words(key: Key, schema: Schema) -> Schema:
    """The schema with what is known about the key in words."""
    words = [text for text in (key.doc.rstrip("."), *describe_key(key)) if text]
    described = {**schema}
    if words:
        described["description"] = ". ".join(words) + "."
    if key.default is not ABSENT and not callable(key.default) and key.access is not READ_ONLY:
        described["default"] = key.default
    if key.addition:
        described["x-addition"] = True
    return described


def describe_key(key: Key) -> list[str]:
    """What no JSON Schema says of a key, in sentences without a full stop."""
    words = []
    if key.required_unless:
        words.append(f"Required unless {key.required_unless} is given")
    if key.requires:
        words.append(f"Requires {key.requires} in the same request")
    if key.verbose:
        words.append("Returned only with verbose=true")
    words += key.type.describe()
    if key.addition:
        words.append("Added by the hosted API after its v4 reference was written")
    return words
