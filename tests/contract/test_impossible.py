"""No date and no number of either API, or of the console, takes what is impossible: docs/limits.md.

The keys are those of the declarations, so a new one that says nothing of what it takes fails here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest

from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.domains.scheduling.models import CustomVital
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Integer, Type
from charthouse.engine.declaration.values import InvalidValue
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.domains.labs.test_labs import Vendor
from tests.domains.scheduling.calendar import Calendar

from .cerbo_world import CerboWorld
from .test_cerbo_rows import CREATED
from .test_keys import WRITES
from .world import World

IMPOSSIBLE_DAYS = ("0001-01-01", "1799-12-31", "2200-01-01", "9999-12-31")
IMPOSSIBLE_NUMBERS = (1e308, -1e308, "1e400", "NaN", "Infinity", 10**30, True)
# Dates that may lie ahead: of what is planned, expires or is due. All others are of what has happened.
AHEAD = {
    "accidents": r"auto_accident_(disabled_(from|to)|return_to_work)_date",
    "series, templates": r"recur_(start|end)_date|date_(start|end)",
    "price lists, subscriptions": r"(in)?effective_date|(start|end)_date",
    "visits, breaks": r"scheduled_time|block_end|(start|end)(_date)?_time|date_of_service|service_date",
    "reminders": r"scheduled_datetime",
    "waiting": r"waiting_list\.until",
    "medications": r"date_(started|stopped)_taking",
    "orders of tests": r"lab_orders\.timestamp|lab_tests\.collection_date",
    "checks and transfers of money": r"deposit_date|check_date|transaction_date",
    "invoices": r"(account|desk)_invoices\.date",
    "what is due, and what expires": r"due_date(\.time)?|expiry|expiration_date|next_dose_date",
    "what is to be followed up": r"follow_up_(at|required_date)",
}
# Dates that a check refuses which lie ahead, to the second, since "now" is their default.
CHECKED = {
    "discontinued_date": "medications/cerbo", "discontinued_at": "medications", "completed_on": "tasks/cerbo/hooks",
    "date_discontinued": "inventory/stock", "date": "billing/invoices",
}  # fmt: skip
# Numbers that may be negative.
SIGNED = {
    "usual ranges of tests, which may be below zero": r"panel_tests\.(low|high)",
    "order and priority": r"priority|sort_order|default_priority|result_code|pt_notified|review_status",
    "ids, which must be those of a row": r"pt_id|associated_resource_id",
    "values of results": r"lab_result_value_as_float",
    "refunds and what payers take back": r"(patient|desk)_payments\.amount|total_paid",
    "checked with what else is written: billing/charges, billing/invoices, inventory/stock":
        r"retail|wholesale|account_\w+\.(amount|quantity|discount_multiplier|amt_\w+)|pay\.amount|current_quantity",
}  # fmt: skip


def walk(keys: Iterable[Key], path: str) -> Iterator[tuple[str, Type]]:
    """Yield each writable key, those in objects and lists too, with the type of its values."""
    for key in keys:
        if key.writable:
            yield f"{path}.{key.name}", key.type.item or key.type
            yield from walk(key.type.keys, f"{path}.{key.name}")


def list_keys() -> list[tuple[str, Type]]:
    found: dict[str, Type] = {}
    for registry in (get_registry(), get_cerbo_registry(), get_console_registry()):
        declared: list[Resource | Operation] = [*registry.list_own(), *registry.list_operations()]
        for one in registry.list_own():
            declared += one.operations
        for one in declared:
            found |= {f"{registry.name} {name.rstrip('[]')}": of for name, of in walk(one.keys, one.path)}
    return list(found.items())


KEYS = list_keys()
DATES = [(name, of) for name, of in KEYS if isinstance(of, Date | Timestamp)]
NUMBERS = [(name, of) for name, of in KEYS if isinstance(of, Decimal | Integer)]


def is_in(name: str, table: dict[str, str]) -> bool:
    return any(re.search(rf"[./ ]({pattern})$", name) for pattern in table.values())


@each_case(("name", "of"), DATES, ids=[name for name, _ in DATES])
def test_dates(name: str, of: Any) -> None:
    for day in IMPOSSIBLE_DAYS:
        for text in (day, f"{day}T00:00:00", f"{day} 23:59:59"):
            with pytest.raises(InvalidValue):
                of.parse(text)
    may_be_ahead = is_in(name, AHEAD) or name.rpartition(".")[2] in CHECKED
    assert of.past or may_be_ahead, "say whether it may lie in the future"
    assert not (of.past and is_in(name, AHEAD))


@each_case(("name", "of"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_numbers(name: str, of: Any) -> None:
    for number in IMPOSSIBLE_NUMBERS:
        with pytest.raises(InvalidValue):
            of.parse(number)
    if of.choices is None and not is_in(name, SIGNED):
        assert of.minimum is not None, "say what the least value is"
        assert of.minimum >= 0, "say what the least value is"
        with pytest.raises(InvalidValue):
            of.parse(-1)


def test_the_tables_name_keys_that_there_are() -> None:
    for table, keys in ((AHEAD, DATES), (SIGNED, NUMBERS)):
        for pattern in table.values():
            for part in re.split(r"\|(?![^(]*\))", pattern):
                assert any(re.search(rf"[./ ]({part})$", name) for name, _ in keys), part
    assert {name.rpartition(".")[2] for name, _ in DATES} >= CHECKED.keys()


# -- through both APIs ----------------------------------------------------------------------------------------------


def make_bodies(resource: Resource) -> Iterator[dict[str, Any]]:
    """Bodies in which every date, or number, of a resource is impossible."""
    dates = [key.name for key in resource.writable if isinstance(key.type, Date | Timestamp)]
    numbers = [key.name for key in resource.writable if isinstance(key.type, Decimal | Integer)]
    for names, values in ((dates, IMPOSSIBLE_DAYS), (numbers, (1e308, -1e308, "NaN"))):
        for value in values if names else ():
            yield dict.fromkeys(names, value)


@each_case("resource", WRITES, ids=lambda r: r.path)
def test_drchrono_names_each(world: World, resource: Resource) -> None:
    method = next(m for m in ("PATCH", "PUT", "POST") if m in resource.method_set)
    url = f"/api/{resource.path}" + (f"/{world.row(resource.path)}" if method != "POST" else "")
    for body in make_bodies(resource):
        whole = body if method == "PATCH" else world.payload(resource) | body
        answer = world.client.request(method, url, json=whole)
        assert answer.status_code == 400, answer.text
        assert set(answer.json()) >= set(body), answer.text


@each_case("resource", CREATED, ids=lambda r: r.path)
def test_cerbo_names_each(cerbo: CerboWorld, resource: Resource) -> None:
    for body in make_bodies(resource):
        answer = cerbo.post(resource, cerbo.payload(resource) | body)
        assert answer.status_code == 400, answer.text
        assert set(answer.json()["error"]["fields"]) >= set(body), answer.text


# -- results --------------------------------------------------------------------------------------------------------


class Laboratory:
    """A test of an order with a document, and a patient."""

    def __init__(self) -> None:
        self.vendor = Vendor()
        order = self.vendor.order()
        self.test, self.document = self.vendor.test(order), self.vendor.document(order)

    def write(self, **values: Any) -> httpx.Response:
        return self.vendor.result(self.test, self.document, **values)

    def write_by_hand(self, **values: Any) -> httpx.Response:
        body = {"patient": self.vendor.patient_id, "ordering_doctor": self.vendor.doctor.pk}
        return self.vendor.post("patient_lab_results", body | values)


@pytest.fixture(scope="module")
def lab(database: None) -> Laboratory:
    return Laboratory()


@each_case(
    ("code", "unit", "value", "possible"),
    [
        ("4548-4", "%", "100", True),
        ("4548-4", "%", "100.1", False),
        ("4548-4", "%", "-0.1", False),
        ("4548-4", "mmol/mol", "140", True),
        ("8310-5", "Cel", "46.5", True),
        ("8310-5", "Cel", "98.6", False),
        ("8310-5", "[degF]", "98.6", True),
        ("8310-5", "[degF]", "200", False),
        ("8302-2", "[in_i]", "72", True),
        ("8302-2", "[in_i]", "200", False),
        ("2744-1", "[pH]", "7.4", True),
        ("2744-1", "[pH]", "74", False),
        ("1925-7", "mmol/L", "-12", True),
        ("", "", "1e15", True),
        ("", "", "1.1e15", False),
        ("", "", "-1e29", False),
    ],
)
def test_results(lab: Laboratory, code: str, unit: str, value: str, possible: bool) -> None:
    """Base excess (1925-7) is negative; what has no limit is taken up to what no body has."""
    answer = lab.write(value=value, value_is_numeric=True, observation_code=code, unit=unit)
    assert answer.status_code == (201 if possible else 400), answer.text
    manual = {"lab_result_value": value, "loinc_code": code, "lab_result_value_units": unit}
    by_hand = lab.write_by_hand(**manual)
    assert by_hand.status_code == (201 if possible else 400), by_hand.text
    if not possible:
        assert set(answer.json()) == {"value"}
        assert set(by_hand.json()) == {"lab_result_value"}


@each_case("text", ["5.6 4.0", "5.6-4.0", "5.6 \u2013 4", "5.6 to 4"])
def test_ranges_are_not_reversed(lab: Laboratory, text: str) -> None:
    for numeric in (True, False):
        answer = lab.write(value="5", value_is_numeric=numeric, normal_range=text)
        assert set(answer.json()) == {"normal_range"}
    answer = lab.write_by_hand(lab_result_value="5", lab_normal_range=text)
    assert set(answer.json()) == {"lab_normal_range"}
    for good in ("4.0-5.6", "1:80", "negative", "-2 - 3", "2026-03-02"):
        assert lab.write_by_hand(lab_result_value="5", lab_normal_range=good).status_code == 201


def test_a_disability_does_not_end_before_it_begins(world: World) -> None:
    first, last = "auto_accident_disabled_from_date", "auto_accident_disabled_to_date"
    url = f"/api/patients/{world.new('patients')}"
    for days, status in ((("2026-03-02", "2026-03-01"), 400), (("2026-03-02", "2026-03-02"), 204)):
        body = {"auto_accident_insurance": dict(zip((first, last), days, strict=True))}
        answer = world.client.patch(url, json=body)
        assert answer.status_code == status, answer.text
        if status == 400:
            assert set(answer.json()["auto_accident_insurance"]) == {last}


def test_vitals_of_a_practice_are_numbers_that_can_be() -> None:
    calendar = Calendar()
    with tenancy.within(calendar.clinic.id):
        kind = CustomVital.objects.create(
            practice=calendar.clinic.practice, doctor=calendar.doctor, name="Peak flow", data_type="number"
        ).pk
    visit = calendar.book()
    for value, possible in (
        ("410", True),
        ("9" * 5_000, False),
        ("1" + "0" * 15, True),
        ("1" + "0" * 16, False),
    ):
        answer = calendar.change(visit, custom_vitals=[{"vital_type": kind, "value": value}])
        assert answer.status_code == (204 if possible else 400), answer.text
