"""The inventory in the Cerbo API, the DrChrono API and the console, which write one table."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.billing.accounts import ChargeDefinition
from charthouse.domains.inventory.models import StockItem
from charthouse.domains.medications.models import Drug
from charthouse.identity import tenancy
from tests.console.test_shell import send
from tests.domains.caller import Caller
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import PASSWORD, make_api_user

LOT = {
    "name": "MMR",
    "manufacturer_code": "MSD",
    "lot_number": "M1",
    "original_quantity": 10,
    "expiry": "2035-01-31",
    "manufacturer": "Merck",
}


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.fixture
def program(caller: Caller) -> httpx.Client:
    http = make_api_user(caller.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


@pytest.fixture
def charge(caller: Caller) -> int:
    with tenancy.within(caller.clinic.id):
        return int(ChargeDefinition.objects.create(practice=caller.clinic.practice, name="Bottle").pk)


class Stock:
    def __init__(self, program: httpx.Client, charge: int) -> None:
        self.program, self.charge = program, charge

    def body(self, **values: Any) -> dict[str, Any]:
        usual = {"name": "Gloves", "linked_product_type": "general", "charge_id": self.charge}
        return usual | {"preferred_stock_level": 5, "current_quantity": 8} | values

    def new(self, **values: Any) -> dict[str, Any]:
        answer = self.program.post("inventory", json=self.body(**values))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find_faults(self, row: int | None = None, **values: Any) -> dict[str, list[str]]:
        if row is None:
            answer = self.program.post("inventory", json=self.body(**values))
        else:
            answer = self.program.patch(f"inventory/{row}", json=values)
        assert answer.status_code == 400, answer.text
        return answer.json()["error"]["fields"]

    def patch(self, row: int, **values: Any) -> dict[str, Any]:
        answer = self.program.patch(f"inventory/{row}", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, **parameters: str) -> list[int]:
        return [row["id"] for row in self.program.get("inventory", params=parameters).json()["data"]]


@pytest.fixture
def stock(program: httpx.Client, charge: int) -> Stock:
    return Stock(program, charge)


# -- one thing in both APIs -------------------------------------------------------------------------------------


def test_lot_of_drchrono_is_item_of_cerbo(caller: Caller, stock: Stock) -> None:
    lot = caller.new("inventory_vaccines", **LOT)
    row = int(lot["id"])
    item = stock.program.get(f"inventory/{row}").json()
    assert (item["name"], item["lot_number"], item["manufacturer"]) == ("MMR", "M1", "Merck")
    assert (item["current_quantity"], item["expiration_date"]) == (10, "2035-01-31")
    assert (item["linked_product_type"], item["charge_id"], item["discontinued"]) == ("general", None, False)
    changes = {"lot_number": "M2", "manufacturer": "Merck & Co.", "expiration_date": "2036-02-29"}
    stock.patch(row, **changes, name="MMR II", current_quantity=7, charge_id=stock.charge)
    shown = caller.get(row, "inventory_vaccines")
    assert (shown["name"], shown["lot_number"], shown["manufacturer"]) == ("MMR II", "M2", "Merck & Co.")
    assert (shown["expiry"], shown["current_quantity"]) == ("2036-02-29", 7)
    assert shown["manufacturer_code"] == "MSD"


def test_vaccination_reduces_quantity_in_both_apis(caller: Caller, stock: Stock) -> None:
    row = int(caller.new("inventory_vaccines", **LOT)["id"])
    patient = int(caller.new()["id"])
    for _ in range(2):
        given = {"patient": patient, "ordering_doctor": caller.doctor.pk, "cvx_code": "03"}
        caller.new("patient_vaccine_records", vaccine_inventory=row, **given)
    assert stock.program.get(f"inventory/{row}").json()["current_quantity"] == 8
    assert stock.patch(row, current_quantity=3)["current_quantity"] == 3
    shown = caller.get(row, "inventory_vaccines")
    assert (shown["current_quantity"], shown["original_quantity"]) == (3, 5)


def test_other_items_are_shown_by_cerbo_only(caller: Caller, stock: Stock) -> None:
    item = stock.new()
    assert caller.ids("inventory_vaccines") == []
    assert caller.http.get(f"/api/inventory_vaccines/{item['id']}").status_code == 404


def test_discontinuation_is_the_status(caller: Caller, stock: Stock) -> None:
    row = int(caller.new("inventory_vaccines", **LOT, status="voided")["id"])
    assert stock.ids() == []
    assert stock.ids(include_discontinued="true") == [row]
    shown = stock.patch(row, discontinued=False)
    assert (shown["discontinued"], shown["date_discontinued"]) == (False, None)
    assert caller.get(row, "inventory_vaccines")["status"] == "active"
    stock.patch(row, discontinued=True)
    assert caller.get(row, "inventory_vaccines")["status"] == "inactive"


# -- rules ------------------------------------------------------------------------------------------------------


def test_product_must_be_of_type_and_practice(caller: Caller, stock: Stock) -> None:
    with tenancy.within(caller.clinic.id):
        drug = int(Drug.objects.create(practice=caller.clinic.practice, name="Amoxicillin").pk)
    supplement = int(stock.program.post("supplements", json={"name": "Iron"}).json()["id"])
    other = Caller()
    with tenancy.within(other.clinic.id):
        theirs = int(Drug.objects.create(practice=other.clinic.practice, name="Amoxicillin").pk)
    item = stock.new(linked_product_type="rxs", linked_product_id=drug)
    assert (item["linked_product_type"], item["linked_product_id"]) == ("rxs", drug)
    assert "required where" in stock.find_faults(linked_product_type="rxs")["linked_product_id"][0]
    assert "has no product" in stock.find_faults(linked_product_id=drug)["linked_product_id"][0]
    for kind, row in (("rxs", theirs), ("rxs", 10**12), ("plan_other", 10**12)):
        fault = stock.find_faults(linked_product_type=kind, linked_product_id=row)
        assert fault == {"linked_product_id": [f'Invalid pk "{row}" - object does not exist.']}
    changed = stock.patch(item["id"], linked_product_type="plan_other", linked_product_id=supplement)
    assert (changed["linked_product_type"], changed["linked_product_id"]) == ("plan_other", supplement)
    changed = stock.patch(item["id"], linked_product_type="general", linked_product_id=None)
    assert changed["linked_product_id"] is None


def test_charge_must_be_of_practice(stock: Stock) -> None:
    other = Caller()
    with tenancy.within(other.clinic.id):
        theirs = ChargeDefinition.objects.create(practice=other.clinic.practice, name="Bottle").pk
    assert "object does not exist" in stock.find_faults(charge_id=theirs)["charge_id"][0]
    assert stock.find_faults(charge_id=None)["charge_id"] == ["This field may not be null."]


def test_expiration_date_must_be_in_future(stock: Stock) -> None:
    today = clock.now().date()
    assert "in the future" in stock.find_faults(expiration_date=str(today))["expiration_date"][0]
    item = stock.new(expiration_date=str(today + timedelta(days=1)))
    with clock.shift(timedelta(days=400)):
        again = stock.patch(item["id"], expiration_date=item["expiration_date"], name="Gloves, old")
        assert again["name"] == "Gloves, old", "what is put back as it was is not refused"
        assert stock.find_faults(item["id"], expiration_date=str(today + timedelta(days=2)))


def test_day_of_discontinuation_matches_flag(stock: Stock) -> None:
    today = clock.now().date()
    assert stock.new(discontinued=True)["date_discontinued"] == str(today)
    item = stock.new(date_discontinued="2026-01-05")
    assert (item["discontinued"], item["date_discontinued"]) == (True, "2026-01-05")
    assert (
        "not discontinued"
        in stock.find_faults(discontinued=False, date_discontinued="2026-01-05")["date_discontinued"][0]
    )
    assert stock.find_faults(date_discontinued=str(today + timedelta(days=1)))["date_discontinued"]
    assert stock.patch(item["id"], date_discontinued="2026-01-06")["date_discontinued"] == "2026-01-06"
    back = stock.patch(item["id"], discontinued=False)
    assert (back["discontinued"], back["date_discontinued"]) == (False, None)
    assert stock.patch(item["id"], discontinued=False, date_discontinued=None) == back


def test_quantities_are_integers_and_not_negative(stock: Stock) -> None:
    for wrong in (-1, 1.5, "many", None, 2**31):
        assert stock.find_faults(current_quantity=wrong)["current_quantity"], wrong
    for name in ("preferred_stock_level", "preferred_restock_level"):
        assert stock.find_faults(**{name: -1})[name]


def test_package_properties_are_merged_by_key(stock: Stock) -> None:
    """They are given in one object or one by one."""
    item = stock.new(package_properties={"ndc_code": "1-2-3"}, **{"package_properties.package_form": "box"})
    shown = item["package_properties"]
    assert (shown["ndc_code"], shown["package_form"], shown["description"]) == ("1-2-3", "box", None)
    row = item["id"]
    changed = stock.patch(row, package_properties={"ndc_code": "9", "charge_per_dose": "4.50"})
    told = changed["package_properties"]
    assert (told["ndc_code"], told["package_form"], told["charge_per_dose"]) == ("9", "box", "4.50")
    assert stock.patch(row, **{"package_properties.ndc_code": None})["package_properties"]["ndc_code"] is None
    assert stock.patch(row, package_properties={})["package_properties"]["package_form"] == "box"
    assert stock.patch(row, package_properties=None)["package_properties"] is None
    for wrong, name in (
        ({"package_properties.cost_per_dose": "dear"}, "cost_per_dose"),
        (
            {"package_properties": {"patient_information_url": "javascript:alert(1)"}},
            "patient_information_url",
        ),
        ({"package_properties": {"description": 5 * [1]}}, "description"),
    ):
        assert name in stock.find_faults(row, **wrong)["package_properties"], wrong
    assert stock.find_faults(row, package_properties="x", **{"package_properties.ndc_code": "1"})[
        "package_properties"
    ]


# -- lists ------------------------------------------------------------------------------------------------------


def test_lists_are_filtered_and_hide_rows(caller: Caller, stock: Stock) -> None:
    here = stock.new(manufacturer="Northern Naturals")["id"]
    old = stock.new(discontinued=True, manufacturer="Northern Naturals")["id"]
    both = stock.new(discontinued=True)["id"]
    gone = stock.new()["id"]
    with tenancy.within(caller.clinic.id):
        StockItem.objects.filter(pk__in=(gone, both)).update(archived=True)
    assert stock.ids() == [here]
    assert stock.ids(include_discontinued="true") == [here, old]
    assert stock.ids(include_deleted="true") == [here, gone]
    assert stock.ids(include_deleted="true", include_discontinued="true") == [here, old, both, gone]
    for word in ("1", "True", "TRUE", "yes", "false"):
        assert stock.ids(include_deleted=word, include_discontinued=word) == [here], word
    assert stock.ids(manufacturer="NATURAL", include_discontinued="true") == [here, old]
    assert stock.ids(type="NERA") == [here]
    assert stock.ids(type="rx") == stock.ids(type="%") == []
    assert stock.program.get(f"inventory/{old}").status_code == 200
    assert stock.program.get(f"inventory/{gone}").status_code == 404
    assert stock.program.get(f"inventory/{gone}?include_deleted=true").json()["id"] == gone
    assert stock.program.patch(f"inventory/{gone}", json={"name": "Back"}).status_code == 404


# -- the console ------------------------------------------------------------------------------------------------


def test_console_writes_stock(caller: Caller, stock: Stock) -> None:
    caller.user.set_password(PASSWORD)
    caller.user.save()
    browser = open_signed_in_browser(caller.user.username)
    values = {"name": "Gloves", "current_quantity": "4", "definition": str(stock.charge)}
    assert send(browser, "/catalogues/inventory/new", **values, preferred_stock_level="9").status_code == 302
    (row,) = stock.ids()
    shown = stock.program.get(f"inventory/{row}").json()
    assert (shown["current_quantity"], shown["charge_id"]) == (4, stock.charge)
    assert "Low" in browser.get("/catalogues/inventory").text
    past = str(date(2020, 1, 1))
    assert (
        "in the future" in send(browser, f"/catalogues/inventory/{row}", **values, expiration_date=past).text
    )
    address = f"/catalogues/inventory/{row}"
    body = values | {"package_properties.ndc_code": "1-2-3", "discontinued": "true"}
    assert send(browser, address, **body).status_code == 302
    assert stock.ids() == []
    shown = stock.program.get(f"inventory/{row}").json()
    assert shown["package_properties"]["ndc_code"] == "1-2-3"
    assert send(browser, f"{address}/delete").status_code == 302
    assert stock.ids(include_discontinued="true") == []
