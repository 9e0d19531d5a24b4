"""Setup pages of the menu section Directory and stock."""

from charthouse.console.inventory import STOCK
from charthouse.console.navigation import DIRECTORY
from charthouse.console.resource_pages import Catalogue
from charthouse.console.tables import Choice, Column

KINDS = Choice(
    name="kind",
    label="Kind",
    options=(
        ("", "Every kind"),
        ("laboratory", "Laboratories"),
        ("pharmacy", "Pharmacies"),
        ("specialist", "Specialists"),
    ),
    narrow=lambda rows, value: rows.filter(kind=value) if value else rows,
)


PAGES = (
    Catalogue(
        "sublabs",
        title="Labs",
        one="lab",
        about="Where orders go.",
        base="catalogues/labs",
        group=DIRECTORY,
        icon="test-pipe",
        columns=(Column("Name", "name", sort="name"), Column("Facility", "facility_code")),
        search=("name",),
    ),
    Catalogue(
        "stock_categories",
        title="Stock categories",
        one="category",
        base="catalogues/stock-categories",
        group=DIRECTORY,
        icon="category",
        columns=(Column("Name", "name", sort="name"), Column("Type", "category_type")),
        search=("name",),
    ),
    Catalogue(
        "inventory_vaccines",
        title="Vaccine stock",
        one="lot",
        about="What is left of a lot is counted from the vaccinations.",
        base="catalogues/vaccines",
        group=DIRECTORY,
        icon="vaccine-bottle",
        columns=(
            Column("Vaccine", "name", sort="name"),
            Column("Lot", "lot_number"),
            Column("Expires", "expiry", sort="expiry"),
            Column("Received", "original_quantity", kind="number"),
        ),
        search=("name", "lot_number"),
    ),
    STOCK,
    Catalogue(
        "directory",
        title="Directory",
        one="entry",
        about="Laboratories, pharmacies and specialists elsewhere.",
        base="catalogues/directory",
        group=DIRECTORY,
        icon="building",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Kind", "kind"),
            Column("Specialty or brand", lambda row: row.specialty or row.company_brand, kind="wide"),
            Column("City", lambda row: ", ".join(filter(None, (row.city, row.state))), kind="wide"),
            Column("Telephone", "phone", kind="wide"),
        ),
        labels={"address1": "Address", "ncpdp_id": "NCPDP id"},
        search=("name", "city", "specialty", "company_brand"),
        choices=(KINDS,),
        order="name",
    ),
)
