"""What went through the portal: questionnaires that patients were asked and have answered, messages and their replies,
and a request of each type that waits for staff."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from charthouse.domains.documents.models import Document, SharedDocument
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.messaging.models import Message, MessageNote, PatientMessage
from charthouse.domains.patients.models import Patient, PortalAccess, PortalRequest
from charthouse.domains.questionnaires.answers import render_html
from charthouse.domains.questionnaires.models import Answers, Assignment, Question, Questionnaire
from charthouse.identity.models import User
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.documents import Papers
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

# Name, kind, introduction, questions: key, words, kind, choices, whether they need an answer, answers to choose from.
QUESTIONNAIRES: tuple[tuple[str, str, str, tuple[tuple[Any, ...], ...]], ...] = (
    (
        "Before your first visit",
        "intake",
        "It takes about five minutes.",
        (
            (
                "reason",
                "What brings you to us?",
                "long_text",
                (),
                True,
                ("Headaches.\nSince spring.", "A check."),
            ),
            ("smoking", "Do you smoke?", "yes_no", (), True, (True, False, False)),
            (
                "sleep",
                "How do you sleep?",
                "one",
                ("Well", "Badly", "It varies"),
                False,
                ("Well", "It varies"),
            ),
            (
                "family",
                "What runs in your family?",
                "several",
                ("Diabetes", "High blood pressure", "Cancer", "None of these"),
                False,
                (["Diabetes", "High blood pressure"], ["None of these"]),
            ),
            ("last_visit", "When did you last see a doctor?", "date", (), False, ("2025-03-02", None)),
        ),
    ),
    (
        "Headache diary",
        "diary",
        "",
        (
            ("days", "On how many days of this week?", "number", (), True, (0, 1, 2, 4)),
            ("worst", "How bad was the worst, 0 to 10?", "number", (), True, (3, 6, 8)),
            ("taken", "What did you take?", "text", (), False, ("Ibuprofen", None)),
        ),
    ),
)
LETTERS = (
    ("A refill", "I have tablets for four more days. Can I have more?", "Sent to your pharmacy."),
    ("My results", "I saw that my results are in. What do they mean?", "All within the normal range."),
    ("Side effects", "I feel dizzy since I take the new tablets.", "Please take half of it and call us."),
)
MOST = 24  # patients with access to the portal who use it
NOTE = b"Blood pressure at home, mornings: 128/82, 131/84, 126/80.\n"


class Portal:
    """Of one practice, whose charts are there."""

    def __init__(self, setup: Setup, calendar: Calendar, random: Random) -> None:
        self.setup, self.random = setup, random
        self.today = calendar.monday + timedelta(days=calendar.today)
        self.papers = Papers(setup, (), self.today, random)
        access = self._rows(PortalAccess).filter(activated_on__isnull=False, disabled_on=None)
        patients = self._rows(Patient).filter(pk__in=access.values("patient")).values("pk", "doctor_id")
        self.patients = list(patients[:MOST])
        users = self._rows(User)
        self.doctors = dict(users.filter(role=User.Role.DOCTOR).values_list("doctor_id", "pk"))
        self.questionnaires = setup.copy(
            Questionnaire,
            [{"name": name, "kind": kind, "introduction": text} for name, kind, text, _ in QUESTIONNAIRES],
        )
        self.questions = [self._questions(at) for at in range(len(QUESTIONNAIRES))]

    def _rows(self, model: Any) -> Any:
        rows = model._default_manager.using(self.setup.loader.connection.alias)
        return rows.filter(practice_id=self.setup.practice).order_by("pk")

    def _questions(self, at: int) -> list[Question]:
        rows = [
            {
                "questionnaire_id": self.questionnaires[at],
                "key": key,
                "order": place,
                "words": words,
                "kind": kind,
                "choices": list(choices),
                "required": required,
            }
            for place, (key, words, kind, choices, required, _) in enumerate(QUESTIONNAIRES[at][3], 1)
        ]
        self.setup.copy(Question, rows)
        return [Question(practice_id=self.setup.practice, **row) for row in rows]

    def _moment(self, days: int) -> str:
        day = datetime.combine(self.today - timedelta(days=days), time(14), tzinfo=UTC)
        return (day + timedelta(minutes=self.random.randrange(0, 360, 5))).isoformat()

    def fill(self) -> None:
        """Who was asked what, what came of it, and what waits."""
        requests, asked, answers = [], [], []
        for index, patient in enumerate(self.patients):
            asked.append(self._asked(patient, 1, self._moment(index % 5 + 1)))
            if index % 2 == 0:
                came = self._request(patient, days=30 + index, user=self.doctors[patient["doctor_id"]])
                came |= self._answered(0)
                requests.append(came)
                answers.append(came)
        waiting = [row for patient in self.patients[:2] for row in self._waiting(patient)]
        letters = [self._letter(patient, index) for index, patient in enumerate(self.patients[::3])]
        requests += [*letters, *waiting]
        self.setup.copy(PortalRequest, sorted(requests, key=lambda row: row["created_at"]))
        self._chart(answers, asked)
        self._deliver(letters)
        self._share()

    def _request(self, patient: Row, *, days: int, user: int | None = None) -> Row:
        """A request that was sent so many days ago; with a user, one that they took into the chart a day later."""
        sent, settled = self._moment(days), self._moment(days - 1)
        row = {
            "patient_id": patient["pk"],
            "created_at": sent,
            "updated_at": sent,
            "doctor": patient["doctor_id"],
        }
        if user is not None:
            row |= {"status": "accepted", "settled_by_id": user, "settled_at": settled, "updated_at": settled}
        return row

    def _answered(self, at: int) -> Row:
        """Answers to a questionnaire, as a request has them."""
        name, kind, _, questions = QUESTIONNAIRES[at]
        values = {key: self.random.choice(said) for key, *_, said in questions}
        payload = {
            "questionnaire_id": self.questionnaires[at],
            "questionnaire_type": kind,
            "questionnaire_name": name,
            "html_content": render_html(self.questions[at], values),
            "raw_data": values,
        }
        return {"request_type": "questionnaire", "title": name, "payload": payload}

    def _letter(self, patient: Row, index: int) -> Row:
        subject, text, _ = LETTERS[index % len(LETTERS)]
        user = self.doctors[patient["doctor_id"]]
        row = self._request(patient, days=10 + index, user=user)
        payload = {"dr_id": user, "reply": "portal"}
        return row | {"request_type": "secure_message", "title": subject, "notes": text, "payload": payload}

    def _waiting(self, patient: Row) -> Iterator[Row]:
        """A request of each type, supplements apart, of which there are others."""
        papers = self.papers
        drug = self._rows(Drug).values("pk", "name").first()
        taken = (
            self._rows(Medication).filter(patient=patient["pk"], status="active").values("pk", "name").first()
        )
        page = papers.file(NOTE, "text/plain", "pressure.txt")
        told: dict[str, tuple[str, str, dict[str, Any], int | None]] = {
            "image": ("Image", "My new card.", {"mime_type": "image/png"}, papers.signature()),
            "document": ("Blood pressure at home", "", {"mime_type": "text/plain", "size": len(NOTE)}, page),
            "rx": (drug["name"], "It helped last winter.", {"drug_id": drug["pk"]}, None),
            "secure_message": (LETTERS[0][0], LETTERS[0][1], {"dr_id": None, "reply": "phone"}, None),
        }
        if taken is not None:
            payload = {"original_prescription_id": taken["pk"], "agreed_to_terms": "No terms agreed to"}
            told["rx_refill"] = (taken["name"], "", payload, None)
        for kind, (title, notes, payload, file) in told.items():
            yield self._request(patient, days=1) | {
                "request_type": kind,
                "title": title,
                "notes": notes,
                "payload": payload,
                "file_id": file,
            }
        yield self._request(patient, days=1) | self._answered(0)

    def _share(self) -> None:
        """Documents that patients see: those that there are, and one that the first of them has for certain."""
        first = [{"id": patient["pk"], "doctor_id": patient["doctor_id"]} for patient in self.patients[:1]]
        Papers(self.setup, first, self.today, self.random).documents()
        whose = [patient["pk"] for patient in self.patients]
        shared = self._rows(Document).filter(patient__in=whose, archived=False).select_related("patient")
        self.setup.copy(
            SharedDocument,
            [
                {
                    "document_id": row.pk,
                    "shared_by_id": self.doctors[row.patient.doctor_id],
                    "created_at": row.created_at.isoformat(),
                    "updated_at": row.created_at.isoformat(),
                }
                for row in shared
            ],
        )

    # -- what was taken into the chart --------------------------------------------------------------------------

    def _chart(self, requests: list[Row], asked: list[Row]) -> None:
        """Answers in the chart, and whom the practice has asked: those, and others who haven't answered yet."""
        self.setup.copy(
            Answers,
            [
                {
                    "patient_id": row["patient_id"],
                    **row["payload"],
                    "answered_at": row["created_at"],
                    "request_id": row["id"],
                    **dict.fromkeys(("added_by_id", "updated_by_id"), row["settled_by_id"]),
                    **dict.fromkeys(("created_at", "updated_at"), row["settled_at"]),
                }
                for row in requests
            ],
        )
        answered = [
            self._asked({"pk": row["patient_id"], "doctor_id": row["doctor"]}, 0, row["created_at"])
            | {"answered_at": row["created_at"], "request_id": row["id"]}
            for row in requests
        ]
        keys = ("answered_at", "request_id")
        self.setup.copy(Assignment, [*answered, *(dict.fromkeys(keys) | row for row in asked)])

    def _asked(self, patient: Row, at: int, moment: str) -> Row:
        return {
            "patient_id": patient["pk"],
            "questionnaire_id": self.questionnaires[at],
            "asked_by_id": self.doctors[patient["doctor_id"]],
            "created_at": moment,
            "updated_at": moment,
        }

    def _deliver(self, requests: list[Row]) -> None:
        """Messages of patients in the message center, every other one answered."""
        texts = {subject: reply for subject, _, reply in LETTERS}
        centre, letters = [], []
        for index, row in enumerate(requests):
            who = {"patient_id": row["patient_id"], "doctor_id": row["doctor"]}
            read, user = index % 2 == 0, row["settled_by_id"]
            at = dict.fromkeys(("created_at", "updated_at"), row["settled_at"])
            owners = {"owner_id": user, "responsible_user_id": user}
            sent = {"title": row["title"], "type": "PI", "read": read, "received_at": row["created_at"]}
            centre.append({**who, **owners, **sent, **at})
            letters.append(
                {
                    **who,
                    **at,
                    "subject": row["title"],
                    "body": row["notes"],
                    "sent_by": "pt",
                    "user_id": user,
                    "read": read,
                    "reply": "portal",
                    "request_id": row["id"],
                }
            )
        ids = self.setup.copy(Message, centre)
        notes = [
            {"message_id": row_id, "text": row["notes"], "created_at": row["settled_at"]}
            for row_id, row in zip(ids, requests, strict=True)
        ]
        self.setup.copy(MessageNote, [note | {"updated_at": note["created_at"]} for note in notes])
        for row_id, letter in zip(ids, letters, strict=True):
            letter["message_id"] = row_id
        replies = [
            letter
            | {"subject": f"Re: {letter['subject']}", "body": texts[letter["subject"]], "sent_by": "dr"}
            | {"read": False, "reply": "", "request_id": None}
            for letter in letters
            if letter["read"]
        ]
        self.setup.copy(PatientMessage, [*letters, *replies])
