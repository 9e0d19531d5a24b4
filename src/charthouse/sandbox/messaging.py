"""Messages of the doctors' message centers, messages to patients, and the log of calls."""

from charthouse.domains.messaging.models import (
    CommLog,
    Message,
    MessageNote,
    PatientMessage,
    PatientMessageAttachment,
)
from charthouse.sandbox.documents import list_patients
from charthouse.sandbox.files import FileStore
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder

PATIENT_INTERVAL = 2  # one patient in so many of those with documents
# Code of the type, title.
MESSAGES = (
    ("IF", "Fax from Lakeside Cardiology"),
    ("IL", "New lab results"),
    ("IR", "Referral from Foothill Family Medicine"),
    ("PI", "Question about a prescription"),
    ("OA", "Appointment asked for online"),
    ("GP", "Chart export"),
)
TYPES_WITH_FILE = ("IF", "IL", "IR", "GP")
WORKFLOW_STEPS = ("", "", "To review", "Waiting", "Filed")
# Subject, body.
PATIENT_MESSAGES = (
    ("Your results", "Your results are within the normal range. No further tests are needed."),
    ("Your next visit", "Please bring a list of the medications that you take."),
    ("Your question", "Yes, you may take it with food."),
)
# Title, text.
CALLS = (
    ("Refill", "Asks for a refill."),
    ("Results", "Results explained, no questions left."),
    ("Side effect", "Reports dizziness; dose halved, calls again in a week."),
)


class Messages(Seeder):
    """Messages and calls of one practice."""

    stream = "desk"

    def finish(self) -> None:
        """Add a message, a message to the patient and a call for each of some patients."""
        patients = list_patients(self.context)[::PATIENT_INTERVAL]
        if not patients:
            return
        files = FileStore(self.context)
        self._add_messages(files, patients)
        self._add_patient_messages(files, patients)
        self.copy(CommLog, [self._make_call(patient) for patient in patients])

    def _add_messages(self, files: FileStore, patients: list[Row]) -> None:
        messages = [self._make_message(files, patient) for patient in patients]
        self.copy(Message, messages)
        notes = [
            {
                "message_id": message["id"],
                "text": "Filed in the chart.",
                "created_by_id": message["responsible_user_id"],
                "created_at": message["updated_at"],
                "updated_at": message["updated_at"],
            }
            for message in messages[::3]
        ]
        self.copy(MessageNote, notes)

    def _add_patient_messages(self, files: FileStore, patients: list[Row]) -> None:
        messages = [self._make_patient_message(patient) for patient in patients]
        self.copy(PatientMessage, messages)
        page = files.get_page("After your visit")
        attachments = [
            {"patient_message_id": message["id"], "doctor_id": message["doctor_id"], "attachment_id": page}
            for message in messages[::4]
        ]
        self.copy(PatientMessageAttachment, attachments)

    def _make_message(self, files: FileStore, patient: Row) -> Row:
        random = self.random
        message_type, title = random.choice(MESSAGES)
        row = self._make_common_columns(patient)
        return {
            **row,
            "type": message_type,
            "title": title,
            "owner_id": random.choice(self.context.users),
            "responsible_user_id": random.choice(self.context.users),
            "attachment_id": files.get_page(title) if message_type in TYPES_WITH_FILE else None,
            "read": random.random() < 0.6,
            "starred": random.random() < 0.2,
            "received_at": row["created_at"],
            "workflow_step": random.choice(WORKFLOW_STEPS),
        }

    def _make_patient_message(self, patient: Row) -> Row:
        subject, body = self.random.choice(PATIENT_MESSAGES)
        return {**self._make_common_columns(patient), "subject": subject, "body": body}

    def _make_call(self, patient: Row) -> Row:
        title, message = self.random.choice(CALLS)
        row = self._make_common_columns(patient)
        return {
            **row,
            "author_id": self.random.choice(self.context.users),
            "title": title,
            "type": "Incoming call",
            "message": message,
            "duration": self.random.randint(2, 20),
            "scheduled_time": row["created_at"],
        }

    def _make_common_columns(self, patient: Row) -> Row:
        """Make the columns of what happened with a patient on a day of the last weeks."""
        day = self.context.get_day(-self.random.randint(1, 40))
        at = f"{day}T16:00:00+00:00"
        return {
            "patient_id": patient["id"],
            "doctor_id": patient["doctor_id"],
            "created_at": at,
            "updated_at": at,
        }
