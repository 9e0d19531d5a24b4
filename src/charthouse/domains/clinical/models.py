"""Clinical notes and the lists of a chart. Codes are stored as the API shows them: reference
drchrono/enums.yaml."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from charthouse.domains.clinical.free_text_notes import (  # noqa: F401 - Django finds models here
    FreeTextNote,
    FreeTextNoteType,
)
from charthouse.domains.clinical.health_maintenance import (  # noqa: F401 - Django finds models here
    HealthReading,
    HealthTracker,
)
from charthouse.domains.clinical.practice_lists import (  # noqa: F401 - Django finds models here
    Allergen,
    FavoriteProblem,
)
from charthouse.domains.practice.models import one_of_each, text
from charthouse.identity.tenancy import Authored, Record, RecordKey


def prose() -> "models.TextField[str, str]":
    """Return a column of text of any length, "" by default."""
    return models.TextField(blank=True, default="")


# -- notes ------------------------------------------------------------------------------------------------------


class ClinicalNoteTemplate(Record):
    """A section of clinical notes, with its fields in order. ``is_persistent``: its values apply to later
    notes of the patient as well, until one changes them."""

    doctor = RecordKey("practice.Doctor")
    name = models.CharField(max_length=200)
    is_onpatient = models.BooleanField(default=False)
    is_persistent = models.BooleanField(default=False)
    workflow_key = text(100)
    order_on_complete_note = models.IntegerField(default=1)
    order_on_ipad = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class ClinicalNoteFieldType(Record):
    """A field of a template. ``required``: a note with this section is not locked without a value.
    ``allowed_values`` empty: any value of the type (``field_values.find_value_error``)."""

    clinical_note_template = RecordKey("clinical.ClinicalNoteTemplate", related_name="fields")
    name = models.CharField(max_length=200)
    data_type = models.CharField(max_length=20, blank=True, default="String")
    allowed_values = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    required = models.BooleanField(default=False)
    comment = text(1000)
    position = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class EncounterType(Record):
    """A type of encounter. ``code``: two letters or digits. The practice's first by ``sort_priority`` is the
    type of visits, and the default of encounters. ``place_of_service_code``: CMS's; ``provider_taxonomy``:
    NUCC's."""

    code = models.CharField(max_length=2, validators=[RegexValidator("^[a-z0-9]{2}$")])
    name = models.CharField(max_length=200)
    description = prose()
    is_face_to_face = models.BooleanField(default=False)
    place_of_service_code = text(2)
    provider_taxonomy = text(10)
    sort_priority = models.IntegerField(default=100)
    deleted_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [one_of_each("code", "encounter_type_once")]

    def __str__(self) -> str:
        return self.name


class ClinicalNote(Record):
    """A clinical note of a patient: of a visit, or independent (docs/decisions/0240-encounters.md).

    A trigger creates the note of a visit with the appointment and under its id, and keeps patient and
    ``archived`` equal (docs/decisions/0040-notes-are-made-by-the-database.md); its content is in field
    values. The id of an independent note comes from the same sequence; the note itself has type, title, text,
    day and ``owner`` (null: the app that wrote it). ``parent``: the encounter that it belongs to.

    A locked note is signed: it does not change until it is unlocked. ``signed_pdf``: the page as signed;
    ``attestation``: the words that the signer agreed to, "" where the note was signed without.
    """

    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    patient = RecordKey("patients.Patient")
    encounter_type = RecordKey("clinical.EncounterType", null=True, blank=True, indexed=False)
    title = text(500, db_default="")
    content = models.TextField(blank=True, default="", db_default="")
    date_of_service = models.DateField(null=True, blank=True)
    owner = RecordKey("identity.User", null=True, blank=True, indexed=False)
    parent = RecordKey("clinical.ClinicalNote", null=True, blank=True, indexed=False)
    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    signed_pdf = RecordKey("files.StoredFile", null=True, blank=True, indexed=False)
    attestation = text(500, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "appointment"], name="one_note_an_appointment"),
            models.CheckConstraint(condition=Q(id=F("appointment")), name="note_has_id_of_appointment"),
            models.CheckConstraint(
                condition=Q(appointment__isnull=False)
                | Q(encounter_type__isnull=False, date_of_service__isnull=False),
                name="note_of_visit_or_its_own",
            ),
            models.CheckConstraint(
                condition=Q(locked_at__isnull=False) | Q(locked_by__isnull=True),
                name="note_locked_by_when_locked",
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "updated_at"], name="note_updated"),
            models.Index(fields=["practice", "parent"], condition=Q(parent__isnull=False), name="note_below"),
        ]

    def __str__(self) -> str:
        return f"note of appointment {self.appointment_id}" if self.appointment_id else f"note {self.pk}"


class ClinicalNoteFieldValue(Record):
    """A value of a field in a note. A field may have several (photos)."""

    appointment = RecordKey("scheduling.Appointment")
    clinical_note_field = RecordKey("clinical.ClinicalNoteFieldType")
    value = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["practice", "updated_at"], name="note_value_updated")]

    def __str__(self) -> str:
        return f"value {self.pk} of appointment {self.appointment_id}"


