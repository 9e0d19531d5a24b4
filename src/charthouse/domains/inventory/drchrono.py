"""Inventory and vaccine records as DrChrono shows them. Facts: reference drchrono/resources.yaml, enums.yaml."""

from django.db.models import Q

from charthouse.domains.inventory import actions, stock
from charthouse.domains.inventory.models import (
    InventoryCategory,
    PatientVaccineRecord,
    StockItem,
)
from charthouse.identity.models import TRIAL
from charthouse.resource.declare import Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Decimal,
    Id,
    Integer,
    ListOf,
    Ref,
    Text,
)
from charthouse.resource.filters import Is, RefIs, Since
from charthouse.resource.times import Date, Timestamp

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
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    not_on=(TRIAL,),
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        Text("category_type", READ_ONLY, choices=("vaccine", "product", "service")),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", READ_ONLY, to="doctors"),
        Id("id"),
        Text("name", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(RefIs("doctor", to="doctors"), Since("since")),
    example={"doctor": 1, "name": "Childhood vaccines", "category_type": "vaccine", "archived": False},
)


inventory_vaccines = Resource(
    path="inventory_vaccines",
    model=StockItem,
    doc="Lots of vaccines.",
    rows=Q(kind=StockItem.Kind.VACCINE, archived=False),
    methods="GET POST",
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    not_on=(TRIAL,),
    owner="doctor",
    fields=(
        Ref("category", OPTIONAL, to="inventory_categories"),
        Decimal("cost"),
        Timestamp("created_at", READ_ONLY),
        Text("cvx_code", doc="CVX code of the vaccine."),
        Integer(
            "current_quantity",
            READ_ONLY,
            computed=stock.left,
            nullable=False,
            doc="Original quantity less the records of patients that name this lot; below zero when more were given "
            "than there were.",
        ),
        Ref("doctor", REQUIRED, to="doctors", nullable=False),
        Date("expiry"),
        Id("id"),
        Text("lot_number"),
        Text("manufacturer"),
        Text("manufacturer_code", REQUIRED, doc="MVX code."),
        Text("name", REQUIRED),
        Integer("original_quantity", minimum=0, default=0, doc="Doses."),
        Decimal("price"),
        Decimal("price_with_tax"),
        Boolean("sales_tax_applicable", default=False),
        Text("status", choices=STATUSES, default="active"),
        Timestamp("updated_at", READ_ONLY),
        Text("vaccination_type", default="standard vaccine"),
        Text("note", addition=True),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        Is("cvx_code"),
        Is("status", choices=STATUSES),
        Since("since"),
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
    scopes=SCOPES,
    permissions=PERMISSIONS,
    sharing=SHARED,
    not_on=(TRIAL,),
    owner="ordering_doctor",
    fields=(
        Ref("administered_at", OPTIONAL, to="offices"),
        Ref("administered_by", OPTIONAL, to="users"),
        Timestamp("administered_start"),
        Decimal("amount"),
        Text(
            "completion_status",
            choices=("", "CP", "RE", "NA", "PA"),
            doc="CP complete, RE refused, NA not administered, PA partially administered.",
        ),
        Text("comments"),
        Ref("consent_form", OPTIONAL, to="consent_forms"),
        Text("cpt_code"),
        Timestamp("created_at", READ_ONLY),
        Text("cvx_code", REQUIRED, doc="CVX code of the vaccine."),
        ListOf("doses", item=Integer("dose", minimum=1), doc="Ids of doses out of the signed consent."),
        Ref("entered_by", READ_ONLY, to="users"),
        Text("funding_eligibility", choices=ELIGIBILITIES, doc="V01 not eligible; V02 to V07 by what."),
        Id("id"),
        Text("name", doc="Left out of a new record, it is the lot's; so are lot_number and manufacturer."),
        Date("next_dose_date"),
        Integer(
            "observed_immunity",
            minimum=1,
            example=14189004,
            doc="SNOMED CT code of what the patient is immune to.",
        ),
        Ref("ordering_doctor", REQUIRED, to="doctors"),
        Ref("patient", REQUIRED, to="patients"),
        Text(
            "record_source", choices=SOURCES, doc="00 new, 01 to 08 historical, by where from (CDC NIP001)."
        ),
        Text("route", choices=ROUTES, doc="HL7 table 0162."),
        Text("site", choices=SITES, doc="HL7 table 0163."),
        Text("units"),
        Timestamp("updated_at", READ_ONLY),
        Ref("vaccine_inventory", REQUIRED, to="inventory_vaccines", doc="The lot, which has one dose less."),
        Integer("vis", READ_ONLY, doc="Vaccine information statement."),
        Text("lot_number", kept=True, addition=True),
        Text("manufacturer", kept=True, addition=True),
    ),
    filters=(
        RefIs("doctor", source="ordering_doctor", to="doctors"),
        RefIs("patient", to="patients"),
        Is("cvx_code"),
        Since("since"),
    ),
    checks=(actions.enter,),
    events=plain("VACCINE_ADMINISTERED"),
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
