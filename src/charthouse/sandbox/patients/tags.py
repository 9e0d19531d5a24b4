"""The tags of a practice, and the patients who have them."""

from charthouse.domains.patients.models import Patient, PatientTag, Tag
from charthouse.sandbox.seeder import Seeder

# Name, category, description, color, whether the chart shows it, whether it shows its note.
TAGS = (
    ("VIP", "Service", "Calls go through to the doctor.", "7048e8", True, False),
    ("Needs interpreter", "Access", "Book one before the visit.", "1c7ed6", True, True),
    ("Diabetes program", "Programs", "Sees the nurse every quarter.", "2b8a3e", True, False),
    ("Newsletter", "Service", "Wants the practice's letter.", "868e96", False, False),
)
NOTES = {"Needs interpreter": "Spanish"}  # by name of the tag
PATIENT_INTERVAL = 4  # one patient in so many has a tag


class Tags(Seeder):
    """The tags of one practice."""

    stream = "marks"

    def finish(self) -> None:
        """Add the tags and tag patients."""
        tags = self.copy(
            Tag,
            [
                {
                    "name": name,
                    "category": category,
                    "description": description,
                    "color": color,
                    "displays_on_dash": is_shown,
                    "note_displays_on_dashboard": shows_note,
                }
                for name, category, description, color, is_shown, shows_note in TAGS
            ],
        )
        rows = []
        for patient in self.select(Patient).values_list("pk", flat=True)[::PATIENT_INTERVAL]:
            index = self.random.randrange(len(TAGS))
            rows.append(
                {
                    "patient_id": patient,
                    "tag_id": tags[index],
                    "notes": NOTES.get(TAGS[index][0], ""),
                    "applied_at": self.context.loader.timestamp,
                }
            )
        self.copy(PatientTag, rows)
