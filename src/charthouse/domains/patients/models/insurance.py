"""Insurance of patients and the directory of payers. Codes are stored as the API has them: reference
drchrono/enums.yaml."""

from django.db import models

from charthouse.domains.practice.models import text
from charthouse.engine.declaration.values import REMOVED, YEAR
from charthouse.identity.tenancy import Record, RecordKey


class Coverage(Record):
    """A patient's health insurance. ``rank``: 1 primary, 2 secondary, 3 tertiary, 4 quaternary. Not checked against the
    directory of payers."""

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
    """The insurance that pays after an auto accident. Wire names begin with ``auto_accident_``."""

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
    """The insurance that pays after an accident at work. Wire names begin with ``workers_comp_``, except the claim
    number."""

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


class CustomInsurancePlanName(Record):
    """A plan name of the practice's own. ``doctor``, ``user``: who created it."""

    doctor = RecordKey("practice.Doctor")
    user = RecordKey("identity.User")
    insurance_plan_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.insurance_plan_name


class Payer(models.Model):
    """A payer in the directory of a claims network. Reference data of the server, the same for every practice.

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
