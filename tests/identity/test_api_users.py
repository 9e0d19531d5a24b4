"""API users: credentials, allowed IP addresses, rate limits and locks."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection

from charthouse import clock
from charthouse.gateway.cerbo.registry import get_registry
from charthouse.identity import api_user_limits, tenancy
from charthouse.identity.api_users import authenticate, digest_secret, renew_secret
from charthouse.identity.models import ApiUser
from tests import support
from tests.waiting import PATIENCE

PATIENTS = "/api/v1/patients"


@pytest.fixture
def clinic() -> support.Clinic:
    return support.make_practice()


def update_api_user(program: support.Program, **values: Any) -> None:
    with tenancy.within(program.row.practice_id):
        ApiUser.objects.filter(pk=program.row.pk).update(**values)


def test_credentials_in_header_or_url(clinic: support.Clinic) -> None:
    program = support.make_api_user(clinic.practice)
    assert program.client().get(PATIENTS).status_code == 200
    name, secret = program.row.username, program.secret
    assert support.client().get(f"http://{name}:{secret}@testserver{PATIENTS}").status_code == 200


def test_all_wrong_credentials_get_the_same_response(clinic: support.Clinic) -> None:
    program, other = support.make_api_user(clinic.practice), support.make_api_user(clinic.practice)
    name = program.row.username
    wrong = [
        ("pk_nobody", program.secret),
        (name, other.secret),
        (name, program.secret + "x"),
        (name, program.secret.lower()),
        (name.upper(), program.secret),
        (name, ""),
        ("", program.secret),
        (name, program.row.secret_digest),
    ]
    answers = {support.client(auth=pair).get(PATIENTS).content for pair in wrong}
    assert len(answers) == 1


def test_a_nul_in_credentials_is_refused(clinic: support.Clinic) -> None:
    """The database would read a text up to the NUL, which names the API user."""
    program = support.make_api_user(clinic.practice)
    name, secret = program.row.username, program.secret
    for pair in (
        (f"{name}\0", secret),
        (f"{name}\0x", secret),
        (name, f"{secret}\0x"),
        (f"\0{name}", secret),
    ):
        assert support.client(auth=pair).get(PATIENTS).status_code == 401
    assert support.client(auth=(name, secret)).get(PATIENTS).status_code == 200


def test_a_practice_host_accepts_only_its_own_api_users(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PRACTICE_HOSTS", {"alder.ehr.example": clinic.id})
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [*settings.ALLOWED_HOSTS, *settings.PRACTICE_HOSTS])
    own = support.make_api_user(clinic.practice).client()
    others = support.make_api_user(support.make_practice().practice).client()
    for host in ("alder.ehr.example", "ALDER.ehr.example.", "alder.ehr.example:8443"):
        refused = others.get(PATIENTS, headers={"Host": host})
        unknown = support.client(auth=("pk_nobody", "sk_x")).get(PATIENTS, headers={"Host": host})
        assert (refused.status_code, refused.content) == (401, unknown.content)
        assert own.get(PATIENTS, headers={"Host": host}).status_code == 200
    assert others.get(PATIENTS).status_code == 200, "other hosts accept API users of all practices"


def test_disabling_and_renewing_the_secret_apply_to_the_next_request(
    clinic: support.Clinic,
) -> None:
    program = support.make_api_user(clinic.practice)
    client = program.client()
    assert client.get(PATIENTS).status_code == 200
    update_api_user(program, enabled=False)
    assert client.get(PATIENTS).status_code == 401
    update_api_user(program, enabled=True)
    with tenancy.within(clinic.id):
        fresh = renew_secret(program.row)
    assert client.get(PATIENTS).status_code == 401
    assert support.client(auth=(program.row.username, fresh)).get(PATIENTS).status_code == 200


def test_the_secret_is_stored_as_a_keyed_digest(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = support.make_api_user(clinic.practice)
    kept = program.row.secret_digest
    assert program.secret not in kept
    assert kept == digest_secret(program.row.username, program.secret)
    assert kept != digest_secret("pk_other", program.secret), (
        "equal secrets of two API users have different digests"
    )


def test_checks_run_in_the_documented_order(clinic: support.Clinic) -> None:
    """A call that fails every check is refused by IP address, credentials, enabled, endpoint, method, validation."""
    program = support.make_api_user(
        clinic.practice, ips=["10.0.0.0/8"], enabled=False, endpoints=["tags"], read_only=True
    )
    client, stranger = program.client(), support.client(auth=(program.row.username, "wrong"))

    def read_refusal(client: httpx.Client) -> tuple[int, str]:
        answer = client.post(PATIENTS, content=b"{")
        return answer.status_code, answer.json()["error"]["message"]

    assert read_refusal(stranger) == (403, "This API user may not call from this address.")
    update_api_user(program, ips=[])
    assert read_refusal(stranger)[0] == 401
    assert read_refusal(client) == (401, "This API user is disabled.")
    update_api_user(program, enabled=True)
    assert read_refusal(client) == (403, "This API user may not use this endpoint.")
    update_api_user(program, endpoints=[])
    assert read_refusal(client) == (403, "This API user may only read.")
    update_api_user(program, read_only=False)
    assert read_refusal(client)[0] == 400


@pytest.mark.parametrize(
    ("ips", "status"),
    [
        ([], 200),
        (["127.0.0.1"], 200),
        (["127.0.0.0/8"], 200),
        (["10.0.0.1", "127.0.0.1/32"], 200),
        (["::1"], 403),
        (["10.0.0.0/8"], 403),
        (["0.0.0.0/0"], 200),
    ],
)
def test_allowed_ips(clinic: support.Clinic, ips: list[str], status: int) -> None:
    program = support.make_api_user(clinic.practice, ips=ips)
    assert program.client().get(PATIENTS).status_code == status


def test_a_forged_forwarded_for_header_is_ignored(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = support.make_api_user(clinic.practice, ips=["10.1.2.3"]).client()
    forged = {"X-Forwarded-For": "10.1.2.3"}
    assert client.get(PATIENTS, headers=forged).status_code == 403
    monkeypatch.setattr(settings, "PROXIES", 1)
    assert client.get(PATIENTS, headers=forged).status_code == 200
    assert client.get(PATIENTS, headers={"X-Forwarded-For": "10.1.2.3, 192.0.2.7"}).status_code == 403


# -- API users are not users ------------------------------------------------------------------------------------


def test_an_api_user_cannot_sign_in(clinic: support.Clinic) -> None:
    program = support.make_api_user(clinic.practice)
    with support.client() as browser:
        browser.get("/sign-in")
        form = {"username": program.row.username, "password": program.secret}
        token = browser.cookies[settings.CSRF_COOKIE_NAME]
        answer = browser.post("/sign-in", data=form | {"csrfmiddlewaretoken": token})
        assert answer.status_code == 200, "the form again, with an error"
        assert settings.SESSION_COOKIE_NAME not in browser.cookies


def test_the_password_of_a_user_is_not_accepted(clinic: support.Clinic) -> None:
    person = support.make_user(clinic.practice, password=support.PASSWORD, username="pk_person")
    answer = support.client(auth=(person.username, support.PASSWORD)).get(PATIENTS)
    assert answer.status_code == 401


def test_each_api_rejects_the_credentials_of_the_other(clinic: support.Clinic) -> None:
    token = support.issue_token(clinic.user, support.make_app())
    assert support.client(token).get(PATIENTS).status_code == 401
    assert support.make_api_user(clinic.practice).client().get("/api/patients").status_code == 401


def test_practices_are_isolated(clinic: support.Clinic) -> None:
    program, other = (
        support.make_api_user(clinic.practice),
        support.make_api_user(support.make_practice().practice),
    )
    body = {"first_name": "Amara", "last_name": "Okafor", "dob": "1987-04-12", "sex": "F"}
    made = program.client().post(PATIENTS, json=body).json()
    assert other.client().get(f"{PATIENTS}/{made['id']}").status_code == 404
    assert other.client().get(PATIENTS).json()["total_count"] == 0
    with tenancy.within(other.row.practice_id):
        assert not ApiUser.objects.filter(pk=program.row.pk).exists()


CLASSES = {
    declared.policy.rate_class
    for declared in (
        *get_registry(),
        *(operation for resource in get_registry() for operation in resource.operations),
        *get_registry().list_operations(),
    )
}

# -- rate limits ------------------------------------------------------------------------------------------------


@pytest.fixture
def limit_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "API_LIMITS", {"standard": 3})


def test_a_lock_is_set_listed_and_lifted(
    clinic: support.Clinic, limit_of_three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now().replace(second=10, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    program = support.make_api_user(clinic.practice)
    client = program.client()
    assert [client.get(PATIENTS).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert client.get(PATIENTS).headers["Retry-After"] == "60"
    with tenancy.within(clinic.id):
        (lock,) = api_user_limits.list_locks(clinic.id)
        assert (lock.api_user_id, lock.rate_class, lock.until) == (
            program.row.pk,
            "standard",
            now + api_user_limits.LOCK_DURATION,
        )
        assert api_user_limits.lift_lock(clinic.id, program.row.pk, "standard")
        assert not api_user_limits.lift_lock(clinic.id, program.row.pk, "standard")
        assert api_user_limits.list_locks(clinic.id) == []
    assert client.get(PATIENTS).status_code == 200


def test_a_lock_expires_and_the_count_restarts_each_minute(
    clinic: support.Clinic, limit_of_three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now().replace(second=30, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    client = support.make_api_user(clinic.practice).client()
    assert [client.get(PATIENTS).status_code for _ in range(4)] == [200, 200, 200, 429]
    later = now + api_user_limits.LOCK_DURATION
    monkeypatch.setattr(clock, "now", lambda: later - timedelta(seconds=1))
    assert client.get(PATIENTS).headers["Retry-After"] == "1"
    monkeypatch.setattr(clock, "now", lambda: later)
    assert [client.get(PATIENTS).status_code for _ in range(3)] == [200, 200, 200]
    monkeypatch.setattr(clock, "now", lambda: later + timedelta(minutes=1))
    assert [client.get(PATIENTS).status_code for _ in range(3)] == [200, 200, 200]


def test_a_class_whose_calls_are_limited_by_subject_locks_nobody_else(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks of credentials are limited by the user who is checked, not by the caller."""
    monkeypatch.setattr(settings, "API_LIMITS", {})
    now = clock.now().replace(second=10, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    limit = api_user_limits.get_limits()["credential_validation"]
    client = support.make_api_user(clinic.practice).client()
    for path, name in (
        ("users/validate_credentials", "user"),
        ("patients/portal/validate_credentials", "username"),
    ):

        def check(who: str, path: str = path, name: str = name) -> int:
            answer = client.post(f"/api/v1/{path}", json={name: who, "password": "wrong"})
            assert answer.status_code != 429 or answer.headers["Retry-After"] == "50"
            return answer.status_code

        assert [check("Ada") for _ in range(limit + 2)] == [200] * limit + [429, 429]
        assert check(" ada ") == 429
        assert [check(f"person{n}") for n in range(limit + 2)] == [200] * (limit + 2)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=50))
    assert check("Ada") == 200
    assert api_user_limits.list_locks(clinic.id) == []