class NoteText(Record):
    """A text that is inserted into notes; only the console has it.

    ``field``: "" of a snippet, which goes anywhere; of a template, which is all texts of one name, the name of the
    note's field. ``owner``: whose it is; null: of the whole practice.
    """

    name = models.CharField(max_length=100)
    field = text(200)
    text = models.TextField()
    owner = RecordKey("identity.User", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "owner", "name", "field"],
                condition=Q(archived=False),
                name="note_text_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name


class YellowNotepad(Record):
    """Free text next to a section of a note."""

    appointment = RecordKey("scheduling.Appointment", indexed=False)
    template = RecordKey("clinical.ClinicalNoteTemplate", indexed=False)
    content = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "appointment", "template"], name="one_notepad_a_section"
            )
        ]

    def __str__(self) -> str:
        return f"notepad of appointment {self.appointment_id}"


class Amendment(Record):
    """A PDF that amends the record, which only the app that stored it sees in the API. With an appointment,
    it follows the pages of that visit's note."""

    app = models.ForeignKey(
        "identity.Application", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    doctor = RecordKey("practice.Doctor", indexed=False)
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True)
    amendment_name = models.CharField(max_length=500)
    amendment_file = RecordKey("files.StoredFile", indexed=False)
    comments = prose()

    def __str__(self) -> str:
        return f"amendment {self.pk}"


# -- lists of the chart -----------------------------------------------------------------------------------------


class Problem(Authored, Record):
    """A diagnosis. ``icd_version``: 9 or 10; ``name``: the code's official description unless another was
    given."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    icd_version = models.PositiveSmallIntegerField(default=10)
    icd_code = text(20)
    snomed_ct_code = text(30)
    name = text(500)
    description = prose()
    notes = prose()
    status = models.CharField(max_length=10, default="active")
    verification_status = text(30)
    category = text(100)
    problem_type = text(30)
    date_onset = models.DateField(null=True, blank=True)
    date_diagnosis = models.DateField(null=True, blank=True)
    date_changed = models.DateField(null=True, blank=True)
    abatement_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"problem {self.pk}"


class Allergy(Record):
    """An allergy. ``rxnorm``: drugs only; ``snomed_reaction``: code; ``reaction``: free text; ``severity``: mild,
    moderate or severe, "" where it is not known. Neither API has a place for it."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    description = prose()
    notes = prose()
    reaction = text(500)
    rxnorm = text(20)
    snomed_code = text(30)
    snomed_reaction = text(30)
    severity = text(10, db_default="")
    status = models.CharField(max_length=10, default="active")
    verification_status = text(30)

    class Meta:
        verbose_name_plural = "allergies"

    def __str__(self) -> str:
        return f"allergy {self.pk}"


class Procedure(Record):
    """A procedure performed at a visit. ``procedure_type``: C CPT, H HCPCS, U custom, S SNOMED CT."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment")
    procedure_type = models.CharField(max_length=1, default="C")
    code = models.CharField(max_length=30)
    description = prose()
    date = models.DateField()
    status = models.CharField(max_length=30, default="completed")

    class Meta:
        indexes = [models.Index(fields=["practice", "date"], name="procedure_date")]

    def __str__(self) -> str:
        return f"procedure {self.pk}"


class ImplantableDevice(Record):
    """A device in a patient's body, by its unique device identifier (UDI)."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    procedure = RecordKey("clinical.Procedure", null=True, blank=True, indexed=False)
    udi = text(200)
    brand_name = text(200)
    company_name = text(200)
    version_or_model = text(200)
    gmdn_pt_name = text(500)
    serial_number = text(100)
    lot_number = text(100)
    manufacturing_date = models.DateField(null=True, blank=True)
    expiration_date = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, default="active")

    def __str__(self) -> str:
        return f"device {self.pk}"


class CarePlan(Record):
    """A goal, an instruction or a referral. ``plan_type``: reference enums.yaml, care_plan_type."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    plan_type = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=500)
    description = prose()
    instructions = prose()
    code = text(30)
    code_system = text(30)
    scheduled_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(plan_type__gte=1, plan_type__lte=6), name="care_plan_type")
        ]

    def __str__(self) -> str:
        return f"care plan {self.pk}"


class CareTeamMember(Record):
    """A user who takes part in a patient's care, since a visit."""

    patient = RecordKey("patients.Patient")
    user = RecordKey("identity.User")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True)

    def __str__(self) -> str:
        return f"user {self.user_id} for patient {self.patient_id}"


class Observation(Record):
    """The base of four resources: a coded act or finding, with a coded value. Names are the codes' labels
    (``code_labels.get_label``)."""

    doctor = RecordKey("practice.Doctor")
    patient = RecordKey("patients.Patient")
    appointment = RecordKey("scheduling.Appointment", null=True, blank=True, indexed=False)
    code = models.CharField(max_length=30)
    code_system = models.CharField(max_length=10)
    name = text(500)
    value_code = text(30)
    value_code_system = text(10)
    value_code_name = text(500)
    effective_time = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class PatientIntervention(Observation):
    """An intervention: counseling, referral, therapy."""

    pass


class PatientPhysicalExam(Observation):
    """A physical exam and its finding."""

    pass


class PatientRiskAssessment(Observation):
    """An assessed risk."""

    pass


class PatientCommunication(Observation):
    """A communication between patient, provider and others about care."""

    pass
