"""What a practice sets up for itself, each with the pages of ``catalogue``."""

from charthouse.console.catalogue import Catalogue
from charthouse.console.tables import Column

CATALOGUES = (
    Catalogue(
        "appointment_profiles",
        title="Appointment profiles",
        one="profile",
        about="Kinds of visits, and the length and color that appointments of the kind have.",
        base="catalogues/profiles",
        icon="calendar-event",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Reason", "reason", kind="wide"),
            Column("Minutes", "duration", sort="duration", kind="number"),
            Column("Booked online", "online_scheduling"),
            Column("Doctor", "doctor", kind="wide"),
        ),
        asks=("name", "reason", "duration", "color", "online_scheduling", "sort_order", "doctor"),
        notes={"color": "As #3a87ad.", "doctor": "Whose profile it is; you, when none is chosen."},
        search=("name", "reason"),
        order="name",
        related=("doctor",),
    ),
    Catalogue(
        "custom_demographics",
        title="Custom fields",
        one="field",
        about="What the practice wants to know of patients beside the usual.",
        base="catalogues/fields",
        icon="adjustments",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Description", "description", kind="wide"),
            Column("Answers", "allowed_values"),
        ),
        notes={
            "allowed_values": "What can be answered, one on each line; none means any text.",
            "template_name": "How clinical note templates name it: letters, digits, underscore.",
        },
        search=("name", "description"),
        order="name",
    ),
)
