"""Apps on the pages of a doctor's patients."""

from charthouse.domains.practice.models import DoctorOptions
from charthouse.identity import tenancy
from charthouse.identity.models import User
from tests.domains.caller import Caller
from tests.support import client, issue_token, make_app, make_doctor, make_user

URL = "/api/iframe_integration"


def apps(caller: Caller) -> list[str]:
    with tenancy.within(caller.clinic.id):
        DoctorOptions.objects.get_or_create(practice=caller.clinic.practice, doctor=caller.doctor)
    (row,) = caller.http.get("/api/doctor_options", params={"doctor": caller.doctor.pk}).json()["results"]
    return row["iframe_apps"]


def test_a_doctors_app_is_shown_and_removed() -> None:
    caller = Caller(role=User.Role.DOCTOR)
    assert apps(caller) == []
    for _ in range(2):
        answer = caller.http.post(URL)
        assert (answer.status_code, answer.json()) == (201, {"doctor": caller.doctor.pk, "active": True})
        assert apps(caller) == ["Test App"]
    other = client(issue_token(caller.user, make_app(name="Another")))
    assert other.post(URL).status_code == 201
    assert apps(caller) == ["Another", "Test App"]
    for _ in range(2):
        assert caller.http.delete(URL).status_code == 204
        assert apps(caller) == ["Another"], "the other app stays"
    assert caller.http.get(URL).status_code == 405


def test_staff_are_redirected_to_the_doctors_own_path() -> None:
    caller = Caller(role=User.Role.STAFF)
    for method, done in (("POST", 201), ("DELETE", 204)):
        answer = caller.http.request(method, f"{URL}?x=1")
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"http://testserver{URL}/{caller.doctor.pk}"
        assert caller.http.request(method, answer.headers["Location"]).status_code == done
        assert apps(caller) == (["Test App"] if method == "POST" else [])


def test_other_doctors_and_users_without_a_doctor_are_refused() -> None:
    caller = Caller(role=User.Role.DOCTOR)
    tenancy.clear_tenant()
    colleague = make_doctor(caller.clinic.practice)
    assert caller.http.post(f"{URL}/{colleague.pk}").status_code == 403
    assert caller.http.post(f"{URL}/{Caller().doctor.pk}").status_code == 404
    tenancy.clear_tenant()
    nobody = make_user(caller.clinic.practice, doctor=None)
    answer = client(issue_token(nobody, make_app())).post(URL)
    assert (answer.status_code, answer.json()) == (400, {"detail": "The authorizing user has no doctor."})
