"""Clients in TypeScript: openapi-typescript and openapi-fetch make them without a warning, they are type-checked, and
they call. GENERATORS=1, in make test-deep: it installs packages."""

import os
import subprocess
from pathlib import Path

import pytest

from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.drchrono import wire_format as drchrono
from charthouse.toolkit.shell_variables import list_variables
from tests.toolkit.sandboxes import RunningSandbox

PACKAGES = ("openapi-typescript@7.13", "openapi-fetch@0.17", "typescript@5.9", "@types/node@22")
TIMEOUT = 600  # seconds
PROGRAM = """
import createClient from "openapi-fetch";
import type { paths as DrChrono } from "./drchrono.js";
import type { paths as Cerbo } from "./cerbo.js";

const { CHARTHOUSE_URL, ACCESS_TOKEN, CERBO_USERNAME, CERBO_SECRET } = process.env;
const bearer = { Authorization: `Bearer ${ACCESS_TOKEN}` };
const drchrono = createClient<DrChrono>({ baseUrl: CHARTHOUSE_URL, headers: bearer });
const page = await drchrono.GET("/api/patients", { params: { query: { page_size: 2 } } });
const first: number | undefined = page.data?.results[0]?.id;
// @ts-expect-error: there is no such key
page.data?.results[0]?.shoe_size;
const basic = { Authorization: `Basic ${Buffer.from(`${CERBO_USERNAME}:${CERBO_SECRET}`).toString("base64")}` };
const cerbo = createClient<Cerbo>({ baseUrl: CHARTHOUSE_URL, headers: basic });
const list = await cerbo.GET("/api/v1/patients", { params: { query: { limit: 2 } } });
console.log(typeof first, page.data?.results.length, list.data?.data.length);
"""


@pytest.mark.skipif(
    os.environ.get("GENERATORS") != "1", reason="GENERATORS=1, in make test-deep: installs packages"
)
def test_typescript_clients(sandbox: RunningSandbox, tmp_path: Path) -> None:
    environment = os.environ | list_variables(sandbox.described)

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    run("npm", "install", "--no-audit", "--no-fund", *PACKAGES)
    for name, document in (("drchrono", drchrono), ("cerbo", cerbo)):
        (tmp_path / f"{name}.json").write_bytes(document.print_document_json())
        printed = run("npx", "openapi-typescript", f"{name}.json", "--output", f"{name}.d.ts")
        assert "warn" not in printed.lower(), printed
    (tmp_path / "call.ts").write_text(PROGRAM)
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
    run("npx", "tsc", *options, "call.ts")
    assert run("node", "call.js").split() == ["number", "2", "2"]
