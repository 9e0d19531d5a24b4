"""Setup pages of the menu section Directory and stock."""

from charthouse.console.catalogues.inventory import STOCK
from charthouse.console.kit.navigation import DIRECTORY
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.kit.tables import Column, TableFilter

KIND_FILTER = TableFilter(
    name="kind",
    label="Kind",
    options=(
        ("", "All types"),
        ("laboratory", "Laboratories"),
        ("pharmacy", "Pharmacies"),
        ("specialist", "Specialists"),
    ),
    apply=lambda rows, value: rows.filter(kind=value) if value else rows,
)


PAGES = (
    ResourcePages(
        "sublabs",
        title="Labs",
        singular="lab",
        about="Where lab orders are sent.",
        url_path="catalogues/labs",
        group=DIRECTORY,
        icon="test-pipe",
        columns=(Column("Name", "name", sort="name"), Column("Facility", "facility_code")),
        search=("name",),
    ),
    ResourcePages(
        "stock_categories",
        title="Stock categories",
        singular="category",
        url_path="catalogues/stock-categories",
        group=DIRECTORY,
        icon="category",
        columns=(Column("Name", "name", sort="name"), Column("Type", "category_type")),
        search=("name",),
    ),
    ResourcePages(
        "inventory_vaccines",
        title="Vaccine stock",
        singular="lot",
        about="The remaining doses of a lot are counted from recorded vaccinations.",
        url_path="catalogues/vaccines",
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
    ResourcePages(
        "directory",
        title="Directory",
        singular="entry",
        about="Outside laboratories, pharmacies and specialists.",
        url_path="catalogues/directory",
        group=DIRECTORY,
        icon="building",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Kind", "kind"),
            Column("Specialty or brand", lambda row: row.specialty or row.company_brand, kind="wide"),
            Column("City", lambda row: ", ".join(filter(None, (row.city, row.state))), kind="wide"),
            Column("Phone", "phone", kind="wide"),
        ),
        labels={"address1": "Address", "ncpdp_id": "NCPDP ID"},
        search=("name", "city", "specialty", "company_brand"),
        filters=(KIND_FILTER,),
        order="name",
    ),
)
