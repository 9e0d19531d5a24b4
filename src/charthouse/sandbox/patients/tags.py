"""The tags of a practice, and the patients who have them."""

from charthouse.domains.patients.models import PatientTag, Tag
from charthouse.sandbox.patients.record import PatientRecord, needs_interpreter
from charthouse.sandbox.seeder import Seeder

# Name, category, description, color, whether the chart shows it, whether it shows its note.
TAGS = (
    ("VIP", "Service", "Calls go through to the doctor.", "7048e8", True, False),
    ("Needs interpreter", "Access", "Book one before the visit.", "1c7ed6", True, True),
    ("Diabetes program", "Programs", "Sees the nurse every quarter.", "2b8a3e", True, False),
    ("Newsletter", "Service", "Wants the practice's letter.", "868e96", False, False),
)
PROGRAM, INTERPRETER = "Diabetes program", "Needs interpreter"
LANGUAGES = {"spa": "Spanish", "zho": "Mandarin", "fra": "French", "rus": "Russian"}  # by ISO code
PATIENT_INTERVAL = 4  # one patient in so many has a tag, and all with diabetes


def _fits(tag: str, patient: PatientRecord) -> bool:
    """Whether a tag can be a patient's."""
    if tag == PROGRAM:
        return any(each.condition.code.startswith("E11") for each in patient.conditions)
    return needs_interpreter(patient.row) if tag == INTERPRETER else True


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
        for number, patient in self.context.patients.items():
            fitting = [index for index, (name, *_) in enumerate(TAGS) if _fits(name, patient)]
            has_program = any(TAGS[index][0] == PROGRAM for index in fitting)
            if number % PATIENT_INTERVAL and not has_program:
                continue
            index = next((i for i in fitting if TAGS[i][0] == PROGRAM), self.random.choice(fitting))
            rows.append(
                {
                    "patient_id": number,
                    "tag_id": tags[index],
                    "notes": LANGUAGES.get(patient.row["preferred_language"], "")
                    if TAGS[index][0] == INTERPRETER
                    else "",
                    "applied_at": self.context.loader.timestamp,
                }
            )
        self.copy(PatientTag, rows)
