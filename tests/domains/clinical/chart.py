"""A doctor who charts visits of a patient, for tests of clinical domains."""

from typing import Any

from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteTemplate
from charthouse.identity import tenancy
from tests.domains.scheduling.calendar import DAY, Calendar

WIDE = "2000-01-01"


class Chart(Calendar):
    """A chart with one template of one text field."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.template = self.make_template("Assessment")
        self.field = self.make_field(self.template, "Impression")

    def make_template(self, name: str, **values: Any) -> int:
        with tenancy.within(self.clinic.id):
            template = ClinicalNoteTemplate.objects.create(
                practice=self.clinic.practice, doctor=self.doctor, name=name, **values
            )
        return template.pk

    def make_field(self, template: int, name: str, data_type: str = "String", **values: Any) -> int:
        with tenancy.within(self.clinic.id):
            field = ClinicalNoteFieldType.objects.create(
                practice=self.clinic.practice,
                clinical_note_template_id=template,
                name=name,
                data_type=data_type,
                **values,
            )
        return field.pk

    def visit(self, day: str = DAY, **values: Any) -> int:
        return int(self.book(f"{day}T09:00:00", **values)["id"])

    def write(self, visit: int, value: str, field: int | None = None) -> Any:
        """Return the response to a new value of a field."""
        body = {"appointment": visit, "clinical_note_field": field or self.field, "value": value}
        return self.post("clinical_note_field_values", body)

    def note(self, visit: int) -> dict[str, Any]:
        return self.get(visit, "clinical_notes")
