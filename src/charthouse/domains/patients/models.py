"""Patients, their insurance, and what a practice adds to a patient's chart of its own (flags, custom fields).

Codes (payment profile, plan type, relationship) are kept as the wire has them: reference drchrono/enums.yaml.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.domains.patients.facilities import Facility, PatientFacility
from charthouse.domains.patients.portal_models import PortalAccess, PortalWording
from charthouse.domains.patients.queue import PortalRequest
from charthouse.domains.patients.tags import PatientTag, Tag
from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import AREA_CODE, REMOVED, YEAR
from charthouse.identity.tenancy import Record, RecordKey, Signed

__all__ = [
    "AttachedFlag",
    "AutoAccidentInsurance",
    "Coverage",
    "CustomDemographic",
    "CustomDemographicValue",
    "CustomInsurancePlanName",
    "Facility",
    "FlagType",
    "Patient",
    "PatientFacility",
    "PatientTag",
    "Payer",
    "PortalAccess",
    "PortalRequest",
    "PortalWording",
    "ReferringDoctor",
    "Tag",
    "WorkersCompInsurance",
]


class Patient(Signed, Record):
    """``doctor`` is the primary provider. ``patient_status``: A active, I inactive, D inactive (deceased); an inactive
    one may be ``is_prospective``. ``inactive_date``: when it stopped being active. ``gender_said``: in the patient's
    own words. ``identifying``: what anonymised callers see of it; the rest says nothing of who it is.

    ``chart_id`` sorts by its bytes, so that the highest number of a prefix is found over the index.
    ``race_subcategories``: objects with ``code`` and ``description``, of CDC's race and ethnicity codes.
    ``gender_identity``: one of ``codes.GENDER_IDENTITIES``, or nothing.
    """

    doctor = RecordKey("practice.Doctor")
    chart_id = text(50, db_collation="C")
    first_name = text(100)
    middle_name = text(100)
    last_name = text(100)
    nick_name = text(100)
    date_of_birth = models.DateField(null=True, blank=True)
    date_of_death = models.DateField(null=True, blank=True)
    gender = models.CharField(max_length=10)
    pronouns = text(10)
    gender_identity = text(20)
    social_security_number = text(20)
    race = models.CharField(max_length=20, default="blank")
    race_subcategories = models.JSONField(default=list, blank=True)
    ethnicity = models.CharField(max_length=20, default="blank")
    preferred_language = models.CharField(max_length=10, default="blank")
    patient_status = models.CharField(max_length=1, default="A")
    is_prospective = models.BooleanField(default=False)
    inactive_date = models.DateField(null=True, blank=True)
    gender_said = text(50)
    timezone = text(64)
    patient_payment_profile = text(30)
    copay = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    patient_photo = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    patient_photo_date = models.DateField(null=True, blank=True)

    address = text(500)
    address2 = text(500)
    city = text(100)
    state = text(2)
    zip_code = text(20)
    country = text(100)
    email = text(254)
    email2 = text(254)
    skype_name = text(100)
    home_phone = text(50)
    cell_phone = text(50)
    office_phone = text(50)
    phone_other = text(50)
    fax_home = text(50)
    fax_work = text(50)
    disable_sms_messages = models.BooleanField(default=False)

    emergency_contact_name = text(200)
    emergency_contact_phone = text(50)
    emergency_contact_relation = text(100)
    employer = text(200)
    employer_address = text(500)
    employer_city = text(100)
    employer_state = text(2)
    employer_zip_code = text(20)
    responsible_party_name = text(200)
    responsible_party_relation = text(100)
    responsible_party_phone = text(50)
    responsible_party_email = text(254)

    default_pharmacy = text(20)
    preferred_pharmacies = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    primary_care_physician = text(200)
    referring_source = text(200)
    medication_history_consent = text(50)

    alt_id = text(100)
    hint_id = text(100)
    active_campaign_id = text(100)
    stripe_api_id = text(100)
    fullscript_id = text(100)
    drivers_license_number = text(50)
    drivers_license_state = text(50)
    billing_plan = text(100)
    billing_dependent = text(100)
    group_account = text(100)
    dependent_of = text(100)
    marketing_email = text(20)
    marketing_sms = text(20)

    identifying = (
        dict.fromkeys(
            (
                *(
                    "first_name",
                    "middle_name",
                    "last_name",
                    "nick_name",
                    "chart_id",
                    "social_security_number",
                ),
                *("patient_photo", "address", "address2", "email", "email2", "skype_name"),
                *("emergency_contact_name", "employer", "employer_address", "responsible_party_name"),
                *("responsible_party_email", "alt_id", "hint_id", "active_campaign_id", "stripe_api_id"),
                *(
                    "fullscript_id",
                    "drivers_license_number",
                    "group_account",
                    "dependent_of",
                    "billing_dependent",
                ),
            ),
            REMOVED,
        )
        | dict.fromkeys(
            (
                *("home_phone", "cell_phone", "office_phone", "phone_other", "fax_home", "fax_work"),
                *("emergency_contact_phone", "responsible_party_phone"),
            ),
            AREA_CODE,
        )
        | dict.fromkeys(("date_of_birth", "date_of_death"), YEAR)
    )

    class Meta:
        # Beside the key (practice, id) and (practice, doctor, id). Under row security only leakproof operators
        # (= and < of plain columns) reach an index: a search for a part of a name reads the practice's rows.
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="patient_updated"),
            models.Index(fields=["practice", "date_of_birth"], name="patient_born"),
            models.Index(fields=["practice", "email"], name="patient_email"),
            models.Index(fields=["practice", "chart_id"], name="patient_chart"),
            models.Index(fields=["practice", "last_name", "id"], name="patient_name"),
            # What a list shows: a page asked for by its number is counted off here, without reading rows.
            models.Index(
                fields=["practice", "id"],
                condition=models.Q(archived=False, patient_status="A"),
                name="patient_listed",
            ),
        ]

    def __str__(self) -> str:
        return f"patient {self.pk}"


class Coverage(Record):
    """A patient's health insurance; ``rank`` 1 primary, 2 secondary, 3 tertiary, 4 quaternary. Not checked
    against the payer directory."""

    class Rank(models.IntegerChoices):
        PRIMARY = 1
        SECONDARY = 2
        TERTIARY = 3
        QUATERNARY = 4

    patient = RecordKey("patients.Patient", related_name="coverages", indexed=False)
    rank = models.PositiveSmallIntegerField(choices=Rank)
    insurance_company = text(200)
    insurance_payer_id = text(50)
    insurance_id_number = text(50)
    insurance_group_name = text(200)
    insurance_group_number = text(50)
    insurance_plan_name = text(200)
    insurance_plan_type = text(2)
    insurance_claim_office_number = text(50)
    insurance_phone = text(50)
    notes = models.TextField(blank=True, default="")
    is_subscriber_the_patient = models.BooleanField(default=True)
    patient_relationship_to_subscriber = text(2)
    subscriber_first_name = text(100)
    subscriber_middle_name = text(100)
    subscriber_last_name = text(100)
    subscriber_suffix = text(20)
    subscriber_date_of_birth = models.DateField(null=True, blank=True)
    subscriber_gender = text(10)
    subscriber_social_security = text(20)
    subscriber_address = text(500)
    subscriber_city = text(100)
    subscriber_state = text(2)
    subscriber_zip_code = text(20)
    subscriber_country = text(2)
    photo_front = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    photo_back = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)

    identifying = dict.fromkeys(
        (
            *("insurance_id_number", "insurance_group_number", "notes", "photo_front", "photo_back"),
            *("subscriber_first_name", "subscriber_middle_name", "subscriber_last_name"),
            *("subscriber_social_security", "subscriber_address"),
        ),
        REMOVED,
    ) | {"subscriber_date_of_birth": YEAR}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "patient", "rank"], name="coverage_of_rank"),
            models.CheckConstraint(condition=models.Q(rank__in=(1, 2, 3, 4)), name="coverage_rank"),
        ]

    def __str__(self) -> str:
        return f"coverage {self.rank} of patient {self.patient_id}"


class AutoAccidentInsurance(Record):
    """Who pays for what an auto accident did. Wire names carry ``auto_accident_`` in front."""

    patient = RecordKey("patients.Patient", indexed=False)
    company = text(200)
    payer_id = text(50)
    payer_address = text(500)
    payer_city = text(100)
    payer_state = text(2)
    payer_zip = text(20)
    policy_number = text(50)
    case_number = text(50)
    date_of_accident = models.DateField(null=True, blank=True)
    state_of_occurrence = text(2)
    is_subscriber_the_patient = models.BooleanField(default=True)
    patient_relationship_to_subscriber = text(2)
    claim_rep_address = text(500)
    claim_rep_city = text(100)
    claim_rep_is_insurer = models.BooleanField(default=False)
    claim_rep_name = text(200)
    claim_rep_state = text(2)
    claim_rep_zip = text(20)
    disabled_from_date = models.DateField(null=True, blank=True)
    disabled_to_date = models.DateField(null=True, blank=True)
    had_similar_condition = models.BooleanField(default=False)
    notes = models.TextField(blank=True, default="")
    return_to_work_date = models.DateField(null=True, blank=True)
    significant_injury = text(3)
    significant_injury_notes = models.TextField(blank=True, default="")
    similar_condition_date = models.DateField(null=True, blank=True)
    similar_condition_notes = models.TextField(blank=True, default="")
    still_under_care = models.BooleanField(default=False)
    subscriber_address = text(500)
    subscriber_city = text(100)
    subscriber_date_of_birth = models.DateField(null=True, blank=True)
    subscriber_first_name = text(100)
    subscriber_last_name = text(100)
    subscriber_middle_name = text(100)
    subscriber_phone_number = text(50)
    subscriber_social_security = text(20)
    subscriber_state = text(2)
    subscriber_suffix = text(20)
    subscriber_zip_code = text(20)
    treatment_duration = text(100)
    will_require_therapy = models.BooleanField(default=False)
    will_require_therapy_rec = text(500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "patient"], name="one_auto_accident_insurance")
        ]

    def __str__(self) -> str:
        return f"auto accident insurance of patient {self.patient_id}"


class WorkersCompInsurance(Record):
    """Who pays for an accident at work. Wire names carry ``workers_comp_`` in front, but for the claim number."""

    patient = RecordKey("patients.Patient", indexed=False)
    company = text(200)
    payer_id = text(50)
    payer_address = text(500)
    payer_city = text(100)
    payer_state = text(2)
    payer_zip = text(20)
    group_name = text(200)
    group_number = text(50)
    case_number = text(50)
    property_and_casualty_agency_claim_number = text(50)
    carrier_code = text(50)
    wcb = text(50)
    wcb_rating_code = text(50)
    date_of_accident = models.DateField(null=True, blank=True)
    state_of_occurrence = text(2)
    notes = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "patient"], name="one_workers_comp_insurance")
        ]

    def __str__(self) -> str:
        return f"workers' compensation insurance of patient {self.patient_id}"


class ReferringDoctor(Record):
    """The doctor elsewhere who sent a patient."""

    patient = RecordKey("patients.Patient", indexed=False)
    first_name = text(100)
    middle_name = text(100)
    last_name = text(100)
    suffix = text(20)
    npi = text(20)
    specialty = text(100)
    provider_number = text(50)
    provider_qualifier = text(2)
    email = text(254)
    phone = text(50)
    fax = text(50)
    address = text(500)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "patient"], name="one_referring_doctor")]

    def __str__(self) -> str:
        return f"referring doctor of patient {self.patient_id}"


class FlagType(Record):
    """A mark that a doctor's patients can carry."""

    doctor = RecordKey("practice.Doctor")
    name = text(200)
    color = text(30)
    priority = models.IntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class AttachedFlag(Record):
    patient = RecordKey("patients.Patient", related_name="flags")
    flag_type = RecordKey("patients.FlagType")
    flag_text = text(1000)

    def __str__(self) -> str:
        return f"flag {self.flag_type_id} on patient {self.patient_id}"


