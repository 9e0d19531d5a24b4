"""Practices, users and apps. Names of permissions and sharing switches are those of the hosted API (reference:
drchrono/enums.yaml, ``permission_name`` and ``sharing_setting``).
"""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse import clock
from charthouse.identity.api_user_models import ApiCalls, ApiSpacing, ApiUser
from charthouse.identity.oauth_models import AccessToken, Application, Calls, Grant, RefreshToken, TokenCalls
from charthouse.identity.parts import ArchivedPart
from charthouse.identity.sealed_secrets import SealedField

__all__ = [
    "PERMISSIONS",
    "RIGHTS",
    "SCOPES",
    "SHARING",
    "AccessToken",
    "ApiCalls",
    "ApiSpacing",
    "ApiUser",
    "Application",
    "ArchivedPart",
    "Calls",
    "Grant",
    "Incarnation",
    "Practice",
    "RefreshToken",
    "SecretKey",
    "TokenCalls",
    "User",
]

SHARING = (
    "share_patients",
    "share_clinical_templates",
    "share_appointment_profiles",
    "share_billing_profiles",
    "share_consent_forms",
    "custom_insurance_plan_name",
    "share_faxes",
    "share_reminder_profile",
    "share_fee_schedule",
    "share_inventory",
)

PERMISSIONS = (
    "Access Billing",
    "Access Clinical Notes",
    "Access Message Center",
    "Access Patients Payments",
    "Access Scheduling",
    "Manage Patients",
    "Settings",
    "Show Billing Tab",
)

SCOPES = (
    "billing",
    "billing:patient-payment",
    "calendar",
    "clinical",
    "labs",
    "messages",
    "patients",
    "patients:summary",
    "settings",
    "tasks",
    "user",
)

# Rights of an app besides scopes: entries of Application.scopes that need no consent and are in no token.
RIGHTS = ("labs:vendor",)

TRIAL_PLAN = "Trial"  # plan_type of a practice on trial


class Practice(models.Model):
    """A practice group: the tenant.

    ``sharing`` lists the enabled sharing switches. ``plan_type`` is free text; only TRIAL_PLAN has fewer features.
    Users are signed out after ``idle_minutes`` without a request. Patients book, move and cancel in the portal until
    ``portal_notice_hours`` before an appointment. Parents see the record of a child there until the child is
    ``proxy_end_age`` years old. No text message reminds of an appointment from ``quiet_from`` to ``quiet_until``,
    hours of the office's clock; no hour is quiet where both are the same.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=200)
    sharing = ArrayField(models.CharField(max_length=40), default=list)
    plan_type = models.CharField(max_length=40, default="Provider")
    refuse_duplicate_patients = models.BooleanField(default=False)
    require_second_factor = models.BooleanField(default=False)
    idle_minutes = models.PositiveSmallIntegerField(default=30)
    portal_notice_hours = models.PositiveSmallIntegerField(default=24, db_default=24)
    proxy_end_age = models.PositiveSmallIntegerField(default=18, db_default=18)
    quiet_from = models.PositiveSmallIntegerField(default=21, db_default=21)
    quiet_until = models.PositiveSmallIntegerField(default=8, db_default=8)
    created_at = models.DateTimeField(default=clock.now)
    reminders_held_since = models.DateTimeField(
        null=True,
        editable=False,
        help_text="It was imported; no reminder is sent until charthouse resume --practice.",
    )

    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})

    def __str__(self) -> str:
        return self.name


class SecretKey(models.Model):
    """A secret key that this database has been set up with; see ``secret_keys``.

    The key itself is in no table: ``sealed_key`` of a former one is encrypted under the current one; "" if it was lost.
    """

    fingerprint = models.CharField(max_length=16, primary_key=True)
    is_current = models.BooleanField(default=False)
    sealed_key = SealedField(blank=True, default="")
    since = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    web_role_may = frozenset({"SELECT"})

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=models.Q(is_current=True), name="one_current_secret_key"
            )
        ]

    def __str__(self) -> str:
        return self.fingerprint


class Incarnation(models.Model):
    """Which database this is: one row, compared with the server that it is on. See ``incarnations``.

    ``server``: system identifier of the cluster and oid of the database, as "7714…/16384"; ``relation``: oid of this
    table, another one in a restored dump; ``timeline``: another one after a recovery or a promotion. ``number`` counts
    the incarnations of the record, ``transaction_offset`` is added to the transaction ids of this one. Nothing is sent
    while ``paused_since`` is set.
    """

    class Cause(models.TextChoices):
        NEW = "new"
        COPY = "copy", "Restored from a dump, upgraded, or copied"
        RECOVERY = "recovery", "Recovered from a backup"
        FAILOVER = "failover", "A standby was promoted"
        MARKED = "marked", "Marked as a copy"

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.IntegerField()
    server = models.CharField(max_length=40)
    relation = models.BigIntegerField()
    timeline = models.IntegerField()
    transaction_offset = models.BigIntegerField()
    began_at = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=Cause)
    paused_since = models.DateTimeField(null=True)

    web_role_may = frozenset({"SELECT"})

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_incarnation")]

    def __str__(self) -> str:
        return f"incarnation {self.number}"


class UserManager(BaseUserManager["User"]):
    """Manager that creates users with a hashed password."""

    def create_user(self, username: str, password: str | None = None, **values: object) -> "User":
        user = self.model(username=username, **values)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person who signs in: doctor or staff of one practice, or an operator of the server (no practice).

    ``doctor_id`` is a doctor's own record or the primary physician of a staff member; its constraint is added by the
    practice domain, on which identity does not depend.
    """

    class Role(models.TextChoices):
        DOCTOR = "doctor"
        STAFF = "staff"

    id = models.BigAutoField(primary_key=True)
    practice = models.ForeignKey(
        Practice, null=True, blank=True, on_delete=models.DO_NOTHING, related_name="users"
    )
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.STAFF)
    is_primary = models.BooleanField(default=False)
    permissions = ArrayField(models.CharField(max_length=60), default=list)
    doctor_id = models.BigIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the operators' admin.")
    link_sent_at = models.DateTimeField(null=True, blank=True, help_text="A link to set the password.")
    sign_in_generation = models.IntegerField(
        default=0, db_default=0, editable=False, help_text="Sessions and links of an earlier one have ended."
    )
    created_at = models.DateTimeField(default=clock.now)

    objects = UserManager()
    USERNAME_FIELD = "username"
    web_role_may = frozenset({"SELECT", "INSERT", "UPDATE"})
    # Columns in the change feed: no credentials, no times of sign-in.
    followed_columns = frozenset(
        {"id", "practice_id", "username", "email", "first_name", "last_name", "role", "is_primary"}
        | {"permissions", "doctor_id", "is_active", "created_at"}
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice"], condition=models.Q(is_primary=True), name="one_primary_user_a_practice"
            ),
            # Target of the composite foreign key of a RecordKey to a user.
            models.UniqueConstraint(fields=["practice", "id"], name="user_within_practice"),
        ]

    def __str__(self) -> str:
        return self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session must have, which changes with the password and the generation."""
        hashed: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{hashed}.{self.sign_in_generation}" if self.sign_in_generation else hashed
