"""Fill the database of DATABASE_URL for ``bench.search``: ``python -m bench.search_load PATIENTS``. Prints the facts as
one line of JSON.

Names are those of Faker's lists of the United States in the order of their frequency, common ones often.
"""

import json
import sys
from typing import Any

import django

django.setup()

from django.db import connections  # noqa: E402
from faker.providers.person.en_US import Provider  # noqa: E402

from bench.load import OWNER, compose_patient_columns, insert  # noqa: E402
from charthouse.domains.patients.models import Patient  # noqa: E402
from charthouse.domains.practice.models import Doctor  # noqa: E402
from charthouse.identity import schema_setup  # noqa: E402
from charthouse.identity.models import SHARING, Practice  # noqa: E402

RARE = 20_000  # last names that are no common one


def main(patients: int) -> dict[str, Any]:
    schema_setup.migrate(OWNER)
    practice = Practice.objects.using(OWNER).filter(name="Search").first()
    if practice is None:
        practice = Practice.objects.using(OWNER).create(name="Search", sharing=list(SHARING))
        doctor = None
        for number in range(20):
            row = Doctor(
                practice=practice, first_name=f"Ada{number}", last_name="Bench", timezone="US/Eastern"
            )
            row.save(using=OWNER)
            doctor = doctor or row
        assert doctor is not None
        with connections[OWNER].cursor() as cursor:
            cursor.execute("select setseed(0.5)")
        columns = compose_patient_columns(practice, doctor.pk) | compose_names()
        insert(Patient, columns, f"generate_series(1, {patients}) as n")
    rows = Patient.objects.using(OWNER).filter(practice=practice).order_by("pk")
    someone = rows[patients // 2]
    facts = {
        name: getattr(someone, name)
        for name in ("first_name", "last_name", "chart_id", "email", "cell_phone")
    }
    facts |= {"phone_end": someone.cell_phone[-4:], "birthday": f"{someone.date_of_birth:%m/%d/%Y}"}
    return {"practice": practice.pk, "someone": facts}


def compose_names() -> dict[str, str]:
    """Column → SQL of names: the commonest first, one of four last names a rare one."""
    first, last = _sort_names(Provider.first_names), _sort_names(Provider.last_names)
    common = f"{_quote(last)}[1 + floor({len(last)} * power(random(), 3))::int]"
    rare = f"'Zw' || substr(md5((n % {RARE})::text), 1, 7)"
    return {
        "first_name": f"{_quote(first)}[1 + floor({len(first)} * power(random(), 3))::int]",
        "last_name": f"case when n % 4 = 0 then {rare} else {common} end",
        "cell_phone": "'(303) 555-' || lpad((n * 7919 % 10000)::text, 4, '0')",
    }


def _sort_names(frequencies: dict[str, float]) -> list[str]:
    """Sort names, the commonest first."""
    return sorted(frequencies, key=lambda name: frequencies[name], reverse=True)


def _quote(names: list[str]) -> str:
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"(array[{quoted}])"


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
