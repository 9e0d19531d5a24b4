"""The units, the Containerfile and the compose file say what the program has: commands, options, settings, paths."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from charthouse import cli
from tests.cases import each_case

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PROTECTED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "CapabilityBoundingSet": "",
    "User": "charthouse",
}  # fmt: skip


def read_unit(path: Path) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    return unit["Service"]


def parse(arguments: list[str]) -> str:
    """Parse arguments as ``charthouse`` does, and return the command."""
    return str(cli.build_parser().parse_args(arguments).command)


def test_units_run_server_and_worker() -> None:
    commands = [shlex.split(read_unit(path)["ExecStart"]) for path in UNITS]
    assert {command[0] for command in commands} == {"/opt/charthouse/bin/charthouse"}
    assert sorted(parse(command[1:]) for command in commands) == ["serve", "worker"]


@each_case("path", UNITS)
def test_units_have_no_rights_and_time_to_stop(path: Path) -> None:
    unit = read_unit(path)
    assert {name: unit[name] for name in PROTECTED} == PROTECTED
    assert int(unit["TimeoutStopSec"]) >= 20
    assert unit["StateDirectory"] == "charthouse"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_accepts_the_units_and_what_they_protect(tmp_path: Path) -> None:
    """As if the program were installed. 40: of 100 for a unit that may do anything."""
    for path in UNITS:
        text = path.read_text().replace("/opt/charthouse/bin/charthouse", sys.executable)
        (tmp_path / path.name).write_text(text)
    units = [str(tmp_path / path.name) for path in UNITS]
    for options in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=40", "--no-pager"]):
        command = ["systemd-analyze", *options, *units]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        assert options[0] != "verify" or done.stderr == ""


@pytest.mark.skipif(
    not shutil.which("docker-compose"), reason="needs Debian's docker-compose; make test-deep"
)
def test_compose_accepts_the_file(tmp_path: Path) -> None:
    environment = {**os.environ, "HOST": "ehr.example", "POSTGRES_PASSWORD": "a password"}
    command = ["docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_image_runs_without_rights_and_writes_to_two_volumes() -> None:
    volumes = re.search(r'^VOLUME \["(.*)", "(.*)"\]$', CONTAINERFILE, re.MULTILINE)
    assert volumes
    assert all(f"{folder}" in CONTAINERFILE.split("install --directory")[1] for folder in volumes.groups())
    assert re.search(r"^USER [1-9]\d*$", CONTAINERFILE, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    assert parse(yaml.safe_load(command)) == "serve"
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE, re.MULTILINE)
    assert [name for line in copied for name in line.split() if not (ROOT / name).exists()] == []


def test_compose_runs_migrations_before_server_and_worker_on_a_read_only_root() -> None:
    own = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "charthouse"}
    assert {name: parse(each["command"]) for name, each in own.items()} == {
        "migrate": "migrate", "server": "serve", "worker": "worker",
    }  # fmt: skip
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in own.values())
    for name in ("server", "worker"):
        assert own[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        mounted = {volume.partition(":")[2] for volume in own[name]["volumes"]}
        assert mounted == set(re.findall(r'"(/var/[^"]+)"', CONTAINERFILE.split("VOLUME")[1].split("\n")[0]))
    assert "ports" not in COMPOSE["services"]["server"], "the proxy alone may reach it"


def test_every_setting_that_is_named_exists() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    text = CONTAINERFILE + (DEPLOY / "compose.yaml").read_text() + "".join(path.read_text() for path in UNITS)
    named = set(re.findall(r"\bCHARTHOUSE_[A-Z_]+\b", text))
    assert len(named) > 4
    assert {name for name in named if name not in source} == set()


@pytest.mark.parametrize("name", ["docs/operating.md", "deploy/compose.yaml"])
def test_settings_of_postgresql_log_no_rows(name: str) -> None:
    """The same that docs/retention.md asks for."""
    asked = re.findall(r"^(log_\w+) = (\S+)$", (ROOT / "docs" / "retention.md").read_text(), re.MULTILINE)
    text = (ROOT / name).read_text()
    assert len(asked) > 5
    assert [key for key, value in asked if not re.search(rf"{key}\s?=\s?'?{value}\b", text)] == []
