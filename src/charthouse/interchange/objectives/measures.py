"""Numerator and denominator of each objective, counted in the record. docs/objectives.md defines what counts; a test
compares it with the list below."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import TruncDate

from charthouse.domains.clinical.models import CarePlan, PatientIntervention, Procedure
from charthouse.domains.labs.models import LabOrder, PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.domains.patients.models import PortalAccess
from charthouse.interchange.objectives.period import Period

NOT_ORDERED = ("Prescribed by other Dr", "Over the Counter", "Discontinued")
ON_PAPER = ("Paper Rx", "Phoned into Pharmacy")
SENT_ELECTRONICALLY = "Electronic eRx Sent"
TO_PHARMACIES = (SENT_ELECTRONICALLY, "Faxed to Pharmacy", "Prescription Printed", *ON_PAPER)
EDUCATION, REFERRAL = 2, 5  # CarePlan.plan_type
SUMMARIES = ("OD", "OR")  # Message.type: outbound Direct message, outbound referral
# SNOMED CT, CPT II and HCPCS codes of medication reconciliation.
RECONCILIATION_CODES = ("428191000124101", "1159F", "1160F", "1111F", "G8427")
ACCESS_DEADLINE = 4  # business days after a visit within which access has to be provided

Count = tuple[int, int]  # numerator, denominator


@dataclass(frozen=True)
class Objective:
    """An objective. ``thresholds``: percentage to be exceeded by stage, for the stages that have the objective."""

    name: str
    thresholds: dict[int, Decimal]
    count: Callable[[Period], Count]


def _count_medication_orders(period: Period) -> Count:
    orders = Medication.objects.filter(
        period.filter_day("date_prescribed"), **period.doctor_conditions()
    ).exclude(order_status__in=NOT_ORDERED)
    return orders.exclude(order_status__in=ON_PAPER).count(), orders.count()


def _count_laboratory_orders(period: Period) -> Count:
    ordered = LabOrder.objects.filter(period.filter_time("timestamp"), **period.doctor_conditions()).count()
    by_hand = PatientLabResult.objects.filter(
        period.filter_day("date_test_performed"),
        practice=period.practice,
        ordering_doctor=period.doctor,
        archived=False,
    )
    return ordered, ordered + by_hand.count()


def _count_electronic_prescriptions(period: Period) -> Count:
    sent = Medication.objects.filter(
        period.filter_day("date_prescribed"), **period.doctor_conditions(order_status__in=TO_PHARMACIES)
    )
    return sent.filter(order_status=SENT_ELECTRONICALLY).count(), sent.count()


def _count_summaries_of_care(period: Period) -> Count:
    referrals = CarePlan.objects.filter(
        period.filter_time("created_at"), **period.doctor_conditions(plan_type=REFERRAL)
    )
    sent = Message.objects.filter(
        practice=period.practice,
        patient=OuterRef("patient"),
        archived=False,
        type__in=SUMMARIES,
        received_at__gte=OuterRef("created_at"),
        received_at__lt=period.end,
    )
    return referrals.filter(Exists(sent)).count(), referrals.count()


def _count_patient_education(period: Period) -> Count:
    given = CarePlan.objects.filter(
        period.filter_time("created_at"), **period.doctor_conditions(plan_type=EDUCATION)
    )
    return _count_patients_seen(period, Q(patient__in=given.values("patient")))


def _count_reconciliations(period: Period) -> Count:
    """Count new patients with a reconciliation on the day of the first visit or later in the period."""
    arrived = period.new_patients().annotate(day=TruncDate("scheduled_time", tzinfo=period.zone))
    procedures = Procedure.objects.filter(
        practice=period.practice, patient=OuterRef("patient"), archived=False, code__in=RECONCILIATION_CODES,
        date__gte=OuterRef("day"), date__lte=period.last,
    )  # fmt: skip
    interventions = PatientIntervention.objects.filter(
        practice=period.practice, patient=OuterRef("patient"), archived=False, code__in=RECONCILIATION_CODES,
        effective_time__gte=OuterRef("scheduled_time"), effective_time__lt=period.end,
    )  # fmt: skip
    done = arrived.filter(Exists(procedures) | Exists(interventions))
    return done.count(), arrived.count()


def _count_access_provided(period: Period) -> Count:
    """Count patients seen who could use the portal, or were invited to, in time after the first visit of the period."""
    visits = period.visits().values("patient").annotate(first=Min("scheduled_time"))
    first_seen = dict(visits.values_list("patient", "first"))
    given = PortalAccess.objects.filter(
        practice=period.practice, archived=False, patient__in=period.visits().values("patient")
    )
    in_time = {
        patient
        for patient, enabled, disabled in given.values_list("patient", "enabled_on", "disabled_on")
        if enabled.astimezone(period.zone).date() <= _access_deadline_after(first_seen[patient], period)
        and (disabled is None or disabled > first_seen[patient])
    }
    return len(in_time), len(first_seen)


def _access_deadline_after(seen: datetime, period: Period) -> date:
    """Return the last day on which access is timely: so many business days (Monday to Friday) after a visit."""
    day, left = seen.astimezone(period.zone).date(), ACCESS_DEADLINE
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def _count_access_used(period: Period) -> Count:
    used = PortalAccess.objects.filter(
        Q(disabled_on__isnull=True) | Q(disabled_on__gt=F("activated_on")),
        practice=period.practice,
        archived=False,
        activated_on__lt=period.end,
    )
    return _count_patients_seen(period, Q(patient__in=used.values("patient")))


def _count_secure_messages(period: Period) -> Count:
    sent = PatientMessage.objects.filter(period.filter_time("created_at"), **period.doctor_conditions())
    return _count_patients_seen(period, Q(patient__in=sent.values("patient")))


def _count_patients_seen(period: Period, condition: Q) -> Count:
    """Count the patients seen who meet a condition, and all patients seen."""
    seen = period.visits()
    return tuple(  # type: ignore[return-value]
        rows.order_by().values("patient").distinct().count() for rows in (seen.filter(condition), seen)
    )


def _percent_by_stage(**stages: int) -> dict[int, Decimal]:
    return {int(stage[-1]): Decimal(percent) for stage, percent in stages.items()}


OBJECTIVES = (
    Objective(
        "Computerized provider order entry: medications",
        _percent_by_stage(stage1=30, stage2=60),
        _count_medication_orders,
    ),
    Objective(
        "Computerized provider order entry: laboratory",
        _percent_by_stage(stage2=30),
        _count_laboratory_orders,
    ),
    Objective(
        "Electronic prescribing", _percent_by_stage(stage1=40, stage2=50), _count_electronic_prescriptions
    ),
    Objective("Health information exchange", _percent_by_stage(stage2=10), _count_summaries_of_care),
    Objective("Patient-specific education", _percent_by_stage(stage2=10), _count_patient_education),
    Objective("Medication reconciliation", _percent_by_stage(stage2=50), _count_reconciliations),
    Objective(
        "Patient electronic access: provided", _percent_by_stage(stage1=50, stage2=50), _count_access_provided
    ),
    Objective("Patient electronic access: used", _percent_by_stage(stage2=5), _count_access_used),
    Objective("Secure electronic messaging", _percent_by_stage(stage2=5), _count_secure_messages),
)
