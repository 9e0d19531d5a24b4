"""Setup pages of the lists that searches in charts offer first; each can be uploaded as a file and downloaded."""

from charthouse.console.catalogues.list_file_pages import ListWithFile
from charthouse.console.kit.navigation import CHARTS
from charthouse.console.kit.tables import Badge, Column
from charthouse.domains.labs.hooks import format_unit
from charthouse.domains.labs.models import PanelTest


def _describe_range(row: PanelTest) -> str:
    """Describe the usual range with its unit, as 70 to 99 mg/dL."""
    low, high = (None if one is None else f"{one.normalize():f}" for one in (row.low, row.high))
    if low is not None and high is not None:
        words = f"{low} to {high}"
    elif low is not None or high is not None:
        words = f"from {low}" if high is None else f"up to {high}"
    else:
        words = ""
    return f"{words} {format_unit(row.unit)}".strip()


PAGES = (
    ListWithFile(
        "formulary",
        title="Formulary",
        singular="drug",
        about="Drugs that the practice prescribes.",
        url_path="catalogues/drugs",
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
            "va_id": "VA ID",
            "medispan_id": "Medi-Span ID",
            "ndcndf_id": "NDC/NDF ID",
        },
        search=("name", "generic_name", "product_name"),
        order="name",
        file_keys=(
            "name",
            "product_name",
            "generic_name",
            "strength",
            "dose_form",
            "route",
            "rxnorm",
            "ndc",
            "is_favorite",
        ),
    ),
    ListWithFile(
        "supplement_list",
        title="Supplements",
        singular="supplement",
        about="Supplements that the practice recommends.",
        url_path="catalogues/supplements",
        group=CHARTS,
        icon="package",
        columns=(
            Column("Supplement", "name", sort="name"),
            Column("Class", "kind", kind="wide"),
            Column("Code", "vendor_code"),
            Column("State", lambda row: Badge("Inactive") if row.inactive else Badge("Active", "green")),
        ),
        labels={"kind": "Class", "external_ref_id": "Store ID"},
        search=("name", "nicknames", "vendor_code"),
        order="name",
        file_keys=(
            "name",
            "nicknames",
            "kind",
            "vendor_code",
            "code",
            "description",
            "external_ref_id",
            "inactive",
        ),
    ),
    ListWithFile(
        "allergens",
        title="Allergens",
        singular="allergen",
        about="Offered first when an allergy is charted.",
        url_path="catalogues/allergens",
        group=CHARTS,
        icon="alert-triangle",
        columns=(
            Column("Allergen", "name", sort="name"),
            Column("RxNorm", "rxnorm", kind="wide"),
            Column("SNOMED CT", "snomed_code", kind="wide"),
        ),
        labels={"name": "Allergen", "rxnorm": "RxNorm code", "snomed_code": "SNOMED CT code"},
        hints={"rxnorm": "Of a drug's ingredient.", "snomed_code": "Of any other substance."},
        search=("name", "rxnorm", "snomed_code"),
        order="name",
        file_keys=("name", "rxnorm", "snomed_code"),
    ),
    ListWithFile(
        "favorite_problems",
        title="Favorite problems",
        singular="problem",
        about="Offered first when a problem or diagnosis is charted.",
        url_path="catalogues/problems",
        group=CHARTS,
        icon="report-medical",
        columns=(Column("Problem", "name", sort="name"), Column("ICD-10", "icd_code", sort="icd_code")),
        labels={"name": "Problem", "icd_code": "ICD-10 code"},
        search=("name", "icd_code"),
        order="name",
        file_keys=("name", "icd_code"),
    ),
    ListWithFile(
        "panel_tests",
        title="Lab panels",
        singular="test",
        about="Panels that the practice orders, a line for each test. They are offered first when labs are ordered.",
        url_path="catalogues/panels",
        group=CHARTS,
        icon="test-pipe",
        columns=(
            Column("Panel", "panel", sort="panel"),
            Column("Test", "name", sort="name"),
            Column("LOINC", "code", kind="wide"),
            Column("Usual range", _describe_range, kind="wide"),
        ),
        labels={
            "name": "Test",
            "code": "LOINC code",
            "low": "Lower limit",
            "high": "Upper limit",
            "panel_code": "Code of the panel",
        },
        hints={"panel_code": "The laboratory's. Without one, the tests are ordered one by one."},
        search=("panel", "name", "code"),
        order="panel",
        file_keys=("panel", "name", "code", "unit", "low", "high", "specimen", "panel_code"),
        naming=("panel", "name"),
    ),
)
