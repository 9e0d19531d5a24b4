"""Every text that can be written, through either API and the console: kept trimmed and in one form, never with control
characters, never blank; with line breaks only where it has lines. And every number as exact as its column."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models

from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.engine.declaration.composites import convert
from charthouse.engine.declaration.contact_types import EmailAddress, PhoneNumber
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.registry import Registry
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Decimal, Text
from charthouse.engine.declaration.values import InvalidValue
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry as get_drchrono_registry
from tests.cases import each_case

from . import values
from .cerbo_world import CerboWorld
from .test_hostile import send
from .world import World

Written = tuple[str, Key, Any, Any]  # name, key, type of the value or of an item, column or None
MULTILINE_SHORT = 200  # characters; shorter columns than this are one line, but for notes and addresses
NO_NUMBERS = re.compile(r"email_(notice|reminder)|email_on|_on$|fax_sent|sms|hrs_before|notice")


def list_keys(registry: Registry) -> Iterator[Written]:
    """Every writable key of plain values, those inside objects and bodies of operations too."""
    for resource in registry:
        yield from _walk(resource.path, resource.keys, resource.model)
        for operation in resource.operations:
            yield from _walk(operation.path, operation.keys, operation.model)
    for operation in registry.list_operations():
        yield from _walk(f"{operation.method} {operation.path}", operation.keys, operation.model)


def _walk(path: str, keys: tuple[Key, ...], model: Any) -> Iterator[Written]:
    for key in keys:
        if not key.writable:
            continue
        name, of = f"{path}.{key.name}", key.type
        if of.keys:
            yield from _walk(
                name, of.keys, key.source.member_model(model) if key.source.has_members else None
            )
        else:
            column = key.find_column(model) if model is not None and model is not models.Model else None
            yield name, key, of.item if of.item is not None else of, column


REGISTRIES = {
    "drchrono": get_drchrono_registry(),
    "cerbo": get_cerbo_registry(),
    "console": get_console_registry(),
}
KEYS = {
    f"{api} {name}": (key, of, column)
    for api, registry in REGISTRIES.items()
    for name, key, of, column in list_keys(registry)
}
TEXTS = {name: found for name, found in KEYS.items() if isinstance(found[1], Text)}
each_text = each_case("name", TEXTS)


def parse(key: Key, text: str) -> Any:
    return key.source.parse(key.type, [text] if key.type.is_list else text)


def is_converted(of: Any) -> bool:
    """Whether another function reads its values (``convert``)."""
    return type(of).__module__ == convert.__module__


def is_free(of: Text) -> bool:
    return (of.choices is None or of.open) and not of.verbatim


def test_the_walk_finds_texts() -> None:
    assert len(TEXTS) > 500
    assert {name.split()[0] for name in TEXTS} == set(REGISTRIES)


@each_text
def test_control_characters_and_blanks_are_refused(name: str) -> None:
    key, of, _ = TEXTS[name]
    wrong = (
        ["\x00", "a\x00b"]
        if of.verbatim
        else ["\x00", "a\x00b", "a\x07b", "a\x1b[0mb", "a\x7fb", " ", "\u00a0", "\t"]
    )
    if not of.multiline and not of.verbatim:
        wrong += ["a\nb", "a\r\nb", "a\tb", "a\u2028b", "\n", "a\n"]
    if not of.verbatim:  # what shows nothing, and what no character is
        wrong += [
            "\u202e",
            "\u2067\u2069",
            "\u200f",
            "\u200d\u200c",
            "\u3164",
            "\u2800 ",
            "\u180e",
            "\ufe0f",
            "\U000e0041",
        ]
        wrong += ["a\ufffe", "\uffffa", "\ufdd0", "a\U0001ffff"]
    for text in wrong:
        with pytest.raises(InvalidValue):
            parse(key, text)


@each_text
def test_texts_are_kept_trimmed_and_composed(name: str) -> None:
    key, of, column = TEXTS[name]
    if not is_free(of) or of.pattern:
        return
    good = values.make_good(key, None, 3, lambda path: 1)
    sample = (good[0] if key.type.is_list else good) + "x" * of.min_length
    kept = parse(key, sample)
    for text in (
        f" {sample}",
        f"{sample}\u00a0 ",
        f"\u200b{sample}",
        f"\u202a{sample}\u202c",
        f"\u2068{sample}\u2069",
    ):
        assert parse(key, text) == kept
    if of.check or of.min_length or is_converted(of):
        return
    limit = of.max_length or getattr(column, "max_length", None) or 20
    if limit > 4:  # joiners and marks of direction within a text are its own
        for text in (
            "\u0645\u06cc\u200c\u062e",
            "\U0001f468\u200d\U0001f469",
            "\u05d0\u200f!",
            "\u2764\ufe0f",
        ):
            read = parse(key, text)
            assert (read[0] if key.type.is_list else read) == text
    if limit > 2:
        assert parse(key, "e\u0301") == parse(key, "\u00e9") != parse(key, "e")
    if of.multiline:
        assert parse(key, " a\r\nb\n ") == (["a\r\nb"] if key.type.is_list else "a\r\nb")


@each_text
def test_a_text_has_lines_where_its_column_has(name: str) -> None:
    _, of, column = TEXTS[name]
    if isinstance(column, models.TextField) and is_free(of):
        assert of.multiline
    if of.multiline and isinstance(column, models.CharField):
        assert column.max_length >= MULTILINE_SHORT


@each_text
def test_addresses_and_numbers_are_checked(name: str) -> None:
    """By name: insurance data alone is stored as it is given."""
    _, of, column = TEXTS[name]
    called = column.name if column is not None else name.rsplit(".", 1)[-1]
    if "_insurance." in name and name.startswith(("drchrono", "console")):
        return
    if re.search(r"(^|_)email(_address)?\d?$", called):
        assert isinstance(of, EmailAddress)
    if re.search(r"phone|(^|_)fax(_|$)", called) and not isinstance(of, PhoneNumber):
        raise AssertionError("a number that is not checked")


@each_case("name", [name for name, found in KEYS.items() if isinstance(found[1], Decimal)])
def test_a_number_is_kept_as_exactly_as_it_is_read(name: str) -> None:
    _, of, column = KEYS[name]
    if isinstance(column, models.DecimalField):
        assert of.places <= column.decimal_places
        assert of.digits - of.places <= column.max_digits - column.decimal_places


# -- through the APIs -------------------------------------------------------------------------------------------


def list_texts_of(resource: Resource) -> list[Key]:
    return [key for key in resource.writable if isinstance(key.type, Text)]


WRITES = [
    resource
    for resource in REGISTRIES["drchrono"]
    if {"PATCH", "POST"} & set(resource.method_set) and list_texts_of(resource)
]
CERBO_WRITES = [
    resource for resource in REGISTRIES["cerbo"] if "POST" in resource.method_set and list_texts_of(resource)
]
WRONG = ("a\x07b", " \u00a0")


@each_case("resource", WRITES, ids=lambda resource: resource.path)
def test_drchrono_names_every_wrong_text(world: World, resource: Resource) -> None:
    texts = list_texts_of(resource)
    for wrong in WRONG:
        body = {key.name: wrong for key in texts}
        if "PATCH" in resource.method_set:
            answer = send(world, "PATCH", f"/api/{resource.path}/{world.row(resource.path)}", body)
        else:
            answer = send(world, "POST", f"/api/{resource.path}", world.payload(resource) | body)
        assert answer.status_code == 400
        assert set(answer.json()) == set(body)


@each_case("resource", CERBO_WRITES, ids=lambda resource: resource.path)
def test_cerbo_names_every_wrong_text(cerbo: CerboWorld, resource: Resource) -> None:
    for wrong in WRONG:
        body = {key.name: wrong for key in list_texts_of(resource)}
        answer = cerbo.client.post(
            cerbo.list_url(resource), content=json.dumps(cerbo.payload(resource) | body)
        )
        assert answer.status_code == 400, answer.text
        assert set(answer.json()["error"]["fields"]) >= set(body)
