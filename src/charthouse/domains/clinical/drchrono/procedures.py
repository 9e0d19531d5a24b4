"""Procedures and implantable devices in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.clinical.drchrono.filters import OF_DOCTOR, OF_PATIENT
from charthouse.domains.clinical.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.clinical.models import (
    ImplantableDevice,
    Procedure,
)
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY

procedures = Resource(
    path="procedures",
    model=Procedure,
    doc="Procedures performed at visits.",
    methods="GET",
    policy=Policy(
        scopes=("billing",),
        permissions=("Access Billing", "Show Billing Tab"),
        sharing=SHARED,
        owner="doctor",
    ),
    keys=(
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("code", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("date", Date(), READ_ONLY, doc="Date of service."),
        Key("description", Text(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("procedure_type", Text(), READ_ONLY, doc="C CPT, H HCPCS, U custom, S SNOMED CT."),
        Key("status", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        OF_DOCTOR,
        OF_PATIENT,
        Filter("service_date", Date(), OnDay(), source="date"),
        Filter("mu_date", Date(), OnDay(), source="date", addition=True),
        Filter("mu_date_range", Date(), InDays(), source="date", addition=True),
    ),
    example={"appointment": 512, "code": "99213", "procedure_type": "C", "date": "2026-03-02"},
)

implantable_devices = Resource(
    path="implantable_devices",
    model=ImplantableDevice,
    doc="Patients' implanted devices.",
    methods="GET",
    policy=Policy(scopes=SCOPES, permissions=PERMISSIONS, sharing=SHARED, owner="doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("brand_name", Text(), READ_ONLY),
        Key("company_name", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("expiration_date", Date(), READ_ONLY),
        Key(
            "gmdn_pt_name", Text(), READ_ONLY, doc="GMDN preferred term, or the corresponding SNOMED CT term."
        ),
        Key("id", Id(), READ_ONLY),
        Key("manufacturing_date", Date(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("procedure", Reference("procedures"), READ_ONLY),
        Key("serial_number", Text(), READ_ONLY),
        Key("status", Text(choices=("active", "inactive")), READ_ONLY),
        Key("udi", Text(), READ_ONLY, doc="Unique device identifier."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("version_or_model", Text(), READ_ONLY),
        Key("lot_number", Text(), READ_ONLY, addition=True),
    ),
    filters=(
        OF_DOCTOR,
        OF_PATIENT,
        Filter(
            "mu_date",
            Date(),
            OnDay("doctor__timezone"),
            source="created_at",
            addition=True,
            doc="Date of entry, in the doctor's time zone.",
        ),
        Filter("mu_date_range", Date(), InDays("doctor__timezone"), source="created_at", addition=True),
    ),
    example={"patient": 12, "brand_name": "Corazon One", "status": "active"},
)

RESOURCES = [procedures, implantable_devices]