@pytest.mark.parametrize("rate_class", sorted({"standard", *CLASSES} - {"email_trigger"}))
def test_no_class_but_that_of_emails_locks_one_thread(
    rate_class: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "API_LIMITS", {})
    assert api_user_limits.get_class_limit(rate_class) >= 3000, "a call each 20 ms"


def test_one_thread_at_20_ms_a_call_is_never_locked(
    clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulate a call every 20 ms for a minute and into the next; most calls of the first minute are set as a count."""
    monkeypatch.setattr(settings, "API_LIMITS", {})
    program = support.make_api_user(clinic.practice)
    header = "Basic " + b64encode(f"{program.row.username}:{program.secret}".encode()).decode()
    began = clock.now().replace(second=0, microsecond=0)

    def call(number: int) -> None:
        at = began + timedelta(milliseconds=20 * number)
        authenticate(header, "127.0.0.1", at, endpoint="patients", is_write=False, rate_class="standard")

    call(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "update identity_apicalls set calls = 2990 where api_user_id = %s and calls = 1", [program.row.pk]
        )
        assert cursor.rowcount == 1
    for number in range(2990, 3010):
        call(number)
    assert _get_count(program)[1] == 10, "calls of the next minute"


def test_one_api_user_does_not_lock_another(clinic: support.Clinic, limit_of_three: None) -> None:
    loud, quiet = (support.make_api_user(clinic.practice).client() for _ in range(2))
    for _ in range(5):
        loud.get(PATIENTS)
    assert quiet.get(PATIENTS).status_code == 200


def test_other_practices_cannot_lift_a_lock(clinic: support.Clinic, limit_of_three: None) -> None:
    program = support.make_api_user(clinic.practice)
    for _ in range(5):
        program.client().get(PATIENTS)
    other = support.make_practice()
    with tenancy.within(other.id):
        assert api_user_limits.list_locks(other.id) == []
        assert not api_user_limits.lift_lock(other.id, program.row.pk, "standard")
        assert not api_user_limits.lift_lock(clinic.id, program.row.pk, "standard"), (
            "row-level security refuses as well"
        )


def test_counting_is_exact_across_processes(clinic: support.Clinic, live_server: str) -> None:
    """The server has two processes, and calls run concurrently."""
    program = support.make_api_user(clinic.practice)

    def call(number: int) -> int:
        auth = (program.row.username, program.secret)
        return httpx.get(f"{live_server}{PATIENTS}?n={number}", auth=auth, timeout=PATIENCE).status_code

    for _ in range(3):  # repeat if a minute ended in between, which resets the count
        before = _get_count(program)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(call, range(40))) == [200] * 40
        after = _get_count(program)
        if before[0] in (None, after[0]) and after[1] >= 40:
            break
    assert after[1] - (before[1] if before[0] == after[0] else 0) == 40


def _get_count(program: support.Program) -> tuple[Any, int]:
    """Return the minute of the current count, and the count."""
    with connection.cursor() as cursor:
        cursor.execute("select minute, calls from identity_apicalls where api_user_id = %s", [program.row.pk])
        return cursor.fetchone() or (None, 0)


def test_credentials_are_not_logged(clinic: support.Clinic, capfd: pytest.CaptureFixture[str]) -> None:
    program = support.make_api_user(clinic.practice)
    support.client(auth=(program.row.username, "a-wrong-secret")).get(PATIENTS)
    program.client().get(PATIENTS + "?limit=x")
    written = "".join(capfd.readouterr())
    assert "a-wrong-secret" not in written
    assert program.secret not in written
