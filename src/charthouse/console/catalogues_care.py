"""Lists that charts are filled from: drugs, supplements, tags, the directory."""

from typing import Any

from charthouse.console.catalogue import Catalogue
from charthouse.console.drawn import Dot
from charthouse.console.navigation import CHARTS, DIRECTORY
from charthouse.console.tables import Badge, Choice, Column


def _for_whom(row: Any) -> str:
    ages = [
        f"{words} {age}" for words, age in (("from", row.start_age), ("to", row.end_age)) if age is not None
    ]
    return " ".join([row.sex, *ages]).strip() or "Everybody"


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

CATALOGUES = (
    Catalogue(
        "formulary",
        title="Formulary",
        one="drug",
        about="The drugs that the practice prescribes.",
        base="catalogues/drugs",
        group=CHARTS,
        icon="pill",
        columns=(
            Column("Drug", "name", sort="name"),
            Column("Generic", "generic_name", kind="wide"),
            Column("Strength", "strength"),
            Column("Form", "dose_form", kind="wide"),
            Column("RxNorm", "rxnorm", kind="wide"),
            Column("Favorite", lambda row: Badge("Favorite", "blue") if row.is_favorite else "", kind="wide"),
        ),
        labels={
            "dose_form": "Form",
            "rxnorm": "RxNorm",
            "is_favorite": "Favorite",
            "va_id": "VA id",
            "medispan_id": "Medi-Span id",
            "ndcndf_id": "NDC/NDF id",
        },
        search=("name", "generic_name", "product_name"),
        order="name",
    ),
    Catalogue(
        "supplement_list",
        title="Supplements",
        one="supplement",
        about="What the practice recommends beside drugs.",
        base="catalogues/supplements",
        group=CHARTS,
        icon="package",
        columns=(
            Column("Supplement", "name", sort="name"),
            Column("Class", "kind", kind="wide"),
            Column("Code", "vendor_code"),
            Column("State", lambda row: Badge("Inactive") if row.inactive else Badge("Active", "green")),
        ),
        labels={"kind": "Class", "external_ref_id": "Id at the shop"},
        search=("name", "nicknames", "vendor_code"),
        order="name",
    ),
    Catalogue(
        "note_headings",
        title="Headings of notes",
        one="heading",
        about="What is kept of patients as free text beside visits, such as social history.",
        base="catalogues/headings",
        group=CHARTS,
        icon="notes",
        columns=(Column("Heading", "name", sort="name"),),
        search=("name",),
        order="name",
    ),
    Catalogue(
        "health_trackers",
        title="Health maintenance",
        one="tracker",
        about="Care that comes due again and again, and for whom.",
        base="catalogues/trackers",
        group=CHARTS,
        icon="shield-check",
        columns=(
            Column("Care", "name", sort="name"),
            Column("How often", "frequency"),
            Column("For", _for_whom, kind="wide"),
            Column("Chosen by hand", lambda row: row.applies_to != "all", kind="wide"),
        ),
        labels={"applies_to": "For", "icd_codes": "ICD codes", "start_age": "From age", "end_age": "To age"},
        notes={
            "applies_to": "specific_patients: only for those whom somebody chooses.",
            "sex": "Left empty: both.",
        },
        search=("name", "description"),
        order="name",
    ),
    Catalogue(
        "tag_list",
        title="Tags",
        one="tag",
        about="What patients can be marked with.",
        base="catalogues/tags",
        group=CHARTS,
        icon="tag",
        columns=(
            Column("Tag", "name", sort="name"),
            Column("Color", lambda row: Dot(row.color)),
            Column("Category", "category", sort="category"),
            Column("On the chart", "displays_on_dash", kind="wide"),
            Column("Description", "description", kind="wide"),
        ),
        labels={
            "displays_on_dash": "Shown on the chart",
            "note_displays_on_dashboard": "Its note as well",
            "displays_on_calendar": "Shown in the calendar",
        },
        notes={"color": "Six hexadecimal digits, such as b2f07e."},
        search=("name", "category"),
        order="name",
    ),
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
