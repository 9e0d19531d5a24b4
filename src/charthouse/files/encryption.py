"""Authenticated encryption of files in segments: streaming writes and seekable reads.

The format is Tink's streaming AEAD, AES256-GCM-HKDF with segments of 64 KiB
(https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming), after eight bytes that identify the key:

    "CHF1", the key's number, big-endian                              4 + 4 bytes
    40, salt, nonce prefix                                            1 + 32 + 7
    segments: AES-GCM under HKDF-SHA256(key, salt, context), the nonce being prefix, number of the segment, is it last

The context (associated data) identifies the content, so that one file can't replace another. Truncated or reordered
segments fail to decrypt.
"""

import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEGMENT_SIZE = 64 * 1024  # bytes, encrypted
MAGIC = struct.Struct(">4sI")
_SALT, _PREFIX, _TAG = 32, 7, 16
_HEADER = 1 + _SALT + _PREFIX
_FIRST_CONTENT_SIZE = SEGMENT_SIZE - _HEADER - _TAG  # bytes of content in the first segment
_NEXT_CONTENT_SIZE = SEGMENT_SIZE - _TAG  # ... and in each of the others


class DecryptionError(Exception):
    """The content can't be decrypted: another key or context, or damage."""


class Encryptor:
    """Encrypts content given to ``update`` in chunks; ``finalize`` returns the last bytes."""

    def __init__(self, key: bytes, number: int, context: bytes) -> None:
        salt, self._nonce = os.urandom(_SALT), os.urandom(_PREFIX)
        self._output = bytearray(MAGIC.pack(b"CHF1", number) + bytes([_HEADER]) + salt + self._nonce)
        self._cipher = _derive_cipher(key, salt, context)
        self._pending, self._segment = bytearray(), 0

    def update(self, content: bytes) -> bytes:
        """Add content. Return the encrypted bytes that are complete."""
        self._pending += content
        while len(self._pending) > (room := _NEXT_CONTENT_SIZE if self._segment else _FIRST_CONTENT_SIZE):
            self._encrypt_segment(bytes(self._pending[:room]), last=False)
            del self._pending[:room]
        return self._take_output()

    def finalize(self) -> bytes:
        """End the content. Return the rest of the encrypted bytes."""
        self._encrypt_segment(bytes(self._pending), last=True)
        return self._take_output()

    def _encrypt_segment(self, content: bytes, *, last: bool) -> None:
        self._output += self._cipher.encrypt(_build_nonce(self._nonce, self._segment, last), content, None)
        self._segment += 1

    def _take_output(self) -> bytes:
        made, self._output = bytes(self._output), bytearray()
        return made


def encrypt(content: Iterable[bytes], key: bytes, number: int, context: bytes) -> io.BufferedReader:
    """Encrypt the chunks of ``content``. Return the encrypted bytes as a file to be read once."""

    def pieces() -> Iterator[bytes]:
        sealer = Encryptor(key, number, context)
        for piece in content:
            yield sealer.update(piece)
        yield sealer.finalize()

    return io.BufferedReader(_IteratorReader(pieces()), SEGMENT_SIZE)


def decrypt(
    raw: IO[Any], size: int, key_of: Callable[[int], bytes | None], context: bytes
) -> io.BufferedReader:
    """Decrypt a file. Return its content as a seekable file that holds one segment in memory. ``size``: of the
    content, in bytes; ``key_of``: key by number, None if unknown. Closing the result closes ``raw``. Raises
    DecryptionError, here or while reading."""
    return io.BufferedReader(_DecryptingReader(raw, size, key_of, context), SEGMENT_SIZE)


def encrypted_size(size: int) -> int:
    """Return the size in bytes of the encrypted file of a content of ``size`` bytes."""
    return MAGIC.size + _HEADER + size + _count_segments(size) * _TAG


class _IteratorReader(io.RawIOBase):
    """A readable file over an iterator of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


class _DecryptingReader(io.RawIOBase):
    def __init__(
        self, raw: IO[Any], size: int, key_of: Callable[[int], bytes | None], context: bytes
    ) -> None:
        self._raw, self._size, self._position = raw, size, 0
        self._segment, self._content = -1, memoryview(b"")
        head = _read_exactly(raw, MAGIC.size + _HEADER)
        magic, number = MAGIC.unpack(head[: MAGIC.size])
        salt, self._nonce = head[MAGIC.size + 1 : -_PREFIX], head[-_PREFIX:]
        key = key_of(number)
        if magic != b"CHF1" or head[MAGIC.size] != _HEADER:
            raise DecryptionError("not a sealed file")
        if key is None:
            raise DecryptionError(f"sealed with key {number}, which is not there")
        self._cipher = _derive_cipher(key, salt, context)
        self._at = len(head)  # in raw

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        segment = (
            0
            if self._position < _FIRST_CONTENT_SIZE
            else 1 + (self._position - _FIRST_CONTENT_SIZE) // _NEXT_CONTENT_SIZE
        )
        if segment != self._segment:
            self._content, self._segment = memoryview(self._decrypt_segment(segment)), segment
        start = self._position - (_FIRST_CONTENT_SIZE + (segment - 1) * _NEXT_CONTENT_SIZE if segment else 0)
        part = self._content[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _decrypt_segment(self, segment: int) -> bytes:
        start = MAGIC.size + (segment * SEGMENT_SIZE or _HEADER)
        last = segment == _count_segments(self._size) - 1
        end = encrypted_size(self._size) if last else MAGIC.size + (segment + 1) * SEGMENT_SIZE
        if start != self._at:
            self._raw.seek(start)
        self._at = end
        try:
            return self._cipher.decrypt(
                _build_nonce(self._nonce, segment, last), _read_exactly(self._raw, end - start), None
            )
        except InvalidTag:
            raise DecryptionError(f"segment {segment} does not open") from None

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def _read_exactly(raw: IO[Any], count: int) -> bytes:
    found = raw.read(count)
    while len(found) < count and (more := raw.read(count - len(found))):
        found += more
    if len(found) < count:
        raise DecryptionError("cut short")
    return bytes(found)


def _count_segments(size: int) -> int:
    return 1 if size <= _FIRST_CONTENT_SIZE else 1 + -(-(size - _FIRST_CONTENT_SIZE) // _NEXT_CONTENT_SIZE)


def _derive_cipher(key: bytes, salt: bytes, context: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, context).derive(key))


def _build_nonce(prefix: bytes, segment: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", segment, last)
