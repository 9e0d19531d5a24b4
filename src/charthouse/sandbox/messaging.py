"""The message centers of a practice's doctors, what patients were written, and the calls that were logged."""

from datetime import UTC, datetime, time, timedelta

from charthouse.domains.messaging.models import (
    CommLog,
    Message,
    MessageNote,
    PatientMessage,
    PatientMessageAttachment,
)
from charthouse.sandbox.documents import Papers
from charthouse.sandbox.patients.population import Row

MESSAGES = (
    ("IF", "Fax from Lakeside Cardiology"),
    ("IL", "New lab results"),
    ("IR", "Referral from Foothill Family Medicine"),
    ("PI", "Question about a prescription"),
    ("OA", "Appointment asked for online"),
    ("GP", "Chart export"),
)
STEPS = ("", "", "To review", "Waiting", "Filed")
LETTERS = (
    ("Your results", "Your results are within the normal range. No further tests are needed."),
    ("Your next visit", "Please bring a list of the medications that you take."),
    ("Your question", "Yes, you may take it with food."),
)
CALLS = (
    ("Refill", "Asks for a refill."),
    ("Results", "Results explained, no questions left."),
    ("Side effect", "Reports dizziness; dose halved, calls again in a week."),
)


def write(papers: Papers, users: list[int]) -> list[Row]:
    """One message, one letter and one call for every other patient. The messages' rows."""
    patients = papers.patients[::2]
    messages = [_message(papers, patient, users) for patient in patients]
    copy, random = papers.setup.copy, papers.random
    copy(Message, messages)
    copy(
        MessageNote,
        [
            {
                "message_id": message["id"],
                "text": "Filed in the chart.",
                "created_by_id": message["responsible_user_id"],
                "created_at": message["updated_at"],
                "updated_at": message["updated_at"],
            }
            for message in messages[::3]
        ],
    )
    letters = []
    for patient in patients:
        subject, body = random.choice(LETTERS)
        letters.append({**_of(papers, patient), "subject": subject, "body": body})
    copy(PatientMessage, letters)
    page = papers.page("After your visit")
    copy(
        PatientMessageAttachment,
        [
            {"patient_message_id": letter["id"], "doctor_id": letter["doctor_id"], "attachment_id": page}
            for letter in letters[::4]
        ],
    )
    copy(CommLog, [_call(papers, patient, users) for patient in patients])
    return messages


def _of(papers: Papers, patient: Row) -> Row:
    """Of a patient, written on some day of the last weeks."""
    day = papers.today - timedelta(days=papers.random.randint(1, 40))
    at = datetime.combine(day, time(16), tzinfo=UTC).isoformat()
    return {
        "patient_id": patient["id"],
        "doctor_id": patient["doctor_id"],
        "created_at": at,
        "updated_at": at,
    }


def _message(papers: Papers, patient: Row, users: list[int]) -> Row:
    random = papers.random
    code, title = random.choice(MESSAGES)
    row = _of(papers, patient)
    return {
        **row,
        "type": code,
        "title": title,
        "owner_id": random.choice(users),
        "responsible_user_id": random.choice(users),
        "attachment_id": papers.page(title) if code in ("IF", "IL", "IR", "GP") else None,
        "read": random.random() < 0.6,
        "starred": random.random() < 0.2,
        "received_at": row["created_at"],
        "workflow_step": random.choice(STEPS),
    }


def _call(papers: Papers, patient: Row, users: list[int]) -> Row:
    title, message = papers.random.choice(CALLS)
    row = _of(papers, patient)
    return {
        **row,
        "author_id": papers.random.choice(users),
        "title": title,
        "type": "Incoming call",
        "message": message,
        "duration": papers.random.randint(2, 20),
        "scheduled_time": row["created_at"],
    }
