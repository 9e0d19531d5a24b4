"""What a practice marks its patients with, and their images: tags, and pictures made here."""

from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.models import Patient, PatientTag, Tag
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.documents import Papers
from charthouse.sandbox.practice import Setup

# Name, category, what it means, color, whether the chart shows it, and its note.
TAGS = (
    ("VIP", "Service", "Calls go through to the doctor.", "7048e8", True, False),
    ("Needs interpreter", "Access", "Book one before the visit.", "1c7ed6", True, True),
    ("Diabetes program", "Programs", "Sees the nurse every quarter.", "2b8a3e", True, False),
    ("Newsletter", "Service", "Wants the practice's letter.", "868e96", False, False),
)
NOTES = {"Needs interpreter": "Spanish"}
MARK = 4  # one patient of so many has a tag
PICTURED = 12  # patients with an image
NAMES = ("Rash, left forearm", "Healing incision", "Insurance card", "Mole, upper back")


def fill(setup: Setup, calendar: Calendar, random: Random) -> None:
    """The tags of a practice, who has them, and images of the first patients."""
    tags = setup.copy(
        Tag,
        [
            {
                "name": name,
                "category": category,
                "description": description,
                "color": color,
                "displays_on_dash": shown,
                "note_displays_on_dashboard": noted,
            }
            for name, category, description, color, shown, noted in TAGS
        ],
    )
    rows = Patient._default_manager.using(setup.loader.connection.alias).filter(practice_id=setup.practice)
    patients = list(rows.order_by("pk").values_list("pk", flat=True))
    marked = []
    for patient in patients[::MARK]:
        at = random.randrange(len(TAGS))
        notes = NOTES.get(TAGS[at][0], "")
        marked.append(
            {"patient_id": patient, "tag_id": tags[at], "notes": notes, "applied_at": setup.loader.moment}
        )
    setup.copy(PatientTag, marked)
    papers = Papers(setup, (), calendar.monday, random)
    files = [papers.file(_picture(random), "image/png", f"{name}.png") for name in NAMES]
    images = []
    for patient in patients[:PICTURED]:
        at = random.randrange(len(NAMES))
        kind = "personal" if NAMES[at] == "Insurance card" else "medical"
        images.append({"patient_id": patient, "file_id": files[at], "photo_type": kind, "name": NAMES[at]})
    setup.copy(PatientImage, images)


def _picture(random: Random) -> bytes:
    """A picture of nothing: spots on a plain ground."""
    image = Image.new("RGB", (320, 240), (236, 214, 200))
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, r = random.randrange(300), random.randrange(220), random.randrange(4, 18)
        draw.ellipse((x, y, x + r, y + r), fill=(190 + random.randrange(40), 110, 100))
    made = BytesIO()
    image.save(made, "PNG")
    return made.getvalue()
