"""Serializers and view sets as the framework's own tutorial teaches them, over the same tables.

It checks what Charthouse checks (token, scope, permission, practice, sharing, overlap), reads ``offices`` with the
query instead of once a row, and leaves browsable API, sessions and cookies out.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, OuterRef
from oauth2_provider.contrib.rest_framework import TokenHasResourceScope
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission

from charthouse.domains.patients.code_labels import GENDER_IDENTITY_LABELS, LANGUAGE_CODES, LANGUAGE_LABELS
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION, Appointment


class HasPermissions(BasePermission):
    def has_permission(self, request, view):
        return set(view.required_permissions) <= set(request.user.permissions)


class OfPractice(viewsets.ModelViewSet):
    permission_classes = (TokenHasResourceScope, HasPermissions)

    def get_queryset(self):
        user = self.request.user
        rows = super().get_queryset().filter(practice_id=user.practice_id)
        if "share_patients" not in user.practice.sharing:
            rows = rows.filter(doctor_id=user.doctor_id)
        return rows.order_by("id")


class Said(serializers.CharField):
    """A code in other words."""

    def __init__(self, words, **options):
        super().__init__(read_only=True, **options)
        self.words = words

    def to_representation(self, value):
        return self.words[value]


class PatientSerializer(serializers.ModelSerializer):
    offices = serializers.ListField(read_only=True)
    gender_identity_code = serializers.CharField(source="gender_identity", read_only=True)
    gender_identity_description = Said(GENDER_IDENTITY_LABELS, source="gender_identity")
    preferred_language_code = Said(LANGUAGE_CODES, source="preferred_language")
    preferred_language_description = Said(LANGUAGE_LABELS, source="preferred_language")

    class Meta:
        model = Patient
        fields = [
            *(
                "id",
                "doctor",
                "chart_id",
                "first_name",
                "middle_name",
                "last_name",
                "nick_name",
                "date_of_birth",
            ),
            *(
                "gender",
                "social_security_number",
                "race",
                "ethnicity",
                "preferred_language",
                "patient_status",
            ),
            *("patient_photo", "patient_photo_date", "date_of_death", "pronouns", "address", "city", "state"),
            *("zip_code", "email", "home_phone", "cell_phone", "office_phone", "disable_sms_messages"),
            *("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relation", "employer"),
            *("employer_address", "employer_city", "employer_state", "employer_zip_code"),
            *("responsible_party_name", "responsible_party_relation", "responsible_party_phone"),
            *(
                "responsible_party_email",
                "default_pharmacy",
                "preferred_pharmacies",
                "primary_care_physician",
            ),
            *(
                "referring_source",
                "offices",
                "medication_history_consent",
                "patient_payment_profile",
                "copay",
            ),
            *("gender_identity_code", "gender_identity_description", "race_subcategories"),
            *("preferred_language_code", "preferred_language_description"),
            *("created_at", "updated_at"),
        ]


class Patients(OfPractice):
    queryset = Patient.objects.filter(archived=False)
    serializer_class = PatientSerializer
    required_scopes = ("patients",)
    required_permissions = ("Manage Patients",)

    def get_queryset(self):
        visits = Appointment.objects.filter(
            practice=OuterRef("practice_id"), archived=False, patient=OuterRef("pk")
        )
        offices = visits.order_by("office_id").values_list("office_id", flat=True).distinct()
        rows = super().get_queryset().annotate(offices=ArraySubquery(offices))
        if self.action == "list":
            rows = rows.filter(patient_status="A")
            if doctor := self.request.query_params.get("doctor"):
                rows = rows.filter(doctor_id=doctor)
            if since := self.request.query_params.get("since"):
                rows = rows.filter(updated_at__gte=datetime.fromisoformat(since).replace(tzinfo=UTC))
        return rows


class Overlap(APIException):
    status_code = status.HTTP_409_CONFLICT


class AppointmentSerializer(serializers.ModelSerializer):
    """``scheduled_time`` is the wall clock of the office's doctor."""

    class Meta:
        model = Appointment
        fields = [
            *(
                "id",
                "doctor",
                "duration",
                "exam_room",
                "office",
                "patient",
                "scheduled_time",
                "color",
                "notes",
            ),
            *("profile", "reason", "status", "supervising_provider", "billing_status", "billing_provider"),
            *(
                "icd10_codes",
                "icd9_codes",
                "created_at",
                "updated_at",
                "first_billed_date",
                "last_billed_date",
            ),
            *("archived", "allow_overlapping", "cloned_from", "base_recurring_appointment", "is_walk_in"),
            *("is_virtual_base", "recur_start_date", "recur_end_date", "recurs_every", "recurring_days"),
            *("created_by", "ins1_status", "ins2_status", "first_edi_date", "last_edi_date"),
        ]
        read_only_fields = [
            *(
                "icd10_codes",
                "icd9_codes",
                "created_at",
                "updated_at",
                "first_billed_date",
                "last_billed_date",
            ),
            *("archived", "cloned_from", "base_recurring_appointment", "is_virtual_base", "created_by"),
            *("ins1_status", "ins2_status", "first_edi_date", "last_edi_date"),
        ]

    def get_fields(self):
        """References are looked for in the caller's practice only."""
        fields = super().get_fields()
        practice = self.context["request"].user.practice_id
        for field in fields.values():
            if isinstance(field, serializers.PrimaryKeyRelatedField) and not field.read_only:
                field.queryset = field.queryset.filter(practice_id=practice)
        fields["office"].queryset = fields["office"].queryset.select_related("doctor")
        return fields

    def validate(self, data):
        zone = ZoneInfo(data["office"].doctor.timezone)
        data["scheduled_time"] = data["scheduled_time"].replace(tzinfo=zone)
        if not data["office"].exam_rooms.filter(index=data["exam_room"], archived=False).exists():
            raise serializers.ValidationError({"exam_room": ["The office has no exam room of this index."]})
        return data

    def create(self, data):
        start = data["scheduled_time"]
        end = start + timedelta(minutes=data["duration"])
        with transaction.atomic():
            Doctor.objects.select_for_update(no_key=True).get(pk=data["doctor"].pk)
            Office.objects.select_for_update(no_key=True).get(pk=data["office"].pk)
            before = Appointment.objects.annotate(
                end=ExpressionWrapper(
                    F("scheduled_time") + F("duration") * timedelta(minutes=1), output_field=DateTimeField()
                )
            ).filter(
                practice_id=data["practice_id"],
                office=data["office"],
                exam_room=data["exam_room"],
                scheduled_time__gt=start - timedelta(minutes=MAX_DURATION),
                scheduled_time__lt=end,
                end__gt=start,
                archived=False,
                is_virtual_base=False,
            )
            taken = before.exclude(status__in=FREEING_STATUSES).first()
            if taken and not data.get("allow_overlapping"):
                raise Overlap(f"Appointment overlaps with {taken.pk}")
            return super().create(data)

    def to_representation(self, row):
        shown = super().to_representation(row)
        local = row.scheduled_time.astimezone(ZoneInfo(row.office.doctor.timezone))
        return {**shown, "id": str(row.pk), "scheduled_time": local.strftime("%Y-%m-%dT%H:%M:%S")}


class Appointments(OfPractice):
    queryset = Appointment.objects.select_related("office__doctor")
    serializer_class = AppointmentSerializer
    required_scopes = ("calendar", "clinical")
    required_permissions = ("Access Billing", "Show Billing Tab", "Access Clinical Notes")

    def perform_create(self, serializer):
        user = self.request.user
        serializer.save(practice_id=user.practice_id, created_by_id=user.pk)