class CustomDemographic(Record):
    """The definition of a field that a doctor adds to the demographics. ``allowed_values`` empty: any text.
    ``template_name``: how clinical notes name it (letters, digits, underscore)."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    template_name = text(100)
    allowed_values = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    description = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return self.name


class CustomDemographicValue(Record):
    patient = RecordKey("patients.Patient", indexed=False)
    field_type = RecordKey("patients.CustomDemographic")
    value = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "field_type"], name="custom_demographic_once"
            )
        ]

    def __str__(self) -> str:
        return f"custom demographic {self.field_type_id} of patient {self.patient_id}"


class CustomInsurancePlanName(Record):
    """A plan name of the practice's own; ``doctor`` and ``user`` are who made it."""

    doctor = RecordKey("practice.Doctor")
    user = RecordKey("identity.User")
    insurance_plan_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.insurance_plan_name


class Payer(models.Model):
    """A payer in the directory of a claims network. Reference data of the server: the same for every practice.

    A payer that several networks know has a row for each.
    """

    class Type(models.TextChoices):
        EMDEON = "emdeon"
        GATEWAY = "gateway"
        IHCFA = "ihcfa"

    id = models.BigAutoField(primary_key=True)
    payer_type = models.CharField(max_length=10, choices=Type)
    payer_id = models.CharField(max_length=50)
    payer_name = models.CharField(max_length=200)
    state = text(2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payer_type", "payer_id"], name="payer_once_in_directory")
        ]

    def __str__(self) -> str:
        return self.payer_name
