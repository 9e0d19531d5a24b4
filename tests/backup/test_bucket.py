"""Backups in an object store: a real S3 server on loopback (moto), over HTTP."""

from collections.abc import Iterator

import pytest

from charthouse.backup import destinations
from charthouse.backup.manifests import FULL, INCREMENTAL
from tests.backup.installations import Installation, list_notes, make_folder, run_installation, run_restored
from tests.files.test_bucket import server

__all__ = ["server"]  # a fixture


@pytest.fixture(scope="module")
def installation(server: str, database: None) -> Iterator[Installation]:
    environment = {
        "AWS_ENDPOINT_URL_S3": server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch, run_installation() as made:
        for name, value in environment.items():
            patch.setenv(name, value)
        pytest.importorskip("boto3").client("s3").create_bucket(Bucket="backups")
        made.place = "s3://backups/of/alder"
        yield made


def test_a_bucket_is_backed_up_to_and_restored_from(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    full = installation.back_up()
    installation.write_note("in the bucket")
    incremental = installation.back_up()
    assert (full.kind, incremental.kind) == (FULL, INCREMENTAL)
    names = [name for name, _ in destinations.connect("s3://backups/").list("")]
    assert names
    assert all(name.startswith("of/alder/") for name in names)
    installation.run("backup", "verify")
    assert "2 stored files opened" in capsys.readouterr().out
    data = make_folder() / "restored"
    installation.run("restore", "--into", data)
    with run_restored(data) as connection:
        assert list_notes(connection) == ["in the bucket"]
    assert len([path for path in (data / "files").rglob("*") if path.is_file()]) == 2


def test_errors_of_the_store_are_told_in_words(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(installation, "place", "s3://nowhere/x")
        installation.run("backup", ok=False)
        assert "the store answered NoSuchBucket" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        installation.run("backup", "list", ok=False)
        assert "EndpointConnectionError" in capsys.readouterr().err
