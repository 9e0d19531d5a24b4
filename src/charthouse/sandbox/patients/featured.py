"""The columns of patients who are described one by one (``data.featured_patients``)."""

import unicodedata
from datetime import date, timedelta

from charthouse.domains.patients.hooks import make_chart_prefix
from charthouse.sandbox.data.featured_patients import FEATURED_PATIENTS, FeaturedPatient
from charthouse.sandbox.loader import Row


def list_names(featured: FeaturedPatient) -> Row:
    """List the columns that others are made of: names, sex, language."""
    return {
        "first_name": featured.first_name,
        "last_name": featured.last_name,
        "gender": featured.gender,
        "race": featured.race,
        "preferred_language": featured.language,
    }


def list_columns(featured: FeaturedPatient, row: Row, today: date) -> Row:
    """List the columns that replace what was drawn."""
    columns: Row = {
        "chart_id": f"{make_chart_prefix(featured.first_name, featured.last_name)}{row['id'] - 1000:06d}",
        "middle_name": featured.middle_name,
        "ethnicity": featured.ethnicity,
        "patient_status": "A" if featured.died is None else "D",
        "date_of_death": None,
        "email": _make_address(featured) if featured.email is None else featured.email,
    }
    if featured.died is not None:
        columns["date_of_death"] = (today - timedelta(days=featured.died)).isoformat()
    if featured.phone:
        columns["cell_phone"] = featured.phone
    if featured.address:
        columns["address"] = featured.address
    if featured.parent is not None:
        columns |= _list_parent_columns(FEATURED_PATIENTS[featured.parent])
    return columns


def _list_parent_columns(parent: FeaturedPatient) -> Row:
    """List the columns of a child that name the parent."""
    name = f"{parent.first_name} {parent.last_name}"
    return {
        "emergency_contact_name": name,
        "emergency_contact_phone": parent.phone or "",
        "responsible_party_name": name,
        "responsible_party_phone": parent.phone or "",
        "responsible_party_email": _make_address(parent),
    }


def _make_address(featured: FeaturedPatient) -> str:
    """Make an e-mail address of the letters of the name."""
    parts = (featured.first_name, featured.last_name)
    letters = ("".join(filter(_is_ascii_letter, unicodedata.normalize("NFKD", part))) for part in parts)
    return f"{'.'.join(filter(None, letters))}@example.com".lower()


def _is_ascii_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
