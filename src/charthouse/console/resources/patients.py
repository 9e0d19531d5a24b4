"""Insurance plans, the directory and tags, and those of each patient, as the console writes them."""

from django.db.models import Q

from charthouse.console.resources.declaring import (
    declare_doctor_setup,
    declare_patient_list,
    declare_practice_list,
    make_doctor_key,
    make_name_key,
)
from charthouse.domains.patients.cerbo.tags import NAME_TAKEN, check_note_display
from charthouse.domains.patients.models import (
    CustomInsurancePlanName,
    DistinctPatients,
    Facility,
    PatientFacility,
    PatientTag,
    Tag,
)
from charthouse.domains.patients.models.facilities import LABORATORY, PHARMACY, SPECIALIST
from charthouse.domains.practice.unique_names import make_name_check
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.contact_types import EmailAddress, PhoneNumber
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED


@hook()
def set_created_by(change: Change) -> None:
    """Record the user who creates the row."""
    if change.row is None:
        change.set_columns(user_id=change.actor.user)


@hook()
def set_decided_by(change: Change) -> None:
    """Record the user who decides."""
    if change.row is None:
        change.set_columns(decided_by_id=change.actor.user)


@hook(keys=("facility",))
def refuse_pharmacy(change: Change) -> None:
    """Refuse a pharmacy: the patient's own row names it."""
    facility = change.values.get("facility")
    if Facility.objects.filter(practice=change.actor.practice, pk=facility or 0, kind=PHARMACY).exists():
        change.add_error("facility", "The pharmacy of a patient is part of the demographics.")


RESOURCES = (
    declare_doctor_setup(
        "plan_names",
        CustomInsurancePlanName,
        "custom_insurance_plan_name",
        make_doctor_key(),
        Key("insurance_plan_name", Text(), REQUIRED),
        checks=(set_created_by,),
        example={"insurance_plan_name": "County employees"},
    ),
    Resource(
        path="distinct_patients",
        model=DistinctPatients,
        doc="Pairs of patients who look alike and are not the same.",
        methods="GET POST DELETE",
        rows=Q(archived=False),
        policy=Policy(
            scopes=("patients",),
            permissions=("Manage Patients",),
            sharing="share_patients",
            owner="first__doctor",
        ),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("first", Reference("patients"), REQUIRED, doc="The one with the lower id."),
            Key("second", Reference("patients"), REQUIRED),
        ),
        checks=(set_decided_by,),
        unique={"distinct_patients_once": ("second", "It is noted already.")},
        example={"first": 1, "second": 2},
    ),
    declare_practice_list(
        "directory",
        Facility,
        "Manage Patients",
        Key("kind", Text(choices=(LABORATORY, PHARMACY, SPECIALIST)), REQUIRED),
        make_name_key(),
        Key("company_brand", Text(), doc="Of a laboratory: the company whose branch it is."),
        Key("specialty", Text(), doc="Of a specialist."),
        Key("address1", Text(multiline=True)),
        Key("city", Text()),
        Key("state", Text()),
        Key("zip_code", Text()),
        Key("phone", PhoneNumber()),
        Key("fax", PhoneNumber()),
        Key("email", EmailAddress()),
        Key("ncpdp_id", Text(), doc="Of a pharmacy: the id by which patients name it."),
        example={"name": "Foothill Diagnostics", "kind": LABORATORY},
    ),
    declare_practice_list(
        "tag_list",
        Tag,
        "Manage Patients",
        make_name_key("Each tag has its own."),
        Key("category", Text(blank=False), REQUIRED),
        Key("description", Text(multiline=True), REQUIRED),
        Key("color", Text(pattern="[0-9a-fA-F]{6}"), REQUIRED),
        Key("displays_on_dash", Boolean()),
        Key("note_displays_on_dashboard", Boolean()),
        Key("displays_on_calendar", Boolean()),
        checks=(check_note_display, make_name_check(NAME_TAKEN)),
        unique={"tag_name_once": ("name", NAME_TAKEN)},
        example={"name": "VIP", "category": "Care", "description": "Calls go through.", "color": "b2f07e"},
    ),
    declare_patient_list(
        "tags_of_patients",
        PatientTag,
        (),
        Key("tag", Reference("tag_list"), REQUIRED),
        Key("notes", Text(multiline=True)),
        unique={"tag_once_on_patient": ("tag", "The patient has this tag.")},
        example={"tag": 1, "patient": 1},
    ),
    declare_patient_list(
        "facilities_of_patients",
        PatientFacility,
        (),
        Key("facility", Reference("directory"), REQUIRED),
        Key(
            "priority_order",
            Integer(minimum=1, maximum=1000),
            OPTIONAL,
            default=1,
            doc="1 is the first to go to.",
        ),
        Key("note", Text(multiline=True)),
        checks=(refuse_pharmacy,),
        unique={"facility_once_of_patient": ("facility", "It is already one of the patient's facilities.")},
        example={"facility": 1, "patient": 1},
    ),
)
