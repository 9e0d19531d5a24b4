"""A walk over all pages while others write, on a real server: no row missed, none twice, whatever its timestamps."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests import support
from tests.waiting import PATIENCE

ROWS = 120


@pytest.mark.parametrize("parameters", [{}, {"since": "2000-01-01", "show_inactive": "true"}])
def test_no_row_is_missed_or_shown_twice(live_server: str, parameters: dict[str, str]) -> None:
    clinic = support.make_practice()
    with tenancy.within(clinic.id):
        moment = clock.now()
        Patient.objects.bulk_create(
            Patient(
                practice=clinic.practice,
                doctor=clinic.doctor,
                first_name=f"P{at}",
                last_name="Same",
                gender="Other",
                chart_id=f"walk-{at}",
                created_at=moment,
                updated_at=moment,
            )
            for at in range(ROWS)
        )
        there = set(Patient.objects.values_list("pk", flat=True))
    token = support.issue_token(clinic.user, support.make_app())
    headers = {"Authorization": f"Bearer {token}"}
    doomed = sorted(there)[::7]
    begin = Barrier(3)

    def add() -> set[int]:
        made = set()
        with httpx.Client(base_url=live_server, headers=headers, timeout=PATIENCE) as client:
            begin.wait()
            for at in range(20):
                body = {"doctor": clinic.doctor.pk, "gender": "Other", "first_name": f"New {at}"}
                made.add(client.post("/api/patients", json=body).json()["id"])
        return made

    def change() -> None:
        with httpx.Client(base_url=live_server, headers=headers, timeout=PATIENCE) as client:
            begin.wait()
            for row in doomed:
                assert client.patch(f"/api/patients/{row}", json={"nick_name": "moved"}).status_code == 204
                assert client.delete(f"/api/patients/{row}").status_code == 204

    def walk() -> list[int]:
        seen: list[int] = []
        with httpx.Client(base_url=live_server, headers=headers, timeout=PATIENCE) as client:
            begin.wait()
            page = client.get("/api/patients", params={**parameters, "page_size": "5"}).json()
            while True:
                seen += [row["id"] for row in page["results"]]
                if page["next"] is None:
                    return seen
                page = client.get(page["next"]).json()

    with ThreadPoolExecutor(3) as pool:
        adding, changing, walking = pool.submit(add), pool.submit(change), pool.submit(walk)
        seen, made = walking.result(), adding.result()
        changing.result()

    assert len(seen) == len(set(seen))
    assert there - set(doomed) <= set(seen)
    assert set(seen) <= there | made
    assert seen == sorted(seen)
