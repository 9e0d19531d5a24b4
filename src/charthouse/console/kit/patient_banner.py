"""The patient banner: who the patient is, allergies, tags and whether the patient has died."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from charthouse import clock
from charthouse.console.kit import clinical_lists, formats
from charthouse.console.kit.cells import Dot
from charthouse.console.kit.clinical_lists import ClinicalList
from charthouse.console.kit.page import Request
from charthouse.console.kit.patient_words import PRONOUNS
from charthouse.domains.patients.models import Patient, PatientTag

MAX_TAGS = 12
MAX_COUNTED_TAGS = 100
MAX_BADGES = 8  # allergies in the banner


@dataclass(frozen=True)
class PatientBanner:
    """What the banner shows of a patient. ``allergies``: None for users who may not see them."""

    patient: Patient
    today: date
    allergies: ClinicalList | None
    tags: list[Dot]
    more_tags: int

    @property
    def name(self) -> str:
        """First and last name, with the preferred name in quotation marks."""
        nick = f"“{self.patient.nick_name}”" if self.patient.nick_name else ""
        return " ".join(filter(None, (self.patient.first_name, nick, self.patient.last_name)))

    @property
    def facts(self) -> list[str]:
        """Age, sex, pronouns, date of birth and chart ID, in this order; the age at death of who has died."""
        born, sex = self.patient.date_of_birth, self.patient.gender
        pronouns = PRONOUNS.get(self.patient.pronouns, "") if self.patient.pronouns else ""
        return [
            *filter(None, (self._format_age(),)),
            sex or "Sex not recorded",
            *filter(None, (pronouns,)),
            f"DOB {formats.format_date(born)}" if born else "DOB not recorded",
            *filter(None, (self.patient.chart_id and f"Chart {self.patient.chart_id}",)),
        ]

    @property
    def shown_allergies(self) -> list[str]:
        """The descriptions of the first MAX_BADGES allergies."""
        rows = self.allergies.rows[:MAX_BADGES] if self.allergies else ()
        return [row.description or "Unnamed allergy" for row in rows]

    @property
    def more_allergies(self) -> int:
        return max(self.allergies.total - MAX_BADGES, 0) if self.allergies else 0

    def _format_age(self) -> str:
        died = self.patient.date_of_death
        if self.patient.is_deceased and died is None:
            return ""
        age = formats.format_age(self.patient.date_of_birth, died or self.today)
        return f"died at {age}" if age and died else age


def annotate_tags(rows: "QuerySet[Patient]") -> "QuerySet[Any]":
    """Annotate patients with ``shown_tags``, the tags that the chart shows, for the banner."""
    return rows.annotate(shown_tags=_select_tags())


@cache
def _select_tags() -> ArraySubquery:
    """The subquery, which is built once: each use of it is a copy."""
    tags = PatientTag.objects.filter(practice=OuterRef("practice"), patient=OuterRef("pk"), archived=False)
    shown = tags.filter(tag__archived=False, tag__displays_on_dash=True).order_by("pk")[:MAX_COUNTED_TAGS]
    columns = {"color": "tag__color", "name": "tag__name", "notes": "notes"}
    one = JSONObject(**columns, shows_notes="tag__note_displays_on_dashboard")
    return ArraySubquery(shown.values(one=one))


def build_banner(request: Request, patient: Any) -> PatientBanner:
    """Build the banner with one query. ``patient``: with its doctor and ``annotate_tags``."""
    allergies = clinical_lists.read_list(request, clinical_lists.ALLERGIES, patient.pk, "pk")
    today = clock.now().astimezone(ZoneInfo(patient.doctor.timezone)).date()
    tags = [_build_tag(**one) for one in patient.shown_tags[:MAX_TAGS]]
    return PatientBanner(patient, today, allergies, tags, len(patient.shown_tags) - len(tags))


def _build_tag(color: str, name: str, notes: str, shows_notes: bool) -> Dot:
    return Dot(color, f"{name}: {notes}" if shows_notes and notes else name)
