"""Inventory and vaccine records as DrChrono shows them. Facts: reference drchrono/resources.yaml, enums.yaml."""

from django.db.models import Q

from charthouse.domains.inventory import actions, stock
from charthouse.domains.inventory.models import (
    InventoryCategory,
    PatientVaccineRecord,
    StockItem,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.identity.models import TRIAL

SCOPES = ("clinical",)
PERMISSIONS = ("Access Clinical Notes",)
SHARED = "share_inventory"
STATUSES = ("active", "inactive", "archived", "voided")
ELIGIBILITIES = ("", "V01", "V02", "V03", "V04", "V05", "V07")
SOURCES = ("", "00", "01", "02", "03", "04", "05", "06", "07", "08")
# HL7 tables 0162 and 0163
# fmt: off
ROUTES = (
    "", "AP", "B", "DT", "EP", "ET", "GTT", "GU", "IA", "IB", "IC", "ICV", "ID", "IH", "IHA", "IM", "IMR",
    "IN", "IO", "IP", "IS", "IT", "IU", "IV", "MM", "MTH", "NG", "NP", "NS", "NT", "OP", "OT", "OTH", "PF",
    "PO", "PR", "RM", "SC", "SD", "SL", "TD", "TL", "TP", "TRA", "UR", "VG", "VM", "WND",
)
SITES = (
    "", "BE", "BN", "BU", "CT", "LA", "LAC", "LACF", "LD", "LE", "LEJ", "LF", "LG", "LH", "LIJ", "LLAQ",
    "LLFA", "LMFA", "LN", "LPC", "LSC", "LT", "LUA", "LUAQ", "LUFA", "LVG", "LVL", "NB", "OD", "OS", "OU",
    "PA", "PERIN", "RA", "RAC", "RACF", "RD", "RE", "REJ", "RF", "RG", "RH", "RIJ", "RLAQ", "RLFA", "RMFA",
    "RN", "RPC", "RSC", "RT", "RUA", "RUAQ", "RUFA", "RVG", "RVL",
)
# fmt: on

inventory_categories = Resource(
    path="inventory_categories",
    model=InventoryCategory,
    doc="Kinds of things in stock.",
    methods="GET",
    policy=Policy(
        scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, excluded_plans=(TRIAL,), owner="doctor"
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("category_type", Text(choices=("vaccine", "product", "service")), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={"doctor": 1, "name": "Childhood vaccines", "category_type": "vaccine", "archived": False},
)


inventory_vaccines = Resource(
    path="inventory_vaccines",
    model=StockItem,
    doc="Lots of vaccines.",
    rows=Q(kind=StockItem.Kind.VACCINE, archived=False),
    methods="GET POST",
    policy=Policy(
        scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, excluded_plans=(TRIAL,), owner="doctor"
    ),
    keys=(
        Key("category", Reference("inventory_categories"), OPTIONAL),
        Key("cost", Decimal()),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("cvx_code", Text(), doc="CVX code of the vaccine."),
        Key(
            "current_quantity",
            Integer(),
            READ_ONLY,
            source=Expression(stock.left),
            nullable=False,
            doc="Original quantity less the records of patients that name this lot; below zero when more were given "
            "than there were.",
        ),
        Key("doctor", Reference("doctors"), REQUIRED, nullable=False),
        Key("expiry", Date()),
        Key("id", Id(), READ_ONLY),
        Key("lot_number", Text()),
        Key("manufacturer", Text()),
        Key("manufacturer_code", Text(), REQUIRED, doc="MVX code."),
        Key("name", Text(), REQUIRED),
        Key("original_quantity", Integer(minimum=0), default=0, doc="Doses."),
        Key("price", Decimal()),
        Key("price_with_tax", Decimal()),
        Key("sales_tax_applicable", Boolean(), default=False),
        Key("status", Text(choices=STATUSES), default="active"),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("vaccination_type", Text(), default="standard vaccine"),
        Key("note", Text(), addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("cvx_code"),
        Filter("status", Text(choices=STATUSES)),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={
        "doctor": 1,
        "name": "Influenza, injectable, quadrivalent",
        "cvx_code": "158",
        "manufacturer": "Sanofi Pasteur",
        "manufacturer_code": "PMC",
        "lot_number": "UT8121",
        "original_quantity": 50,
    },
)

patient_vaccine_records = Resource(
    path="patient_vaccine_records",
    model=PatientVaccineRecord,
    doc="Vaccines that patients were given, or refused.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=SCOPES,
        permissions=PERMISSIONS,
        sharing=SHARED,
        excluded_plans=(TRIAL,),
        owner="ordering_doctor",
    ),
    keys=(
        Key("administered_at", Reference("offices"), OPTIONAL),
        Key("administered_by", Reference("users"), OPTIONAL),
        Key("administered_start", Timestamp()),
        Key("amount", Decimal()),
        Key(
            "completion_status",
            Text(choices=("", "CP", "RE", "NA", "PA")),
            doc="CP complete, RE refused, NA not administered, PA partially administered.",
        ),
        Key("comments", Text()),
        Key("consent_form", Reference("consent_forms"), OPTIONAL),
        Key("cpt_code", Text()),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("cvx_code", Text(), REQUIRED, doc="CVX code of the vaccine."),
        Key("doses", List(Integer(minimum=1)), doc="Ids of doses out of the signed consent."),
        Key("entered_by", Reference("users"), READ_ONLY),
        Key("funding_eligibility", Text(choices=ELIGIBILITIES), doc="V01 not eligible; V02 to V07 by what."),
        Key("id", Id(), READ_ONLY),
        Key(
            "name",
            Text(),
            doc="Left out of a new record, it is the lot's; so are lot_number and manufacturer.",
        ),
        Key("next_dose_date", Date()),
        Key(
            "observed_immunity",
            Integer(minimum=1),
            example=14189004,
            doc="SNOMED CT code of what the patient is immune to.",
        ),
        Key("ordering_doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "record_source",
            Text(choices=SOURCES),
            doc="00 new, 01 to 08 historical, by where from (CDC NIP001).",
        ),
        Key("route", Text(choices=ROUTES), doc="HL7 table 0162."),
        Key("site", Text(choices=SITES), doc="HL7 table 0163."),
        Key("units", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key(
            "vaccine_inventory",
            Reference("inventory_vaccines"),
            REQUIRED,
            doc="The lot, which has one dose less.",
        ),
        Key("vis", Integer(), READ_ONLY, doc="Vaccine information statement."),
        Key("lot_number", Text(), keep_on_put=True, addition=True),
        Key("manufacturer", Text(), keep_on_put=True, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="ordering_doctor"),
        Filter("patient", Reference("patients")),
        Filter("cvx_code"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    checks=(actions.enter,),
    events=plain_events("VACCINE_ADMINISTERED"),
    example={
        "patient": 12,
        "ordering_doctor": 1,
        "vaccine_inventory": 5,
        "cvx_code": "158",
        "administered_start": "2026-10-05T09:20:00",
        "amount": "0.5",
        "units": "mL",
        "route": "IM",
        "site": "LD",
        "completion_status": "CP",
    },
)

RESOURCES = [inventory_categories, inventory_vaccines, patient_vaccine_records]
