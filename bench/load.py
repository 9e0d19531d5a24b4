"""Fill the database of DATABASE_URL: ``python -m bench.load PATIENTS``. Prints the facts as one line of JSON.

One practice of 20 doctors with an office each; every patient has every field of the list filled and two appointments.
A second practice beside it, so that row security has something to hold back. Bulk statements, as the tables' owner.
"""

import hashlib
import json
import secrets
import sys
from base64 import b64encode
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connections, models  # noqa: E402

from bench import alone  # noqa: E402
from charthouse import clock  # noqa: E402
from charthouse.domains.patients.models import Patient  # noqa: E402
from charthouse.domains.practice.models import Doctor, ExamRoom, Office  # noqa: E402
from charthouse.domains.scheduling.models import Appointment  # noqa: E402
from charthouse.identity import schema_setup  # noqa: E402
from charthouse.identity.api_users import digest_secret, generate_secret  # noqa: E402
from charthouse.identity.models import PERMISSIONS, SCOPES, SHARING, ApiUser, Practice, User  # noqa: E402
from charthouse.identity.oauth_models import AccessToken, Application  # noqa: E402

OWNER = "owner"
DOCTORS = 20
ROOMS = 4
VISITS = 2  # appointments a patient


def main(patients: int) -> dict[str, Any]:
    schema_setup.migrate(OWNER)
    practice = Practice.objects.using(OWNER).filter(name="Benchmark").first()
    if practice is None:
        for name, count in (("Elsewhere", patients // 10), ("Benchmark", patients)):
            practice = fill(name, count)
    assert practice is not None
    return collect_facts(practice)


def fill(name: str, patients: int) -> Practice:
    practice = Practice.objects.using(OWNER).create(name=name, sharing=list(SHARING))
    first = None
    for number in range(DOCTORS):
        doctor = Doctor(
            practice=practice, first_name=f"Ada{number}", last_name="Bench", timezone="US/Eastern"
        )
        doctor.save(using=OWNER)
        office = Office(practice=practice, doctor=doctor, name=f"Office {number}")
        office.save(using=OWNER)
        for index in range(1, ROOMS + 1):
            ExamRoom(practice=practice, office=office, index=index, name=f"Room {index}").save(using=OWNER)
        first = first or doctor
    assert first is not None
    User(
        practice=practice,
        username=f"{name.lower()}-doctor",
        role="doctor",
        is_primary=True,
        permissions=list(PERMISSIONS),
        doctor_id=first.pk,
        password="!",
    ).save(using=OWNER)
    insert(Patient, compose_patient_columns(practice, first.pk), f"generate_series(1, {patients}) as n")
    visits = f"""(select row_number() over (order by id) as n, id, doctor_id from {Patient._meta.db_table}
                  where practice_id = {practice.pk}) as p, generate_series(1, {VISITS}) as v"""
    insert(Appointment, compose_appointment_columns(practice, first.pk), visits)
    return practice


def compose_patient_columns(practice: Practice, doctor: int) -> dict[str, str]:
    """Column → SQL over the number ``n``."""

    def pick(*words: str, by: int = 1) -> str:
        return f"(array{list(words)!r})[1 + (n / {by}) % {len(words)}]"

    first = pick("Maria", "James", "Aiko", "Omar", "Grace", "Luis", "Nadia", "Peter", "Chloe", "Ivan", "Ruth")
    last = pick("Lopez", "Smith", "Tanaka", "Haddad", "Okafor", "Novak", "Jensen", "Brown", "Rossi", by=11)
    phone = "'(555) ' || lpad((n % 1000)::text, 3, '0') || '-' || lpad((n % 9999)::text, 4, '0')"
    mail = "'patient' || n || '@example.com'"
    street = f"n || ' ' || {pick('Main', 'Oak', 'Lake', 'Hill')} || ' Street'"
    town, state = pick("Springfield", "Riverton", "Fairview"), pick("NY", "CA", "TX", "WA")
    zip_code = "lpad((10000 + n % 89999)::text, 5, '0')"
    return {
        "practice_id": str(practice.pk),
        "doctor_id": f"{doctor} + n % {DOCTORS}",
        "created_at": f"timestamptz '{clock.now():%Y-%m-%d}' - n % 900 * interval '1 day'",
        "updated_at": f"timestamptz '{clock.now():%Y-%m-%d}' - n % 700 * interval '1 day' - n * interval '1 ms'",
        "chart_id": f"upper(left({last}, 4)) || lpad(n::text, 8, '0')",
        "first_name": first,
        "middle_name": pick("Lee", "Ann", "Jo", by=3),
        "last_name": last,
        "nick_name": pick("Sam", "Max", "Kit", by=5),
        "date_of_birth": "date '1930-01-01' + n % 32000",
        "gender": pick("Male", "Female", "Other"),
        "social_security_number": "lpad((100000000 + n)::text, 9, '0')",
        "race": pick("white", "black", "asian", "indian"),
        "ethnicity": pick("hispanic", "not_hispanic"),
        "preferred_language": pick("eng", "spa", "fra"),
        "patient_status": "'A'",
        "patient_payment_profile": "'Cash'",
        "copay": "(n % 90)::numeric + 0.5",
        "address": street,
        "city": town,
        "state": state,
        "zip_code": zip_code,
        "email": mail,
        "home_phone": phone,
        "cell_phone": phone,
        "office_phone": phone,
        "emergency_contact_name": f"{first} || ' ' || {last}",
        "emergency_contact_phone": phone,
        "emergency_contact_relation": pick("Spouse", "Parent", "Friend"),
        "employer": pick("City of Riverton", "Fairview Mills", "Lakeside Schools"),
        "employer_address": street,
        "employer_city": town,
        "employer_state": state,
        "employer_zip_code": zip_code,
        "responsible_party_name": f"{first} || ' ' || {last}",
        "responsible_party_relation": pick("Self", "Parent"),
        "responsible_party_phone": phone,
        "responsible_party_email": mail,
        "default_pharmacy": "lpad((n % 9999999)::text, 7, '0')",
        "preferred_pharmacies": "array[lpad((n % 9999999)::text, 7, '0')]",
        "primary_care_physician": "'Dr. ' || " + last,
        "referring_source": pick("Internet", "Friend", "Hospital"),
        "medication_history_consent": "'given'",
    }


def compose_appointment_columns(practice: Practice, doctor: int) -> dict[str, str]:
    """Column → SQL over the patient ``p`` and the visit's number ``v``."""
    at = f"timestamptz '{clock.now():%Y-%m-%d}' - interval '1 day' * ((n + v * 97) % 700 + 1) + interval '14 hours'"
    office = (
        Office.objects.using(OWNER).filter(practice=practice).order_by("pk").values_list("pk", flat=True)[0]
    )
    return {
        "practice_id": str(practice.pk),
        "patient_id": "p.id",
        "doctor_id": "p.doctor_id",
        "office_id": f"{office} + p.doctor_id - {doctor}",
        "exam_room": f"1 + n % {ROOMS}",
        "scheduled_time": at,
        "duration": "30",
        "status": "'Complete'",
        "reason": "'Follow-up'",
        "created_at": at,
        "updated_at": at,
    }


def insert(model: type[models.Model], columns: dict[str, str], source: str) -> None:
    """``insert … select`` with the model's own defaults for what ``columns`` leaves out."""
    fields = [f for f in model._meta.concrete_fields if not f.primary_key and not f.generated]
    expressions, parameters = [], []
    for field in fields:
        expressions.append(columns.get(field.attname, "%s").replace("% ", "%% "))
        if field.attname not in columns:
            default = field.get_default()
            parameters.append(field.get_db_prep_save(default, connections[OWNER]))
            expressions[-1] = f"%s::{field.db_type(connections[OWNER])}"
    names = ", ".join(f'"{field.column}"' for field in fields)
    with connections[OWNER].cursor() as cursor:
        text = f'insert into "{model._meta.db_table}" ({names}) select {", ".join(expressions)} from {source}'
        cursor.execute(text, parameters)


def collect_facts(practice: Practice) -> dict[str, Any]:
    """What the benchmark must know of the practice, with a fresh token of an app that has a quota, a high one."""
    people = User.objects.using(OWNER).get(practice=practice)
    _, token = make_access(people)
    username, secret = make_api_user(practice)
    mine = Patient.objects.using(OWNER).filter(practice=practice)
    span = mine.aggregate(first=models.Min("pk"), last=models.Max("pk"), changed=models.Max("updated_at"))
    last = (
        Appointment.objects.using(OWNER).filter(practice=practice).aggregate(at=models.Max("scheduled_time"))
    )
    offices = Office.objects.using(OWNER).filter(practice=practice).order_by("pk")
    found = {
        "practice": practice.pk,
        "user": people.pk,
        "token": token,
        "bearer": f"Bearer {token}",
        "basic": f"Basic {b64encode(f'{username}:{secret}'.encode()).decode()}",
        "checksum": hashlib.sha256(token.encode()).hexdigest(),
        "patients": mine.count(),
        "first": span["first"],
        "last": span["last"],
        "booked": f"{last['at']:%Y-%m-%d}",
        "rooms": ROOMS,
        "places": [[office.doctor_id, office.pk] for office in offices],
        "filter": {
            "doctor": str(offices[0].doctor_id),
            "since": f"{span['changed']:%Y-%m-%d}",
        },
    }
    return found | {"scripts": alone.compose_scripts(found)}


def make_api_user(practice: Practice) -> tuple[str, str]:
    """Name and secret of a new API user, who may read and write everything."""
    username, secret = f"pk_{secrets.token_hex(8)}", generate_secret()
    user = ApiUser(practice=practice, nickname="Benchmark", contact="bench@example.com", username=username)
    user.secret_digest = digest_secret(username, secret)
    user.save(using=OWNER)
    return username, secret


def make_access(people: User) -> tuple[Application, str]:
    """The benchmark's app, which has a quota, and a new token of it with every scope."""
    app = Application.objects.using(OWNER).filter(name="Benchmark", user=people).first()
    app = app or Application(
        name="Benchmark",
        user=people,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris="https://example.com/callback",
        client_secret=secrets.token_urlsafe(32),
        scopes=list(SCOPES),
        hourly_limit=100_000_000,
        second_limit=100_000_000,
    )
    app.save(using=OWNER)
    AccessToken.objects.using(OWNER).filter(application=app).delete()  # one may live
    token = secrets.token_urlsafe(32)
    AccessToken(
        user=people,
        application=app,
        token=token,
        expires=clock.now() + timedelta(hours=48),
        scope=" ".join(f"{scope}:{way}" for scope in SCOPES for way in ("read", "write")),
    ).save(using=OWNER)
    return app, token


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
