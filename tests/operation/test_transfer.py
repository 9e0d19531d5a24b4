"""``charthouse export`` and ``import``: what is refused, what a killed process leaves, that no table is forgotten."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections

from charthouse import clock
from charthouse.changes import fanout
from charthouse.changes.models import Delivery, Webhook
from charthouse.commands import transfer
from charthouse.datadir import CommandError
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.models import Patient
from charthouse.files.storage import content_path, get_storage, store_file
from charthouse.files.tasks import sweep
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.identity.sealed_secrets import seal
from charthouse.operation.transfer import describing, documents, layout
from charthouse.operation.transfer.exporting import export_practice
from charthouse.operation.transfer.importing import import_practice
from charthouse.operation.transfer.layout import TransferError
from charthouse.operation.transfer.left_out import LEFT_OUT_COLUMNS
from charthouse.operation.transfer.references import LOOSE, PLAIN
from charthouse.operation.transfer.tables import list_left_out_tables, list_tables
from charthouse.operation.transfer.unique_names import UNIQUE_NAMES
from tests.cases import each_case
from tests.conftest import PGDATA
from tests.operation import exports
from tests.operation.exports import read_rows, write_rows
from tests.sandbox.databases import use_new_database
from tests.support import Clinic, issue_token, make_app, make_practice

NAME = "../../etc/laß mich\n.pdf"


def make_small_practice() -> Clinic:
    """A practice with a patient and a file."""
    clinic = make_practice("Leaving")
    with tenancy.within(clinic.id):
        patient = Patient.objects.create(
            practice_id=clinic.id, doctor=clinic.doctor, first_name="Ada", last_name="L"
        )
        file = store_file(ContentFile(b"%PDF-1.7 of Ada", "ada.pdf"), "application/pdf", clinic.id)
        type(file).objects.filter(pk=file.pk).update(name=NAME)
        Document.objects.create(
            practice_id=clinic.id,
            patient=patient,
            doctor=clinic.doctor,
            document=file,
            date=clock.now().date(),
        )
    return clinic


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    return make_small_practice()


@pytest.fixture(scope="module")
def original(clinic: Clinic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exports") / "practice"
    export_practice(clinic.id, target)
    return target


@pytest.fixture
def forged(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "forged"))


def count_practices() -> int:
    return Practice.objects.using("owner").count()


def refuse(root: Path) -> str:
    """Import something that must be refused with nothing imported, and return why."""
    before = count_practices()
    with pytest.raises(TransferError) as refused:
        import_practice(root)
    assert count_practices() == before
    return str(refused.value)


# -- exporting ----------------------------------------------------------------------------------------------------


def test_an_export_says_what_it_holds_and_what_not(original: Path, clinic: Clinic) -> None:
    manifest = json.loads((original / "manifest.json").read_text())
    assert (manifest["practice"], manifest["name"], manifest["files"], manifest["documents"]) == (
        clinic.id, "Leaving", 1, 1,
    )  # fmt: skip
    assert "Users sign in again." in manifest["left_out"]["tables"]["django_session"]
    assert all(why for left in manifest["left_out"].values() for why in left.values())
    (path,) = (original / "files").iterdir()
    assert path.name.endswith("_etc_laß mich_.pdf")
    assert path.read_bytes() == b"%PDF-1.7 of Ada"
    assert b"<ClinicalDocument" in next((original / "ccda").iterdir()).read_bytes()
    assert {os.stat(each).st_mode & 0o077 for each in original.rglob("*")} == {0}
    assert (original / "FORMAT.md").read_text() == describing.render()


def test_an_export_has_nothing_of_another_practice(original: Path, clinic: Clinic) -> None:
    other = make_small_practice()
    for table in list_tables():
        if table.practice_column:
            rows = read_rows(original, table.name)
            assert {row[table.practice_column] for row in rows} <= {clinic.id}, table.name
    text = b"".join(path.read_bytes() for path in original.glob("tables/*.ndjson"))
    assert other.user.username.encode() not in text
    assert clinic.user.username.encode() in text


def test_many_documents_are_written_by_several_processes(
    original: Path, clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the snapshot of the export, and the same bytes as by one."""
    monkeypatch.setattr(documents, "FEW", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    export_practice(clinic.id, tmp_path / "again")
    first, second = (read_documents(root) for root in (original, tmp_path / "again"))
    assert first
    assert second == first
    listed = (tmp_path / "again" / "SHA256SUMS").read_text()
    assert all(f"{sha256(content).hexdigest()}  ccda/{name}\n" in listed for name, content in second.items())


def read_documents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "ccda").iterdir()}


