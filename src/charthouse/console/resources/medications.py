"""The formulary, supplements, and the supplements that patients take, as the console writes them."""

from charthouse.console.resources.declaring import (
    CLINICAL,
    declare_patient_list,
    declare_practice_list,
    make_name_key,
    refuse_future,
)
from charthouse.domains.medications.models import Drug, PatientSupplement, Supplement
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import REQUIRED

RESOURCES = (
    declare_practice_list(
        "formulary",
        Drug,
        CLINICAL,
        make_name_key(),
        Key("product_name", Text()),
        Key("generic_name", Text()),
        Key("strength", Text()),
        Key("dose_form", Text()),
        Key("route", Text()),
        Key("rxnorm", Text(), doc="Medications with this code are this drug."),
        Key("ndc", Text()),
        Key("va_id", Text()),
        Key("medispan_id", Text()),
        Key("ndcndf_id", Text()),
        Key("is_favorite", Boolean()),
        example={"name": "Metformin 500 mg tablet"},
    ),
    declare_practice_list(
        "supplement_list",
        Supplement,
        CLINICAL,
        make_name_key(),
        Key("nicknames", Text(), doc="Other words that find it."),
        Key("kind", Text()),
        Key("vendor_code", Text()),
        Key("code", Text()),
        Key("description", Text(multiline=True)),
        Key("external_ref_id", Text()),
        Key("inactive", Boolean(), doc="No longer recommended."),
        example={"name": "Magnesium glycinate 400 mg"},
    ),
    declare_patient_list(
        "supplements_taken",
        PatientSupplement,
        (CLINICAL,),
        Key("supplement", Reference("supplement_list"), REQUIRED),
        Key("dose", Text()),
        Key("frequency", Text()),
        Key("start_date", Date()),
        Key("notes", Text(multiline=True)),
        Key("discontinued_at", Timestamp()),
        Key("discontinued_note", Text(multiline=True)),
        checks=(refuse_future("discontinued_at"),),
        example={"supplement": 1, "patient": 1},
    ),
)
