"""Setup pages of the menu section Charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.text import Truncator

from charthouse.console.catalogues.questionnaires import QUESTIONNAIRES
from charthouse.console.kit import records
from charthouse.console.kit.cells import Dot
from charthouse.console.kit.navigation import CHARTS
from charthouse.console.kit.page import Request
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.kit.tables import Badge, Column
from charthouse.engine.errors import NotFound


def _describe_audience(row: Any) -> str:
    ages = [
        f"{words} {age}" for words, age in (("from", row.start_age), ("to", row.end_age)) if age is not None
    ]
    return " ".join([row.sex, *ages]).strip() or "Everybody"


@dataclass(frozen=True, kw_only=True)
class SnippetPages(ResourcePages):
    """Snippets of notes: the practice's and the user's own. Templates are saved in notes."""

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        rows = super().select_rows(request, **parents).filter(field="")
        return rows.filter(Q(owner=None) | Q(owner=request.actor.required_user))

    def get_object(self, request: Request, row: int, **parents: int) -> Mapping[str, Any]:
        if not self.select_rows(request, **parents).filter(pk=row).exists():
            raise NotFound()
        return super().get_object(request, row, **parents)

    def build_options(self, request: Request, **parents: int) -> records.ReferenceOptions:
        return _OwnUser(request.actor)


class _OwnUser(records.ReferenceOptions):
    """Offers the user alone, as whose own a snippet may be saved."""

    def __call__(self, to: str) -> Sequence[tuple[str, str]]:
        found = super().__call__(to)
        return [pair for pair in found if pair[0] == str(self.actor.user)] if to == "users" else found


PAGES = (
    SnippetPages(
        "note_texts",
        title="Snippets",
        singular="snippet",
        about="Texts that go into notes: type .name and a blank, or click the name beside the note.",
        url_path="catalogues/snippets",
        group=CHARTS,
        icon="notes",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Text", lambda row: Truncator(row.text).chars(120), kind="wide"),
            Column("For", lambda row: Badge("Me", "blue") if row.owner_id else "Whole practice"),
        ),
        form_keys=("name", "text", "owner"),
        labels={"owner": "Only for"},
        hints={
            "name": "Without blanks and points, as rosneg: then .rosneg and a blank inserts the text.",
            "owner": "Empty: for the whole practice.",
        },
        search=("name", "text"),
        order="name",
        deletion_note="will no longer be offered. Notes keep what was inserted.",
    ),
    ResourcePages(
        "custom_demographics",
        title="Custom fields",
        singular="field",
        about="Additional questions about patients.",
        url_path="catalogues/fields",
        group=CHARTS,
        icon="adjustments",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Description", "description", kind="wide"),
            Column("Answers", "allowed_values"),
        ),
        hints={
            "allowed_values": "Allowed answers, one per line. Leave empty to allow any text.",
            "template_name": "Its name in note templates: letters, digits, underscores.",
        },
        search=("name", "description"),
        order="name",
    ),
    ResourcePages(
        "note_templates",
        title="Note templates",
        singular="template",
        about="Sections of clinical notes; their fields are under Note fields.",
        url_path="catalogues/notes",
        group=CHARTS,
        icon="template",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Order", "order_on_complete_note", sort="order_on_complete_note", kind="number"),
            Column("Doctor", "doctor", kind="wide"),
        ),
        labels={"order_on_complete_note": "Order", "is_persistent": "Persistent"},
        search=("name",),
        related=("doctor",),
    ),
    ResourcePages(
        "note_fields",
        title="Note fields",
        singular="field",
        about="Fields of the sections of clinical notes.",
        url_path="catalogues/note-fields",
        group=CHARTS,
        icon="notes",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Template", "clinical_note_template"),
            Column("Type", "data_type", kind="wide"),
            Column("Required", "required", kind="wide"),
            Column("Position", "position", kind="number"),
        ),
        labels={"clinical_note_template": "Template", "data_type": "Type", "allowed_values": "Answers"},
        search=("name", "clinical_note_template__name"),
        related=("clinical_note_template",),
    ),
    ResourcePages(
        "vital_kinds",
        title="Custom vitals",
        singular="vital",
        about="Additional measurements taken at visits.",
        url_path="catalogues/vitals",
        group=CHARTS,
        icon="heartbeat",
        columns=(Column("Name", "name", sort="name"), Column("Unit", "unit"), Column("Type", "data_type")),
        search=("name",),
    ),
    ResourcePages(
        "patient_flag_types",
        title="Patient flags",
        singular="flag",
        about="Flags that can be attached to a patient's chart.",
        url_path="catalogues/flags",
        group=CHARTS,
        icon="flag",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Color", "color", kind="wide"),
            Column("Priority", "priority", sort="priority", kind="number"),
        ),
        search=("name",),
    ),
    ResourcePages(
        "consent_forms",
        title="Consent forms",
        singular="form",
        about="Forms that patients sign.",
        url_path="catalogues/consent",
        group=CHARTS,
        icon="clipboard-text",
        columns=(
            Column("Title", "title", sort="title"),
            Column("For everyone", "assign_by_default"),
            Column("Before check-in", "is_mandatory"),
        ),
        labels={"uri": "File", "assign_by_default": "For everyone", "is_mandatory": "Before check-in"},
        search=("title",),
    ),
    ResourcePages(
        "vitals_groups",
        title="Vitals panels",
        singular="group",
        about="Vitals that are shown together.",
        url_path="catalogues/vitals-groups",
        icon="heartbeat",
        columns=(Column("Name", "name", sort="name"), Column("Vitals", "included_fields")),
        labels={"included_fields": "Vitals"},
        hints={"included_fields": "One per line: bp, height, weight, or the number of a custom vital."},
        search=("name",),
        order="name",
    ),
    ResourcePages(
        "note_headings",
        title="Note types",
        singular="heading",
        about="Free-text notes about patients outside of visits, such as social history.",
        url_path="catalogues/headings",
        group=CHARTS,
        icon="notes",
        columns=(Column("Heading", "name", sort="name"),),
        search=("name",),
        order="name",
    ),
    ResourcePages(
        "health_trackers",
        title="Health maintenance",
        singular="tracker",
        about="Recurring care, and who is due for it.",
        url_path="catalogues/trackers",
        group=CHARTS,
        icon="shield-check",
        columns=(
            Column("Care", "name", sort="name"),
            Column("How often", "frequency"),
            Column("For", _describe_audience, kind="wide"),
            Column("Selected manually", lambda row: row.applies_to != "all", kind="wide"),
        ),
        labels={"applies_to": "For", "icd_codes": "ICD codes", "start_age": "From age", "end_age": "To age"},
        hints={
            "applies_to": "“specific_patients” means only patients who are selected manually.",
            "sex": "Leave empty for both.",
        },
        search=("name", "description"),
        order="name",
    ),
    ResourcePages(
        "tag_list",
        title="Tags",
        singular="tag",
        about="Tags for patients.",
        url_path="catalogues/tags",
        group=CHARTS,
        icon="tag",
        columns=(
            Column("Tag", "name", sort="name"),
            Column("Color", lambda row: Dot(row.color)),
            Column("Category", "category", sort="category"),
            Column("On the chart", "displays_on_dash", kind="wide"),
            Column("Description", "description", kind="wide"),
        ),
        labels={
            "displays_on_dash": "Shown on the chart",
            "note_displays_on_dashboard": "Show its note",
            "displays_on_calendar": "Shown in the calendar",
        },
        hints={"color": "Six hexadecimal digits, such as b2f07e."},
        search=("name", "category"),
        order="name",
    ),
    QUESTIONNAIRES,
)
