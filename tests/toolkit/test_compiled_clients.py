"""Clients in Java and Go: openapi-generator makes them without a warning, they are compiled, and they call.

GENERATORS=1, in make test-deep: it installs packages.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.drchrono import wire_format as drchrono
from tests.toolkit.sandboxes import RunningSandbox

GENERATOR = "org.openapitools:openapi-generator-cli:7.17.0"
TIMEOUT = 1200  # seconds
DOCUMENTS = {"drchrono": drchrono, "cerbo": cerbo}
# What the generator warns of at any document of this kind, each with the reason why it is no fault of ours.
KNOWN_WARNINGS = (
    "OpenAPI 3.1 support is still in beta",  # of the generator itself
    "Failed to get the schema name: null",  # of the type null in an anyOf, which OpenAPI 3.1 has
    "(reserved word) cannot be used as",  # the APIs have keys that are called type
    "Ignoring complex example on request body",  # which comments of the client do without
    "Response examples can currently only be generated for application/json",  # PDF, CSV
)
# Bodies of forms have classes by skipFormModel=false alone, and Java does not compile without them.
OPTIONS = (
    "--global-property=skipFormModel=false,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
)
UNCHECKED = re.compile(r"(\w+\.validateJsonElement\((jsonObj\.get\(\"\w+\"\))\);)")
GO_PROGRAM = """
package main

import (
    "context"
    "fmt"
    "os"
    "strconv"

    "example.com/charthouse/cerbo"
    "example.com/charthouse/drchrono"
)

func check(err error) {
    if err != nil {
        panic(err)
    }
}

func main() {
    id, err := strconv.ParseInt(os.Getenv("PATIENT"), 10, 64)
    check(err)
    config := drchrono.NewConfiguration()
    config.Servers = drchrono.ServerConfigurations{{URL: os.Getenv("CHARTHOUSE_URL")}}
    config.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("ACCESS_TOKEN"))
    patient, _, err := drchrono.NewAPIClient(config).PatientsAPI.PatientsRead(context.Background(), id).Execute()
    check(err)
    other := cerbo.NewConfiguration()
    other.Servers = cerbo.ServerConfigurations{{URL: os.Getenv("CHARTHOUSE_URL")}}
    auth := cerbo.BasicAuth{UserName: os.Getenv("CERBO_USERNAME"), Password: os.Getenv("CERBO_SECRET")}
    basic := context.WithValue(context.Background(), cerbo.ContextBasicAuth, auth)
    page, _, err := cerbo.NewAPIClient(other).PatientsAPI.PatientsList(basic).Limit(2).Execute()
    check(err)
    fmt.Println(patient.Patients.GetFirstName(), len(page.Data))
}
"""
JAVA_PROGRAMS = {
    "drchrono": """
import drchrono.ApiClient;
import drchrono.api.PatientsApi;
import drchrono.model.Patients;

public class Call {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient().setBasePath(System.getenv("CHARTHOUSE_URL"));
        client.setAccessToken(System.getenv("ACCESS_TOKEN"));
        long id = Long.parseLong(System.getenv("PATIENT"));
        Object patient = new PatientsApi(client).patientsRead(id).execute().getActualInstance();
        System.out.println(((Patients) patient).getFirstName());
    }
}
""",
    "cerbo": """
import cerbo.ApiClient;
import cerbo.api.PatientsApi;

public class Call {
    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient().setBasePath(System.getenv("CHARTHOUSE_URL"));
        client.setUsername(System.getenv("CERBO_USERNAME"));
        client.setPassword(System.getenv("CERBO_SECRET"));
        System.out.println(new PatientsApi(client).patientsList().limit(2).execute().getData().size());
    }
}
""",
}
pytestmark = pytest.mark.skipif(
    os.environ.get("GENERATORS") != "1", reason="GENERATORS=1, in make test-deep: installs packages"
)


def run(folder: Path, *command: str, **environment: str) -> str:
    """Run a command, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
    return done.stdout + done.stderr


def generate(folder: Path, name: str, language: str, *options: str) -> Path:
    """Generate a client without a warning, and return its folder."""
    path = folder / f"{name}.json"
    path.write_bytes(DOCUMENTS[name].print_document_json())
    jar = folder / f"{GENERATOR.split(':')[1]}-{GENERATOR.split(':')[2]}.jar"
    if not jar.exists():
        run(folder, "mvn", "-B", "-q", "dependency:copy", f"-Dartifact={GENERATOR}", "-DoutputDirectory=.")
    target = folder / name
    command = ("java", "-jar", str(jar), "generate", "-i", str(path), "-g", language, "-o", str(target))
    printed = run(folder, *command, OPTIONS, *options)
    assert list(find_warnings(printed)) == []
    return target


def allow_null_objects(client: Path) -> None:
    """Correct a client in Java: the generator's code refuses null for an object that an answer always has, although the
    document allows it. docs/guides/clients.md has the same as a command."""
    for path in client.glob("src/main/java/*/model/*.java"):
        text = path.read_text()
        corrected = UNCHECKED.sub(r"if (!\2.isJsonNull()) \1", text)
        if corrected != text:
            path.write_text(corrected)


def find_warnings(printed: str) -> Iterator[str]:
    for line in printed.splitlines():
        if re.search(r"\b(WARN|ERROR)\b", line) and not any(known in line for known in KNOWN_WARNINGS):
            yield line


@pytest.fixture
def variables(sandbox: RunningSandbox) -> dict[str, Any]:
    """What the programs call with: a practice of three patients."""
    practice = sandbox.practices.create(patients=3)
    return {
        "CHARTHOUSE_URL": sandbox.base_url,
        "ACCESS_TOKEN": practice.token.access_token,
        "CERBO_USERNAME": practice.api_user.username,
        "CERBO_SECRET": practice.api_user.secret,
        "PATIENT": str(practice.patients[0].id),
        "FIRST_NAME": practice.patients[0].first_name,
    }


def test_go_clients(variables: dict[str, Any], tmp_path: Path) -> None:
    module = ("--git-host", "example.com", "--git-user-id", "charthouse")
    for name in DOCUMENTS:
        generate(tmp_path, name, "go", *module, "--git-repo-id", name, f"--package-name={name}")
    program = tmp_path / "call"
    program.mkdir()
    (program / "main.go").write_text(GO_PROGRAM)
    run(program, "go", "mod", "init", "example.com/charthouse/call")
    for name in DOCUMENTS:
        run(program, "go", "mod", "edit", f"-replace=example.com/charthouse/{name}=../{name}")
    run(program, "go", "mod", "tidy")
    run(program, "go", "build", "-o", "call", ".")
    assert run(program, "./call", **variables).split() == [variables["FIRST_NAME"], "2"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_java_clients(name: str, variables: dict[str, Any], tmp_path: Path) -> None:
    packages = f"invokerPackage={name},apiPackage={name}.api,modelPackage={name}.model"
    client = generate(
        tmp_path, name, "java", f"--additional-properties=useSingleRequestParameter=true,{packages}"
    )
    allow_null_objects(client)
    (client / "src" / "main" / "java" / "Call.java").write_text(JAVA_PROGRAMS[name])
    run(client, "mvn", "-B", "-q", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath")
    classes = f"target/classes:{(client / 'classpath').read_text()}"
    printed = run(client, "java", "-cp", classes, "Call", **variables)
    assert printed.split() == [variables["FIRST_NAME"] if name == "drchrono" else "2"]
