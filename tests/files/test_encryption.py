"""Encryption of files: compatible with Tink, seekable, and authenticated."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.files.encryption import MAGIC, SEGMENT_SIZE, DecryptionError, decrypt, encrypt, encrypted_size

KEY = bytes(range(32))
EDGES = (
    0,
    1,
    100,
    65479,
    65480,
    65481,
    131000,
    131001,
    300_000,
)  # 65480 fill the first segment, 65520 a later one


def make_content(size: int) -> bytes:
    return bytes(at * 7 % 251 for at in range(size))


def seal(plain: bytes, context: bytes = b"context", number: int = 5) -> bytes:
    pieces = [plain[:1], plain[1:70_000], plain[70_000:]]
    return encrypt(pieces, KEY, number, context).read()


def open_sealed(made: bytes, size: int, context: bytes = b"context", key: bytes = KEY) -> io.BufferedReader:
    return decrypt(io.BytesIO(made), size, {5: key}.get, context)


@pytest.mark.parametrize("size", EDGES)
def test_round_trip(size: int) -> None:
    made = seal(make_content(size))
    assert len(made) == encrypted_size(size)
    assert open_sealed(made, size).read() == make_content(size)


@pytest.mark.parametrize("size", [1, 65_481])
def test_decrypts_output_of_tink(size: int) -> None:
    """Test vectors from the Python package tink 1.16.1: same key, associated data ``context``, segments of 64 KiB."""
    made = (Path(__file__).parent / "data" / f"tink-{size}.bin").read_bytes()
    assert open_sealed(MAGIC.pack(b"CHF1", 5) + made, size).read() == make_content(size)


SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LARGE = make_content(200_000)
LARGE_SEALED = seal(LARGE)


@SETTINGS
@given(st.integers(0, 200_100), st.integers(0, 140_000))
def test_any_range_can_be_read(start: int, length: int) -> None:
    file = open_sealed(LARGE_SEALED, len(LARGE))
    file.seek(start)
    assert file.read(length) == LARGE[start : start + length]
    assert file.tell() == max(start, min(start + length, len(LARGE)))


@SETTINGS
@given(st.integers(0, len(LARGE_SEALED) - 1), st.integers(1, 255))
def test_changed_byte_is_detected(at: int, change: int) -> None:
    made = bytearray(LARGE_SEALED)
    made[at] ^= change
    with pytest.raises(DecryptionError):
        open_sealed(bytes(made), len(LARGE)).read()


@pytest.mark.parametrize("size", [65_480, 100_000, 200_000])
def test_truncation_is_detected(size: int) -> None:
    made = seal(make_content(size))
    for cut in (1, 16, 17, len(made) - SEGMENT_SIZE - 8, len(made) - 8, len(made) - 3, len(made)):
        if 0 < cut <= len(made):
            with pytest.raises(DecryptionError):
                open_sealed(made[:-cut], size).read()
    whole = 8 + SEGMENT_SIZE * (len(made) // SEGMENT_SIZE - 1)
    for shorter in (size - 1, 65_480 if size > 65_480 else 10):  # nor one that a wrong size announces
        with pytest.raises(DecryptionError):
            open_sealed(made[:whole] if shorter == 65_480 else made, shorter).read()


def test_reordered_segments_are_detected() -> None:
    first, second, third = (8 + SEGMENT_SIZE * at for at in (1, 2, 3))
    made = LARGE_SEALED
    swapped = made[:first] + made[second:third] + made[first:second] + made[third:]
    with pytest.raises(DecryptionError):
        open_sealed(swapped, len(LARGE)).read()


def test_wrong_key_or_context_is_detected() -> None:
    for wrong in ({"key": bytes(32)}, {"context": b"other"}):
        with pytest.raises(DecryptionError):
            open_sealed(seal(b"secret"), 6, **wrong).read()
    with pytest.raises(DecryptionError, match="key 6"):
        open_sealed(seal(b"secret", number=6), 6)


def test_equal_content_encrypts_differently_each_time() -> None:
    assert seal(b"secret" * 100)[8:] != seal(b"secret" * 100)[8:]
    plain = os.urandom(1000)
    assert plain[:16] not in seal(plain)


def test_short_reads_are_continued() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1000))

    file = decrypt(Slow(LARGE_SEALED), len(LARGE), {5: KEY}.get, b"context")
    assert file.read() == LARGE
    file.seek(150_000, os.SEEK_SET)
    assert file.read(10) == LARGE[150_000:150_010]