def test_an_existing_directory_is_left_alone(original: Path, clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(TransferError, match="exists"):
        export_practice(clinic.id, tmp_path / "there")
    with pytest.raises(TransferError, match="no practice 999999"):
        export_practice(999999, tmp_path / "nothing")
    with pytest.raises(CommandError, match="No such file or directory"):
        transfer.export_practice(clinic.id, tmp_path / "no" / "folder")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["there"]


def test_two_exports_to_one_place_do_not_mix(clinic: Clinic, tmp_path: Path) -> None:
    partial = tmp_path / "target.partial"
    partial.mkdir()
    descriptor = os.open(partial, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(TransferError, match="written by another export"):
        export_practice(clinic.id, tmp_path / "target")
    os.close(descriptor)
    export_practice(clinic.id, tmp_path / "target")
    assert not partial.exists()


def test_a_file_that_is_missing_is_said_and_the_rest_exported(tmp_path: Path) -> None:
    clinic = make_small_practice()
    with tenancy.within(clinic.id):
        file = Document.objects.get().document
    assert file is not None
    get_storage().delete(content_path(clinic.id, file.address))
    done = export_practice(clinic.id, tmp_path / "out")
    assert (done.files, done.missing_files) == (0, [file.pk])
    assert import_practice(tmp_path / "out").rows["files_storedfile"] == 1


def test_an_export_is_in_the_audit_log(clinic: Clinic, original: Path) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select details ->> 'sha256' from audit_event where practice_id = %s and what = 'exported'",
            [clinic.id],
        )
        digests = {digest for (digest,) in cursor.fetchall()}
    assert exports.sha256((original / "SHA256SUMS").read_bytes()).hexdigest() in digests


# -- tampered -----------------------------------------------------------------------------------------------------


def change(path: str, work: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        (found,) = root.glob(path)
        found.write_bytes(work(found.read_bytes()))

    return run


def swap_table(root: Path) -> None:
    path = root / "tables" / "identity_user.ndjson"
    path.write_bytes((root / "tables" / "practice_doctor.ndjson").read_bytes())


OTHER = 999_999
PATIENTS = "tables/patients_patient.ndjson"
TAMPERED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a value": (change(PATIENTS, lambda text: text.replace(b"Ada", b"Eve")), f"{PATIENTS}, lines 1 to 1: dif"),
    "a row more": (change(PATIENTS, lambda text: text + text.replace(b":", b": ", 1)), f"{PATIENTS}, line 2"),
    "a row less": (change(PATIENTS, lambda text: b""), f"{PATIENTS}: ends after line 0"),
    "cut short": (change(PATIENTS, lambda text: text[:-9]), f"{PATIENTS}, line 1: cut short"),
    "another table": (swap_table, "tables/identity_user.ndjson, line 1: "),
    "sums of lines": (change(f"{PATIENTS}.sums", lambda text: text.upper()), f"{PATIENTS}.sums: differs"),
    "the manifest": (change("manifest.json", lambda text: text + b" "), "manifest.json: differs"),
    "a file": (change("files/*", lambda text: b"%PDF-1.7 of Eve"), "files/"),
    "a document": (change("ccda/*", lambda text: text + b"\n"), "ccda/"),
    "the index": (change("files.ndjson", lambda text: text.replace(b"size", b"sizE")), "files.ndjson, line 1"),
    "SHA256SUMS": (change("SHA256SUMS", lambda text: b"x" + text), "SHA256SUMS, line 1"),
    "a sum less": (
        change("SHA256SUMS", lambda text: b"".join(
            line for line in text.splitlines(True) if b"patients_patient.ndjson\n" not in line)),
        f"{PATIENTS}: not listed",
    ),
    "no sums": (lambda root: (root / "SHA256SUMS").unlink(), "SHA256SUMS: No such file"),
    "no table": (lambda root: (root / PATIENTS).unlink(), f"{PATIENTS}: No such file"),
    "no file": (lambda root: shutil.rmtree(root / "files"), "files/"),
}  # fmt: skip


@each_case("name", TAMPERED)
def test_what_was_tampered_with_is_refused_with_file_and_line(
    name: str, original: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(original, tmp_path / name))
    work, reason = TAMPERED[name]
    work(root)
    assert refuse(root).startswith(reason)


# -- forged: the checksums are right ------------------------------------------------------------------------------


def edit(table: str, values: dict[str, Any]) -> Callable[[Path], None]:
    """Change values of the first row of a table."""

    def run(root: Path) -> None:
        rows = read_rows(root, table)
        rows[0] |= values
        write_rows(root, table, rows)

    return run


def edit_line(table: str, old: str, new: str) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        path = root / "tables" / f"{table}.ndjson"
        path.write_text(path.read_text().replace(old, new, 1))
        exports.sign(root)

    return run


def edit_manifest(work: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        manifest = json.loads((root / "manifest.json").read_text())
        work(manifest)
        (root / "manifest.json").write_text(json.dumps(manifest))
        exports.sign(root)

    return run


def edit_index(**values: Any) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        entry = json.loads((root / "files.ndjson").read_text())
        (root / "files.ndjson").write_text(json.dumps(entry | values) + "\n")
        exports.sign(root)

    return run


def double(root: Path) -> None:
    rows = read_rows(root, "patients_patient")
    write_rows(root, "patients_patient", rows * 2)


def link_table(root: Path) -> None:
    (root / PATIENTS).rename(root / "elsewhere")
    (root / PATIENTS).symlink_to(root / "elsewhere")


def link_folder(root: Path) -> None:
    (root / "tables").rename(root.with_name("outside"))
    (root / "tables").symlink_to(root.with_name("outside"))


def add_sum(path: str) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        with (root / "SHA256SUMS").open("a") as file:
            file.write(f"{'0' * 64}  {path}\n")

    return run


def drop_table(manifest: dict[str, Any]) -> None:
    manifest["tables"] = [entry for entry in manifest["tables"] if entry["name"] != "patients_patient"]


BY_DATABASE = ", line 1: the database refuses it: "
CHECK = "CheckViolation (patients_patient: patient_deceased_if_dated)"
NO_DOCTOR = "doctor_id: there is no row 999999 of practice_doctor in this export"


def add_table(manifest: dict[str, Any]) -> None:
    manifest["tables"].append({"name": "evil", "columns": [], "rows": 0})


def add_column(manifest: dict[str, Any]) -> None:
    manifest["tables"][3]["columns"].append("evil")


def nest(root: Path) -> None:
    edit_line("patients_patient", "[]", "[" * 100_000 + "]" * 100_000)(root)


FORGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a row of another practice": (edit("patients_patient", {"practice_id": OTHER}), f"{PATIENTS}, line 1: not a row"),
    "an unknown column": (edit("patients_patient", {"evil": 1}), f"{PATIENTS}, line 1: Object contains unknown"),
    "a left-out column": (edit("identity_user", {"is_staff": True}), "tables/identity_user.ndjson, line 1: "),
    "a row twice": (double, f"{PATIENTS}, line 2: id"),
    "an id of 0": (edit("patients_patient", {"id": 0}), f"{PATIENTS}, line 1: id 0"),
    "an id too large": (edit("patients_patient", {"id": 2**63}), f"{PATIENTS}, line 1: Expected `int` <="),
    "another practice's doctor": (edit("patients_patient", {"doctor_id": OTHER}), f"{PATIENTS}, line 1: {NO_DOCTOR}"),
    "a type": (edit("patients_patient", {"archived": "no"}), f"{PATIENTS}, line 1: Expected `bool`"),
    "null": (edit("patients_patient", {"first_name": None}), f"{PATIENTS}, line 1: Expected `str`"),
    "a date": (edit("patients_patient", {"date_of_birth": "31 Brumaire"}), PATIENTS + BY_DATABASE),
    "a size": (edit("files_storedfile", {"size": -1}), "files.ndjson, line 1: the size"),
    "a constraint": (edit("patients_patient", {"date_of_death": "2020-01-01"}), PATIENTS + BY_DATABASE + CHECK),
    "a time zone": (edit("practice_doctor", {"timezone": "Mars"}), f"tables/practice_doctor.ndjson{BY_DATABASE}"),
    "a NUL": (edit("patients_patient", {"first_name": "A\0da"}), "tables: the database refuses it: "),
    "a surrogate": (edit_line("patients_patient", "Ada", "\\ud800"), f"{PATIENTS}, line 1: "),
    "no JSON": (edit_line("patients_patient", "{", "["), f"{PATIENTS}, line 1: "),
    "deep JSON": (nest, f"{PATIENTS}, line 1: "),
    "an unknown table": (edit_manifest(add_table), "manifest.json: there is no table evil"),
    "a table less": (edit_manifest(drop_table), "manifest.json: the table patients_patient is missing"),
    "other columns": (edit_manifest(add_column), "manifest.json: the table "),
    "another practice": (edit_manifest(lambda found: found.update(practice=OTHER)), "tables/identity_practice"),
    "another format": (edit_manifest(lambda found: found.update(format=2)), "manifest.json: format 2"),
    "other numbers": (edit_manifest(lambda found: found["tables"][0].update(rows=7)), "tables/identity_practice"),
    "a missing file": (edit_index(id=OTHER), "files.ndjson: file "),
    "a path up": (edit_index(path="files/../../secret"), "files.ndjson, line 1: the path"),
    "an absolute path": (edit_index(path="/etc/passwd"), "files.ndjson, line 1: the path"),
    "a path of a table": (edit_index(path=PATIENTS), "files.ndjson, line 1: the path"),
    "a sum of a path up": (add_sum("../../etc/passwd"), "SHA256SUMS, line "),
    "a sum of an absolute path": (add_sum("/etc/passwd"), "SHA256SUMS, line "),
    "a sum of a hidden file": (add_sum("files/.."), "SHA256SUMS, line "),
    "a link": (link_table, f"{PATIENTS}: Too many levels of symbolic links"),
    "a link to a folder": (link_folder, "tables/identity_practice.ndjson.sums: not a plain file"),
}  # fmt: skip


@each_case("name", FORGED)
def test_what_was_forged_is_refused_with_file_and_line(name: str, original: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(original, tmp_path / name.replace(" ", "_") / "export"))
    work, reason = FORGED[name]
    work(root)
    assert refuse(root).startswith(reason)


def test_a_huge_line_is_refused_before_it_is_read(forged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_LINE", 100_000)
    edit("patients_patient", {"first_name": "A" * 200_000})(forged)
    assert refuse(forged) == f"{PATIENTS}, line 1: longer than 100000 bytes."


def test_a_refusal_shows_no_value_of_a_row(forged: Path) -> None:
    edit("patients_patient", {"date_of_birth": "Zanzibar"})(forged)
    assert "Zanzibar" not in refuse(forged)


def test_files_of_a_refused_import_are_deleted(forged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list_contents()
    edit("patients_patient", {"date_of_birth": "never"})(forged)
    refuse(forged)
    assert list_contents() == before


def list_contents() -> set[Path]:
    return {path for path in Path(get_storage().path("")).rglob("*") if path.is_file()}  # type: ignore[attr-defined]


# -- importing ----------------------------------------------------------------------------------------------------


def test_names_that_are_taken_get_a_number_and_are_reported(
    clinic: Clinic, original: Path, tmp_path: Path
) -> None:
    text = transfer.import_practice(original, tmp_path / "reports" / "report.json")
    assert f"{clinic.user.username} was taken: it is {clinic.user.username}-2." in text
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    (renamed,) = report["renamed"]
    assert renamed[3:] == [clinic.user.username, f"{clinic.user.username}-2"]
    assert report["ranges"]["identity_practice"] == [[clinic.id, clinic.id, report["practice"]]]
    assert import_practice(original).renamed[0].new == f"{clinic.user.username}-3"


def test_the_import_is_in_the_audit_log(original: Path, clinic: Clinic) -> None:
    practice = import_practice(original).practice
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select what, details from audit_event where practice_id = %s order by id desc", [practice]
        )
        what, details = cursor.fetchone()
    assert what == "imported"
    assert json.loads(details)["from"] == clinic.id


def test_imported_history_is_told_to_nobody(original: Path) -> None:
    """Neither to an app with a webhook, for which somebody of the practice lets it read afterwards."""
    app = make_app()
    webhook = Webhook.objects.create(
        application=app.row, callback_url="https://app.example/hook", sealed_secret=seal("s"),
        events=["PATIENT_CREATE", "PATIENT_MODIFY"], verified_at=clock.now(),
    )  # fmt: skip
    fanout.start_reading()
    practice = Practice.objects.get(pk=import_practice(original).practice)
    assert practice.reminders_held_since is not None  # until charthouse resume: tests/domains/scheduling
    user = practice.users.get(is_primary=True)
    issue_token(user, app)
    with tenancy.within(practice.pk):
        doctor = user.doctor_id
        Patient.objects.create(practice=practice, doctor_id=doctor, first_name="New", last_name="Patient")
    while fanout.create_deliveries():
        pass
    told = Delivery.objects.using("owner").filter(webhook=webhook, practice_id=practice.pk)
    assert [(each.event, json.loads(bytes(each.body))["object"]["first_name"]) for each in told] == [
        ("PATIENT_CREATE", "New")
    ]


# -- kill -9 ------------------------------------------------------------------------------------------------------

KILL = """
import os, signal, sys
from hashlib import sha256
from pathlib import Path
from charthouse.commands import transfer
from charthouse.operation.transfer.{module} import {function}
def progress(what, done, of):
    if what == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
{function}({first}, {second}progress=progress)
"""


def run_until_killed(code: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_killed_export_leaves_what_was_there(clinic: Clinic, original: Path, tmp_path: Path) -> None:
    code = KILL.format(
        module="exporting", function="export_practice", first="int(sys.argv[1])", second="Path(sys.argv[2]), "
    )
    run_until_killed(code, str(clinic.id), str(tmp_path / "target"), "files")
    assert [each.name for each in tmp_path.iterdir()] == ["target.partial"]
    export_practice(clinic.id, tmp_path / "target")
    assert [each.name for each in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target" / "SHA256SUMS").stat().st_size == (original / "SHA256SUMS").stat().st_size


def test_a_killed_import_leaves_nothing_but_contents_that_the_sweep_deletes(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = KILL.format(module="importing", function="import_practice", first="Path(sys.argv[1])", second="")
    with use_new_database("imports", tmp_path) as name:  # all practices are swept
        monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:@/{name}?host={PGDATA}")
        monkeypatch.setenv("CHARTHOUSE_DATA", str(tmp_path))
        practices = count_practices()
        run_until_killed(code, str(original), "", "patients_patient")
        assert count_practices() == practices
        (left,) = list_contents()
        os.utime(left, (0, 0))
        sweep(practices=None)
        assert list_contents() == set()


# -- nothing is forgotten -----------------------------------------------------------------------------------------


def test_every_table_of_the_database_is_exported_or_left_out_with_a_reason() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select relname, array_agg(attname::text) from pg_class join pg_attribute on attrelid = pg_class.oid "
            "where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition "
            "and attnum > 0 and not attisdropped and attgenerated = '' group by 1"
        )
        found = {table: set(columns) for table, columns in cursor.fetchall()}
    exported = {table.name: {column.name for column in table.columns} for table in list_tables()}
    assert exported.keys() | list_left_out_tables().keys() == found.keys()
    assert not exported.keys() & list_left_out_tables().keys()
    for table, columns in exported.items():
        left = {column for name, column in LEFT_OUT_COLUMNS if name == table}
        assert columns | left == found[table] - ({"txid"} if table == "changes_change" else set()), table


def test_every_foreign_key_is_mapped() -> None:
    columns = {(table.name, column.name): column for table in list_tables() for column in table.columns}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select conrelid::regclass::text, attname, confrelid::regclass::text from pg_constraint "
            "join lateral unnest(conkey) k(n) on true join pg_attribute on attrelid = conrelid and attnum = n "
            "where contype = 'f' and connamespace = current_schema()::regnamespace"
        )
        keys = [row for row in cursor.fetchall() if row[0] not in list_left_out_tables()]
    assert len(keys) > 300
    for table, name, target in keys:
        column = columns[table, name]
        refers = column.table or (column.loose and column.loose.table)
        assert refers == ("identity_practice" if name == "practice_id" else target), f"{table}.{name}"


def test_every_column_that_may_hold_ids_is_mapped_or_says_what_its_numbers_are() -> None:
    names = {(table.name, column.name) for table in list_tables() for column in table.columns}
    assert names >= LOOSE.keys() | PLAIN.keys()
    assert not LOOSE.keys() & PLAIN.keys()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
            "and data_type in ('bigint', 'jsonb', 'ARRAY') and is_generated = 'NEVER'"
        )
        suspects = {row for row in cursor.fetchall() if row in names}
    declared = {
        (table.name, column.name) for table in list_tables() for column in table.columns if column.table
    }
    ids = {(table.name, "id") for table in list_tables()}
    assert sorted(suspects - declared - ids - LOOSE.keys() - PLAIN.keys()) == []


def test_every_unique_name_of_the_installation_is_looked_at() -> None:
    exported = {table.name for table in list_tables()}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select c.relname, array(select attname::text from pg_attribute where attrelid = i.indexrelid) "
            "from pg_index i join pg_class c on c.oid = indrelid where indisunique "
            "and c.relnamespace = current_schema()::regnamespace"
        )
        unique = [(table, columns) for table, columns in cursor.fetchall() if table in exported]
    shared = {
        (table, *columns) for table, columns in unique if "practice_id" not in columns and columns != ["id"]
    }
    assert shared == set(UNIQUE_NAMES)


def test_the_documentation_says_what_the_models_say() -> None:
    printed = exports.DOCUMENTATION.read_text().partition(exports.BEGIN)[2].partition(exports.END)[0]
    assert printed == describing.render().rstrip("\n"), "run: make docs"
