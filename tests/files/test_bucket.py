"""Files in an object store: a real S3 server on loopback (moto), over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction

from charthouse.engine.errors import Unavailable
from charthouse.files import storage as storage_module
from charthouse.files import tasks
from charthouse.files.models import StoredFile
from charthouse.files.storage import content_path, open_file, store_file
from charthouse.files.types import File
from charthouse.identity import tenancy
from charthouse.settings import _files
from tests.support import client, make_practice

if TYPE_CHECKING:
    from charthouse.files.bucket import BucketStorage

DOCUMENT = File(kinds=("document",))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("w+")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, log.seek(0) or log.read()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        log.close()


@pytest.fixture(scope="module")
def configured(server: str) -> "Iterator[BucketStorage]":
    """The storage that the settings configure from the environment."""
    environ = {
        "AWS_ENDPOINT_URL_S3": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        made = storages.create_storage(_files("s3://charts/one/instance"))
        yield made
        made.connection.meta.client.close()


@pytest.fixture
def bucket(configured: "BucketStorage", monkeypatch: pytest.MonkeyPatch) -> "BucketStorage":
    configured.connection.create_bucket(Bucket="charts")
    monkeypatch.setattr(storage_module, "get_storage", lambda: configured)
    monkeypatch.setattr(tasks, "get_storage", lambda: configured)
    return configured


def store(content: bytes, practice: int) -> StoredFile:
    with tenancy.within(practice), transaction.atomic():
        return store_file(ContentFile(content, "a.pdf"), "application/pdf", practice)


def test_file_is_stored_and_read_whole_and_in_part(bucket: "BucketStorage") -> None:
    large = b"%PDF-1.7\n" + os.urandom(20 * 1024 * 1024)  # more than two parts of an upload
    clinic = make_practice()
    file = store(large, clinic.id)
    stored = bucket.bucket.Object(f"one/instance/{content_path(clinic.id, file.address)}")
    assert stored.get()["Body"].read(4) == b"CHF1"
    with open_file(file) as content:
        assert content.read() == large
        content.seek(10_000_000)
        assert content.read(1000) == large[10_000_000:10_001_000]
    with tenancy.within(clinic.id):
        link = urlsplit(DOCUMENT.render(file.pk)).path
    assert client().get(link).content == large
    part = client().get(link, headers={"Range": "bytes=15000000-15000009"})
    assert (part.status_code, part.content) == (206, large[15_000_000:15_000_010])


def test_equal_content_is_written_once(bucket: "BucketStorage", monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = make_practice()
    first = store(b"%PDF-1.7 once", clinic.id)
    monkeypatch.setattr(type(bucket), "_save", None)
    assert store(b"%PDF-1.7 once", clinic.id).address == first.address


def test_missing_object_is_not_found(bucket: "BucketStorage") -> None:
    clinic = make_practice()
    file = store(b"%PDF-1.7 lost", clinic.id)
    bucket.delete(content_path(clinic.id, file.address))
    with pytest.raises(FileNotFoundError):
        open_file(file)


def test_sweep_deletes_from_the_bucket(bucket: "BucketStorage") -> None:
    clinic = make_practice()
    file = store(b"%PDF-1.7 swept", clinic.id)
    bucket.bucket.Object(f"one/instance/{clinic.id}/README").put(Body=b"somebody's")
    assert tasks.sweep(timedelta(days=1), [clinic.id]) == tasks.SweepResult()
    assert tasks.sweep(timedelta(seconds=-2), [clinic.id]) == tasks.SweepResult(rows=1, contents=1)
    left = [entry.key for entry in bucket.bucket.objects.filter(Prefix=f"one/instance/{clinic.id}/")]
    assert left == [f"one/instance/{clinic.id}/README"]
    assert not bucket.exists(content_path(clinic.id, file.address))


def test_unreachable_store_is_unavailable(bucket: "BucketStorage", monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = make_practice()
    file = store(b"%PDF-1.7 there", clinic.id)
    bucket.bucket.Object(f"one/instance/{content_path(clinic.id, file.address)}").delete()
    bucket.bucket.delete_objects(
        Delete={"Objects": [{"Key": entry.key} for entry in bucket.bucket.objects.all()]}
    )
    bucket.bucket.delete()
    with pytest.raises(Unavailable):
        store(b"%PDF-1.7 another", clinic.id)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        unreached = storages.create_storage(_files("s3://charts"))
        monkeypatch.setattr(storage_module, "get_storage", lambda: unreached)
        with pytest.raises(Unavailable):
            open_file(file)


def test_storage_setting_selects_the_directory() -> None:
    assert _files("/srv/files")["OPTIONS"] == {"location": "/srv/files"}
    assert _files("")["OPTIONS"] == {"location": settings.DATA / "files"}
