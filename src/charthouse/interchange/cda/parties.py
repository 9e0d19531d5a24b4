"""Builders of persons and organizations: names, addresses, telecoms and identifiers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from charthouse.domains.practice.models import Doctor, Office
from charthouse.interchange.cda.codes import NPI, is_npi
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.xml import Element, el, null

_NOT_DIALLED = re.compile(r"[^0-9+x]")


def build_name(*given: str, family: str, suffix: str = "", use: str | None = None) -> Element:
    """Build a person's name. A part that C-CDA requires and the record lacks has the null flavor UNK, as has the name
    without any part."""
    known = [part for part in given if part]
    if not known and not family:
        return null("name")
    return el(
        "name",
        [el("given", part) for part in known] or null("given"),
        el("family", family) if family else null("family"),
        el("suffix", suffix) if suffix else None,
        use=use,
    )


def build_address(
    street: str, city: str, state: str, zip_code: str, country: str = "US", use: str | None = None
) -> Element:
    """Build an address, with null flavor UNK without street and city. ``country``: ISO 3166-1 alpha-2. C-CDA requires
    state and postal code in the US, which have the null flavor UNK where they are unknown."""
    if not street and not city:
        return null("addr")
    fields = (("state", state), ("postalCode", zip_code), ("country", country))
    required = ("state", "postalCode") if country == "US" else ()
    lines = [line.strip() for line in street.splitlines() if line.strip()][:4]
    return el(
        "addr",
        [el("streetAddressLine", line) for line in lines] or null("streetAddressLine"),
        el("city", city) if city else null("city"),
        (el(tag, part) if part else null(tag) for tag, part in fields if part or tag in required),
        use=use,
    )


def build_telecoms(*numbers: tuple[str, str | None], email: str = "") -> Iterable[Element]:
    """Build telecoms of (number, use) pairs and an e-mail address; one with null flavor UNK if there are none."""
    dialled = [(_NOT_DIALLED.sub("", number.lower()), use) for number, use in numbers]
    found = [el("telecom", value=f"tel:{number}", use=use) for number, use in dialled if number]
    if email:
        found.append(el("telecom", value=f"mailto:{quote(email.strip(), safe='@+')}"))
    return found or [null("telecom")]


def build_provider_id(context: DocumentContext, doctor: int, npi: str) -> Element:
    """Build the id of a doctor: the NPI, else the practice's own identifier."""
    if is_npi(npi.strip()):
        return el("id", root=NPI, extension=npi.strip())
    return el("id", root=context.id_root("doctors"), extension=str(doctor))


def build_assigned_person(doctor: Doctor) -> Element:
    return el("assignedPerson", build_name(doctor.first_name, family=doctor.last_name, suffix=doctor.suffix))


def build_assigned_entity(context: DocumentContext) -> Element:
    """Build the ``assignedEntity`` of the primary provider."""
    doctor = context.doctor
    return el(
        "assignedEntity",
        build_provider_id(context, doctor.pk, doctor.npi_number),
        build_office_address(context.office),
        build_telecoms((doctor.office_phone, "WP")),
        build_assigned_person(doctor),
    )


def build_office_address(office: Office | None) -> Element:
    if office is None:
        return null("addr")
    return build_address(office.address, office.city, office.state, office.zip_code, office.country, use="WP")


def build_organization(tag: str, identifier: Element, title: str, phone: str, where: Element) -> Element:
    """Build the organization of a practice under the given tag."""
    return el(tag, identifier, el("name", title), build_telecoms((phone, "WP")), where)


DOCTOR_COLUMNS = (
    "doctor_id",
    "doctor__first_name",
    "doctor__last_name",
    "doctor__suffix",
    "doctor__npi_number",
)


def doctor_columns_at(path: str) -> tuple[str, ...]:
    """Return DOCTOR_COLUMNS of the doctor at the relation ``path``."""
    return tuple(column.replace("doctor", path, 1) for column in DOCTOR_COLUMNS)


def rename_doctor_columns(rows: Iterable[Mapping[str, Any]], path: str) -> list[dict[str, Any]]:
    """Rename the columns of ``doctor_columns_at(path)`` to DOCTOR_COLUMNS."""
    return [
        {f"doctor{key.removeprefix(path)}" if key.startswith(path) else key: row[key] for key in row}
        for row in rows
    ]


def build_provider(context: DocumentContext, row: Any) -> tuple[Element, Element]:
    """Build the id and the ``assignedPerson`` of the doctor of a row with DOCTOR_COLUMNS."""
    fields = build_name(
        row["doctor__first_name"], family=row["doctor__last_name"], suffix=row["doctor__suffix"]
    )
    return build_provider_id(context, row["doctor_id"], row["doctor__npi_number"]), el(
        "assignedPerson", fields
    )


def build_performer(context: DocumentContext, row: Any) -> Element:
    """Build the ``assignedEntity`` of a performer, the doctor of a row with DOCTOR_COLUMNS."""
    identifier, who = build_provider(context, row)
    return el("assignedEntity", identifier, null("addr"), null("telecom"), who)


def format_doctor(row: Any) -> str:
    """Format the name of the doctor of a row with DOCTOR_COLUMNS."""
    parts = (row["doctor__first_name"], row["doctor__last_name"], row["doctor__suffix"])
    return " ".join(part for part in parts if part)
