"""Clients that are generated from the OpenAPI documents: without a warning, and they work."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.drchrono import wire_format as drchrono
from charthouse.toolkit import openapi
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import PATIENCE

GENERATE = (sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none")
OPTIONS = Path(__file__).parents[2] / "examples" / "openapi-python-client.yaml"


def generate(folder: Path, name: str, document: bytes) -> Any:
    """Generate a client, and return its package."""
    path = folder / f"{name}.json"
    path.write_bytes(document)
    done = subprocess.run(
        [*GENERATE, "--path", path, "--config", OPTIONS, "--output-path", folder / name],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout + done.stderr, done.stdout
    return importlib.import_module(name)


def load(package: Any, module: str) -> Any:
    return importlib.import_module(f"{package.__name__}.api.{module}")


def test_python_clients(sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    practice = sandbox.practices.create(patients=2)
    ids = sorted(patient.id for patient in practice.patients)

    package = generate(tmp_path, "drchrono_client", drchrono.print_document_json())
    with package.AuthenticatedClient(sandbox.base_url, practice.token.access_token) as client:
        page = load(package, "patients.patients_list").sync(client=client)
        assert sorted(patient.id for patient in page.results) == ids

    package = generate(tmp_path, "cerbo_client", cerbo.print_document_json())
    user = practice.api_user
    with package.AuthenticatedClient(
        sandbox.base_url, "", httpx_args={"auth": (user.username, user.secret)}
    ) as client:
        found = load(package, "patients.patients_list").sync(client=client)
        assert sorted(int(patient.id) for patient in found.data) == ids

    package = generate(tmp_path, "sandbox_client", openapi.print_document_json())
    key = sandbox.described["control"]["key"]
    with package.AuthenticatedClient(sandbox.base_url, key) as client:
        assert load(package, "clock.clock_show").sync(client=client).frozen is False
