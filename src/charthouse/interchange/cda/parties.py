"""Builders of persons and organizations: names, addresses, telecoms and identifiers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from charthouse.domains.practice.models import Doctor, Office
from charthouse.interchange.cda.codes import NPI
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Element, el, null

_NOT_DIALLED = re.compile(r"[^0-9+x]")


def name(*given: str, family: str, suffix: str = "", use: str | None = None) -> Element:
    """Build a person's name, with null flavor UNK if there is no part."""
    known = [part for part in given if part]
    if not known and not family:
        return null("name")
    return el(
        "name",
        (el("given", part) for part in known),
        el("family", family) if family else null("family"),
        el("suffix", suffix) if suffix else None,
        use=use,
    )


def address(
    street: str, city: str, state: str, zip_code: str, country: str = "US", use: str | None = None
) -> Element:
    """Build an address, with null flavor UNK without street and city. ``country``: ISO 3166-1 alpha-2."""
    if not street and not city:
        return null("addr")
    said = (("state", state), ("postalCode", zip_code), ("country", country))
    lines = [line.strip() for line in street.splitlines() if line.strip()][:4]
    return el(
        "addr",
        [el("streetAddressLine", line) for line in lines] or null("streetAddressLine"),
        el("city", city) if city else null("city"),
        (el(tag, part) for tag, part in said if part),
        use=use,
    )


def phones(*numbers: tuple[str, str | None], email: str = "") -> Iterable[Element]:
    """Build telecoms of (number, use) pairs and an e-mail address; one with null flavor UNK if there are none."""
    dialled = [(_NOT_DIALLED.sub("", number.lower()), use) for number, use in numbers]
    found = [el("telecom", value=f"tel:{number}", use=use) for number, use in dialled if number]
    if email:
        found.append(el("telecom", value=f"mailto:{quote(email.strip(), safe='@+')}"))
    return found or [null("telecom")]


def provider_id(about: Subject, doctor: int, npi: str) -> Element:
    """Build the id of a doctor: the NPI, else the practice's own identifier."""
    if npi.strip():
        return el("id", root=NPI, extension=npi.strip())
    return el("id", root=about.root("doctors"), extension=str(doctor))


def person(doctor: Doctor) -> Element:
    return el("assignedPerson", name(doctor.first_name, family=doctor.last_name, suffix=doctor.suffix))


def assigned(about: Subject) -> Element:
    """Build the ``assignedEntity`` of the primary provider."""
    doctor = about.doctor
    return el(
        "assignedEntity",
        provider_id(about, doctor.pk, doctor.npi_number),
        office_address(about.office),
        phones((doctor.office_phone, "WP")),
        person(doctor),
    )


def office_address(office: Office | None) -> Element:
    if office is None:
        return null("addr")
    return address(office.address, office.city, office.state, office.zip_code, office.country, use="WP")


def organization(tag: str, identifier: Element, title: str, phone: str, where: Element) -> Element:
    """Build the organization of a practice under the given tag."""
    return el(tag, identifier, el("name", title), phones((phone, "WP")), where)


DOCTOR = ("doctor_id", "doctor__first_name", "doctor__last_name", "doctor__suffix", "doctor__npi_number")


def doctor_at(path: str) -> tuple[str, ...]:
    """Return DOCTOR_COLUMNS of the doctor at the relation ``path``."""
    return tuple(column.replace("doctor", path, 1) for column in DOCTOR)


def as_doctor(rows: Iterable[Mapping[str, Any]], path: str) -> list[dict[str, Any]]:
    """Rename the columns of ``doctor_columns_at(path)`` to DOCTOR_COLUMNS."""
    return [
        {f"doctor{key.removeprefix(path)}" if key.startswith(path) else key: row[key] for key in row}
        for row in rows
    ]


def identity(about: Subject, row: Any) -> tuple[Element, Element]:
    """Build the id and the ``assignedPerson`` of the doctor of a row with DOCTOR_COLUMNS."""
    said = name(row["doctor__first_name"], family=row["doctor__last_name"], suffix=row["doctor__suffix"])
    return provider_id(about, row["doctor_id"], row["doctor__npi_number"]), el("assignedPerson", said)


def performer(about: Subject, row: Any) -> Element:
    """Build the ``assignedEntity`` of a performer, the doctor of a row with DOCTOR_COLUMNS."""
    identifier, who = identity(about, row)
    return el("assignedEntity", identifier, null("addr"), null("telecom"), who)


def doctor_of(row: Any) -> str:
    """Format the name of the doctor of a row with DOCTOR_COLUMNS."""
    parts = (row["doctor__first_name"], row["doctor__last_name"], row["doctor__suffix"])
    return " ".join(part for part in parts if part)
