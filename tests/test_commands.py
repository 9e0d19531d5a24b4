"""The commands end to end: real processes on data directories of their own."""

import argparse
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from django_otp.oath import totp

from charthouse import cli
from charthouse.audit.models import Event
from charthouse.domains.practice.models import Doctor, Staff
from charthouse.identity import second_factor
from charthouse.identity.models import PERMISSIONS, User
from tests.identity import oauth_flow, test_sign_in
from tests.support import client, make_practice
from tests.waiting import PATIENCE, until

COMMAND = [sys.executable, "-m", "charthouse"]
# The database of this worker, and its key.
DATABASE = {name: os.environ[name] for name in ("DATABASE_URL", "CHARTHOUSE_SECRET_KEY")}
OURS = ("CHARTHOUSE_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_environment(**more: str) -> dict[str, str]:
    """Return the environment without the settings of the test run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONPATH": str(Path(__file__).parent.parent / "src"), **more}


def command(*arguments: str, given: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command and wait for its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        capture_output=True,
        text=True,
        env=make_environment(**more),
        timeout=PATIENCE,
    )


def command_here(data: Path, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command on the database of this worker, in this process: what a process of its own adds is tested once."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        patch.setattr(sys, "stdin", io.StringIO(given))
        patch.setenv("CHARTHOUSE_DATA", str(data))
        code = cli.main([*arguments, "--data", str(data)])
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


class Sandbox:
    """``charthouse sandbox`` on a directory, in a process group of its own, as when started from a terminal."""

    def __init__(self, data: Path, log: Path) -> None:
        self.data, self.log, self.port = data, log, find_free_port()
        self.mark = uuid.uuid4().hex
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "sandbox", "--port", str(self.port), "--data", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=make_environment(SANDBOX_TEST=self.mark),
                start_new_session=True,
            )
        until(lambda: "Ctrl-C stops" in self.output or self.process.poll() is not None, "ready")
        assert self.process.poll() is None, self.output

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.data / "sandbox.json").read_text())
        return described

    def curl(self) -> dict[str, Any]:
        """Run the printed command in a shell and return the response."""
        line = re.search(r"^ +(curl .*)$", self.output, re.MULTILINE)
        assert line is not None, self.output
        done = subprocess.run(line[1], shell=True, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def processes(self) -> list[psutil.Process]:
        """List the running processes of the sandbox, PostgreSQL and its backends included."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and self._ours(process):
                    found.append(process)
            except psutil.Error:  # ended meanwhile
                continue
        return found

    def _ours(self, process: psutil.Process) -> bool:
        if str(self.data) in " ".join(process.cmdline()):
            return True
        try:
            return process.environ().get("SANDBOX_TEST") == self.mark or process.cwd().startswith(
                str(self.data)
            )
        except psutil.AccessDenied:
            return False

    def named(self, name: str) -> psutil.Process:
        (process,) = [each for each in self.processes() if each.name() == name]
        return process

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal to the command, wait until all its processes have ended, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        assert self.process is not None
        code = self.process.wait(PATIENCE)
        if code >= 0:
            assert self.processes() == [], "left behind by a command that cleared up"
        until(lambda: not self.processes(), "nothing left")
        return code


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox of seed 7, with few patients."""
    place = tmp_path_factory.mktemp("sandbox")
    sandbox = Sandbox(place / "data", place / "log")
    try:
        sandbox.start("--seed", "7", "--patients", "12", "--workers", "2")
        yield sandbox
    finally:
        for process in sandbox.processes():
            with suppress(psutil.NoSuchProcess):  # ended meanwhile
                process.kill()
        if sandbox.process is not None:
            sandbox.process.wait(PATIENCE)


def without_secrets(described: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the description that depends on the seed only."""
    for practice in described["practices"]:
        for user in practice["users"]:
            assert user.pop("password")
        for app in practice["oauth_apps"]:
            assert app.pop("client_secret")
            assert app.pop("access_token")
            assert app.pop("refresh_token")
        for api_user in practice["api_users"]:
            assert api_user.pop("secret")
        for guest in practice["portal_users"]:
            assert guest.pop("password")
    return described


def test_sandbox_json_describes_the_sandbox(sandbox: Sandbox) -> None:
    described = sandbox.described
    first, second = described["practices"]
    assert described["base_url"] == f"http://127.0.0.1:{sandbox.port}"
    assert first["patients_count"] == 12
    assert first["doctors"]
    assert first["offices"]
    assert second["users"]
    assert {app["rate_limit"] for app in first["oauth_apps"]} == {500, None}
    assert all(app["access_token"] and app["client_id"] and app["scopes"] for app in first["oauth_apps"])
    assert (sandbox.data / "sandbox.json").stat().st_mode & 0o777 == 0o600
    for user in first["users"]:
        assert re.search(rf"{re.escape(user['username'])} +{re.escape(user['password'])} ", sandbox.output)


def test_printed_curl_command_works(sandbox: Sandbox) -> None:
    assert len(sandbox.curl()["results"]) == 3


def test_sandbox_listens_on_loopback_only(sandbox: Sandbox) -> None:
    addresses = {
        connection.laddr.ip
        for process in sandbox.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_port_in_use_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    done = command("sandbox", "--port", str(sandbox.port), "--data", str(tmp_path / "other"))
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{sandbox.port}" in done.stderr
    assert not (tmp_path / "other").exists()


def test_data_directory_in_use_is_refused(sandbox: Sandbox) -> None:
    done = command("sandbox", "--port", str(find_free_port()), "--data", str(sandbox.data), "--fresh")
    assert done.returncode == 1
    assert "a sandbox is running on" in done.stderr
    assert sandbox.curl()


def test_commands_share_the_database_of_a_running_sandbox(sandbox: Sandbox) -> None:
    done = command("createpractice", "Beside", "--data", str(sandbox.data))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 2
    assert sandbox.curl()


def test_life_cycle_of_a_sandbox(sandbox: Sandbox) -> None:
    """Ctrl-C, restart on the same data, SIGKILL, --fresh, and a dying child: no process is ever left behind."""
    before = sandbox.described
    assert sandbox.end(signal.SIGINT) == 0

    refused = command("sandbox", "--port", str(sandbox.port), "--data", str(sandbox.data), "--seed", "8")
    assert refused.returncode == 1
    assert "seed 7" in refused.stderr
    sandbox.start("--workers", "1", "--rate-limit", "off")
    after = sandbox.described
    assert {app["rate_limit"] for practice in after["practices"] for app in practice["oauth_apps"]} == {None}
    assert after["practices"][0]["users"] == before["practices"][0]["users"]
    assert len(sandbox.curl()["results"]) == 3

    assert sandbox.end(signal.SIGKILL) == -signal.SIGKILL

    sandbox.start("--fresh", "--seed", "7", "--patients", "12", "--workers", "1")
    assert without_secrets(sandbox.described)["practices"] == without_secrets(before)["practices"]
    assert len(sandbox.curl()["results"]) == 3

    moved = command("clock", "advance", "2d1h", "--data", str(sandbox.data))
    assert moved.returncode == 0, moved.stderr
    assert sandbox.curl() == {"detail": "The access token has expired."}

    sandbox.named("charthouse:job").kill()
    assert sandbox.ended() == 1
    assert "The worker was killed by SIGKILL. Everything else has been stopped." in sandbox.output


def list_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (action,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return action.choices


def test_a_command_is_parsed_alone_as_among_all() -> None:
    everything = list_parsers(cli.build_parser())
    assert list(everything) == list(cli.ADDERS)
    for name, parser in everything.items():
        assert list_parsers(cli.build_parser(name))[name].format_help() == parser.format_help()


def test_a_control_of_a_sandbox_starts_without_the_libraries_of_a_database() -> None:
    program = "import sys; from charthouse import cli; cli.build_parser('clock'); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"django", "psycopg", "rich", "asyncio"} & set(imported.stdout.split())


def test_foreign_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for arguments in (["sandbox", "--fresh", "--port", str(find_free_port())], ["migrate"]):
        done = command(*arguments, "--data", str(tmp_path))
        assert done.returncode == 1
        assert "neither empty nor a Charthouse data directory" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_clock_command_needs_a_sandbox(tmp_path: Path) -> None:
    refused = command("clock", "advance", "3h", "--data", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "no sandbox" in refused.stderr


def test_server_requires_a_migrated_database(tmp_path: Path) -> None:
    refused = command("serve", "--port", str(find_free_port()), "--data", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "charthouse migrate" in refused.stderr
    assert not list((tmp_path / "data" / "postgres").glob("postmaster.pid"))


def test_create_practices_and_users(tmp_path: Path) -> None:
    here = partial(command_here, tmp_path)
    assert here("migrate").stderr == ""  # the second time: nothing to do
    # A process of its own, which sets up Django itself.
    practice = command("createpractice", "Foothill", "--data", str(tmp_path), **DATABASE).stdout.strip()
    name = f"ada{practice}"
    ada = ("createuser", name, "--practice", practice, "--role", "doctor", "--primary")
    weak = here(*ada, given="password\n")
    assert weak.returncode == 1
    assert "too short" in weak.stderr
    done = here(*ada, given="a long enough secret\n")
    user = User.objects.using("owner").get(pk=int(done.stdout))
    assert user.check_password("a long enough secret")
    assert user.is_primary
    assert set(user.permissions) == set(PERMISSIONS)
    assert Doctor.objects.using("owner").get(pk=user.doctor_id).practice_id == int(practice)
    again = here(*ada, given="a long enough secret\n")
    assert again.returncode == 1
    assert f"there is a user '{name}' already" in again.stderr
    bob = here(
        "createuser",
        f"bob{practice}",
        "--practice",
        practice,
        "--role",
        "staff",
        given="another long secret\n",
    )
    assert Staff.objects.using("owner").get(user=int(bob.stdout)).practice_id == int(practice)
    nowhere = here("createuser", "bob", "--practice", "999999", "--role", "staff")
    assert "there is no practice 999999" in nowhere.stderr


def test_reset_of_a_lost_second_factor(tmp_path: Path) -> None:
    def here(name: str) -> "subprocess.CompletedProcess[str]":
        return command_here(tmp_path, "resetotp", name)

    clinic = make_practice()
    name = clinic.user.username
    assert f"{name} has no second factor" in here(name).stderr
    device = second_factor.get_pending_device(clinic.user)
    assert second_factor.confirm(clinic.user, f"{totp(device.bin_key):06}")
    done = here(name)
    assert (done.returncode, done.stderr) == (0, "")
    assert not second_factor.is_enabled(clinic.user)
    assert second_factor.count_recovery_codes(clinic.user) == 0
    told = Event.objects.using("owner").filter(practice_id=clinic.id, what="account changed").last()
    assert told is not None
    assert told.user_id is None
    assert told.details == {"user": clinic.user.pk, "second_factor": "off", "by": "operator"}
    assert "there is no user 'nobody-at-all'" in here("nobody-at-all").stderr


def test_a_link_to_set_a_password_is_printed(tmp_path: Path) -> None:
    """For a user without an e-mail address and without a password, as an import leaves them."""
    clinic = make_practice()
    User.objects.using("owner").filter(pk=clinic.user.pk).update(email="", password="!imported")
    done = command("passwordlink", clinic.user.username, "--data", str(tmp_path), **DATABASE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("http://127.0.0.1:8000/")
    path = done.stdout.strip().removeprefix("http://127.0.0.1:8000")
    secret = "another long pass phrase"
    assert "does not work" not in test_sign_in.set_password(path, secret).text
    with client() as browser:
        assert oauth_flow.sign_in(browser, clinic.user.username, secret).headers["Location"] == "/"
    assert "no longer works" in test_sign_in.set_password(path, secret).text
    told = Event.objects.using("owner").filter(practice_id=clinic.id, what="password link made").get()
    assert told.details == {"user": clinic.user.pk, "by": "operator"}
    missing = command("passwordlink", "nobody-at-all", "--data", str(tmp_path), **DATABASE)
    assert "there is no user 'nobody-at-all'" in missing.stderr


def test_unreachable_database_is_reported(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    done = command("migrate", "--data", str(tmp_path / "data"), DATABASE_URL=url)
    assert done.returncode == 1
    assert "The database can't be used" in done.stderr
    assert "Traceback" not in done.stderr
