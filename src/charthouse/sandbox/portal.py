"""What patients have sent through the portal: answers to questionnaires and messages, which staff have accepted, and
requests that wait for staff. Documents that are shared with patients."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from charthouse.domains.documents.models import Document, SharedDocument
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.messaging.models import Message, MessageNote, PatientMessage
from charthouse.domains.patients.models import Patient, PortalAccess, PortalRequest
from charthouse.domains.questionnaires.models import Answers, Assignment
from charthouse.sandbox.data.conditions.nervous import MIGRAINE
from charthouse.sandbox.data.questionnaires import DIARY, INTAKE
from charthouse.sandbox.documents import add_documents
from charthouse.sandbox.files import FileStore, draw_signature
from charthouse.sandbox.loader import Row
from charthouse.sandbox.questionnaires import Questionnaires
from charthouse.sandbox.seeder import Seeder

# Subject, text, reply.
MESSAGES = (
    ("A refill", "I have tablets for four more days. Can I have more?", "Sent to your pharmacy."),
    ("My results", "I saw that my results are in. What do they mean?", "All within the normal range."),
    ("Side effects", "I feel dizzy since I take the new tablets.", "Please take half of it and call us."),
)
REPLIES = {subject: reply for subject, _, reply in MESSAGES}
MAX_PATIENTS = 24  # who use the portal
PATIENTS_WITH_OPEN_REQUESTS = 2
NOTE = b"Blood pressure at home, mornings: 128/82, 131/84, 126/80.\n"


class PortalUser(NamedTuple):
    """A patient who uses the portal. ``user``: the id of the doctor as a user."""

    patient: int
    doctor: int
    user: int


class Portal(Seeder):
    """The portal of one practice."""

    stream = "portal"
    users: list[PortalUser]
    questionnaires: Questionnaires
    files: FileStore

    def finish(self) -> None:
        """Add questionnaires, requests of the patients with access to the portal, and what came of the requests."""
        self.users = self._list_users()
        self.questionnaires = Questionnaires(self.context)
        self.files = FileStore(self.context)
        assignments, answers = [], []
        for index, user in enumerate(self.users):
            assigned_at = self._draw_time_before(index % 5 + 1)
            if (asked := self._choose_questionnaire(user, index)) is not None:
                assignments.append(
                    self.questionnaires.make_assignment(user.patient, asked, user.user, assigned_at)
                )
            if index % 2 == 0:
                request = self._make_accepted_request(user, days=30 + index)
                answers.append((user, request | self.questionnaires.draw_answers(self.random, INTAKE)))
        waiting = self.users[:PATIENTS_WITH_OPEN_REQUESTS]
        open_requests = [row for user in waiting for row in self._make_open_requests(user)]
        messages = [
            (user, self._make_message_request(user, index)) for index, user in enumerate(self.users[::3])
        ]
        requests = [*(row for _, row in (*answers, *messages)), *open_requests]
        self.copy(PortalRequest, sorted(requests, key=lambda row: row["created_at"]))
        self._add_answers(answers, assignments)
        self._add_messages(messages)
        self._share_documents()

    def _choose_questionnaire(self, user: PortalUser, index: int) -> int | None:
        """Choose the questionnaire that a patient has yet to answer: the diary where they have headaches, else the
        intake of every other one, who has not answered it."""
        if self.context.patients[user.patient].has_condition(MIGRAINE.code, self.today):
            return DIARY
        return INTAKE if index % 2 else None

    def _list_users(self) -> list[PortalUser]:
        accesses = self.select(PortalAccess).filter(activated_on__isnull=False, disabled_on=None)
        patients = self.select(Patient).filter(pk__in=accesses.values("patient"))
        return [
            PortalUser(patient, doctor, self.context.doctor_users[doctor])
            for patient, doctor in patients.values_list("pk", "doctor_id")[:MAX_PATIENTS]
        ]

    def _draw_time_before(self, days: int) -> str:
        """Draw a time of the day that is so many days before the reference day."""
        return self.draw_time(self.context.get_day(-days), hour=14)

    # -- requests -----------------------------------------------------------------------------------------------

    def _make_request(self, user: PortalUser, *, days: int) -> tuple[Row, str]:
        """Make a request that was sent so many days ago, and draw the time at which it would be settled."""
        sent_at, settled_at = self._draw_time_before(days), self._draw_time_before(days - 1)
        return {"patient_id": user.patient, "created_at": sent_at, "updated_at": sent_at}, settled_at

    def _make_accepted_request(self, user: PortalUser, *, days: int) -> Row:
        """Make a request that the doctor has accepted a day later."""
        row, settled_at = self._make_request(user, days=days)
        return row | {
            "status": "accepted",
            "settled_by_id": user.user,
            "settled_at": settled_at,
            "updated_at": settled_at,
        }

    def _make_message_request(self, user: PortalUser, index: int) -> Row:
        subject, text, _ = MESSAGES[index % len(MESSAGES)]
        return self._make_accepted_request(user, days=10 + index) | {
            "request_type": "secure_message",
            "title": subject,
            "notes": text,
            "payload": {"dr_id": user.user, "reply": "portal"},
        }

    def _make_open_requests(self, user: PortalUser) -> Iterator[Row]:
        """Make a request of each type except supplements, which wait for staff."""
        drug = self.select(Drug).values("pk", "name")[0]
        medications = self.select(Medication).filter(patient=user.patient, status="active")
        medication = medications.values("pk", "name").first()
        page = self.files.add(NOTE, "text/plain", "pressure.txt")
        image = self.files.add(draw_signature(), "image/png", "signature.png")
        subject, text, _ = MESSAGES[0]
        # Type, title, notes, payload, file.
        requests: list[tuple[str, str, str, dict[str, Any], int | None]] = [
            ("image", "Image", "My new card.", {"mime_type": "image/png"}, image),
            ("document", "Blood pressure at home", "", {"mime_type": "text/plain", "size": len(NOTE)}, page),
            ("rx", drug["name"], "It helped last winter.", {"drug_id": drug["pk"]}, None),
            ("secure_message", subject, text, {"dr_id": None, "reply": "phone"}, None),
        ]
        if medication is not None:
            payload = {"original_prescription_id": medication["pk"], "agreed_to_terms": "No terms agreed to"}
            requests.append(("rx_refill", medication["name"], "", payload, None))
        for request_type, title, notes, payload, file in requests:
            row, _ = self._make_request(user, days=1)
            yield row | {
                "request_type": request_type,
                "title": title,
                "notes": notes,
                "payload": payload,
                "file_id": file,
            }
        row, _ = self._make_request(user, days=1)
        yield row | self.questionnaires.draw_answers(self.random, INTAKE)

    # -- accepted requests --------------------------------------------------------------------------------------

    def _add_answers(self, requests: Sequence[tuple[PortalUser, Row]], assignments: Sequence[Row]) -> None:
        """Add the answers to the charts, and the assignments: those that were answered, then the open ones."""
        answers = [
            {
                "patient_id": user.patient,
                **row["payload"],
                "answered_at": row["created_at"],
                "request_id": row["id"],
                **dict.fromkeys(("added_by_id", "updated_by_id"), user.user),
                **dict.fromkeys(("created_at", "updated_at"), row["settled_at"]),
            }
            for user, row in requests
        ]
        self.copy(Answers, answers)
        answered = [
            self.questionnaires.make_assignment(user.patient, INTAKE, user.user, row["created_at"])
            | {"answered_at": row["created_at"], "request_id": row["id"]}
            for user, row in requests
        ]
        self.copy(Assignment, [*answered, *assignments])

    def _add_messages(self, requests: Sequence[tuple[PortalUser, Row]]) -> None:
        """Add the messages of patients to the message center. Every other one has been read and has a reply."""
        center = [
            _make_center_message(user, row, is_read=index % 2 == 0)
            for index, (user, row) in enumerate(requests)
        ]
        ids = self.copy(Message, center)
        notes = [
            {
                "message_id": message,
                "text": row["notes"],
                "created_at": row["settled_at"],
                "updated_at": row["settled_at"],
            }
            for message, (_, row) in zip(ids, requests, strict=True)
        ]
        self.copy(MessageNote, notes)
        messages = [
            _make_patient_message(user, row, message, is_read=index % 2 == 0)
            for index, (message, (user, row)) in enumerate(zip(ids, requests, strict=True))
        ]
        replies = [_make_reply(message) for message in messages if message["read"]]
        self.copy(PatientMessage, [*messages, *replies])

    # -- shared documents ---------------------------------------------------------------------------------------

    def _share_documents(self) -> None:
        """Share the documents of patients with them. The first patient gets one more, and so has one for certain."""
        first = [{"id": user.patient, "doctor_id": user.doctor} for user in self.users[:1]]
        add_documents(self.context, FileStore(self.context), self.random, first)
        patients = [user.patient for user in self.users]
        documents = self.select(Document).filter(patient__in=patients, archived=False)
        rows = [
            {
                "document_id": document.pk,
                "shared_by_id": self.context.doctor_users[document.patient.doctor_id],
                "created_at": document.created_at.isoformat(),
                "updated_at": document.created_at.isoformat(),
            }
            for document in documents.select_related("patient")
        ]
        self.copy(SharedDocument, rows)


def _make_center_message(user: PortalUser, request: Row, *, is_read: bool) -> Row:
    return {
        "patient_id": user.patient,
        "doctor_id": user.doctor,
        "owner_id": user.user,
        "responsible_user_id": user.user,
        "title": request["title"],
        "type": "PI",
        "read": is_read,
        "received_at": request["created_at"],
        "created_at": request["settled_at"],
        "updated_at": request["settled_at"],
    }


def _make_patient_message(user: PortalUser, request: Row, message: int, *, is_read: bool) -> Row:
    return {
        "patient_id": user.patient,
        "doctor_id": user.doctor,
        "message_id": message,
        "subject": request["title"],
        "body": request["notes"],
        "sent_by": "pt",
        "user_id": user.user,
        "read": is_read,
        "reply": "portal",
        "request_id": request["id"],
        "created_at": request["settled_at"],
        "updated_at": request["settled_at"],
    }


def _make_reply(message: Row) -> Row:
    """Make the doctor's reply to a patient's message."""
    return message | {
        "subject": f"Re: {message['subject']}",
        "body": REPLIES[message["subject"]],
        "sent_by": "dr",
        "read": False,
        "reply": "",
        "request_id": None,
    }
