"""Patients and what a practice adds to their charts of its own: flags and custom fields. Codes are stored as the API
has them: reference drchrono/enums.yaml."""

from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import AREA_CODE, REMOVED, YEAR
from charthouse.engine.sql.folding import make_folded_column
from charthouse.identity.tenancy import Authored, Record, RecordKey

DECEASED = "D"
FOLDED = ("first_name_folded", "last_name_folded", "email_folded", "email2_folded")


class Patient(Authored, Record):
    """A patient. ``doctor`` is the primary provider.

    ``patient_status``: A active, I inactive, D inactive (deceased); an inactive one may be ``is_prospective``. It alone
    says whether the patient has died; ``date_of_death`` says when, if that is known, and a trigger keeps both in
    agreement. ``status_before_death``: A, I, or P for prospective, while deceased. ``inactive_date``: the day of
    becoming inactive. ``gender_said``: in the patient's own words. ``identifying``: how columns are shown to callers
    that see deidentified data; other columns don't identify the patient.

    ``chart_id`` sorts by its bytes, so that an index finds the highest number of a prefix. ``race_subcategories``:
    objects with ``code`` and ``description``, of CDC's race and ethnicity codes. ``gender_identity``: a key of
    ``codes.GENDER_IDENTITIES``, or empty.
    """

    has_parts = withdraws_parts = True
    unfollowed = frozenset(FOLDED)

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
    status_before_death = text(1)
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
    first_name_folded = make_folded_column("first_name")
    last_name_folded = make_folded_column("last_name")
    email_folded = make_folded_column("email")
    email2_folded = make_folded_column("email2")
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
                *FOLDED,
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
        | dict.fromkeys(("date_of_birth", "date_of_death", "inactive_date"), YEAR)
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(date_of_death=None) | models.Q(patient_status=DECEASED),
                name="patient_deceased_if_dated",
            )
        ]
        # In addition to (practice, id) and (practice, doctor, id). Under row security only leakproof operators
        # (= and < of plain columns) can use an index: searches for parts of texts use those of ``search_terms``.
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="patient_updated"),
            models.Index(fields=["practice", "date_of_birth"], name="patient_born"),
            models.Index(fields=["practice", "email_folded"], name="patient_email"),
            models.Index(fields=["practice", "last_name_folded", "id"], name="patient_last_name"),
            models.Index(fields=["practice", "first_name_folded", "id"], name="patient_first_name"),
            models.Index(fields=["practice", "chart_id"], name="patient_chart"),
            models.Index(fields=["practice", "last_name", "id"], name="patient_name"),
            # The rows of a list: offset pagination counts rows in this index, without reading the table.
            models.Index(
                fields=["practice", "id"],
                condition=models.Q(archived=False, patient_status="A"),
                name="patient_listed",
            ),
            # Cerbo's lists say how many rows there are: they are counted in this index.
            models.Index(
                fields=["practice", "id"], condition=models.Q(archived=False), name="patient_counted"
            ),
            # The list of deleted patients, the latest first: few among many.
            models.Index(
                fields=["practice", "-updated_at"], condition=models.Q(archived=True), name="patient_deleted"
            ),
        ]

    def __str__(self) -> str:
        return f"patient {self.pk}"

    @property
    def is_deceased(self) -> bool:
        return self.patient_status == DECEASED

    @property
    def local_zone(self) -> ZoneInfo:
        """The patient's time zone, or the doctor's."""
        try:
            return ZoneInfo(self.timezone or self.doctor.timezone)
        except (KeyError, ValueError):  # imported rows may have any text
            return ZoneInfo(self.doctor.timezone)

    @property
    def display_name(self) -> str:
        """First and last name, and that the patient has died."""
        return f"{self.first_name} {self.last_name}".strip() + self._deceased_note

    @property
    def sort_name(self) -> str:
        """The same, with the last name first."""
        return f"{self.last_name}, {self.first_name}".strip(", ") + self._deceased_note

    @property
    def _deceased_note(self) -> str:
        return " (deceased)" if self.is_deceased else ""


class ReferringDoctor(Record):
    """The doctor outside the practice who referred a patient."""

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
    """A flag that a doctor's patients can carry."""

    doctor = RecordKey("practice.Doctor")
    name = text(200)
    color = text(30)
    priority = models.IntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class AttachedFlag(Record):
    """A flag on a patient."""

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
    """A patient's value of a custom demographic."""

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
