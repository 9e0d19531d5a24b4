"""Bytes sealed with a key, in segments: written and read in a stream, opened anywhere, no byte of them changeable.

The format is Tink's streaming AEAD, AES256-GCM-HKDF with segments of 64 KiB
(https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming), behind eight bytes that say which key:

    "CHF1", the key's number, big-endian                              4 + 4 bytes
    40, salt, nonce prefix                                            1 + 32 + 7
    segments: AES-GCM under HKDF-SHA256(key, salt, context), the nonce being prefix, number of the segment, is it last

The context names what was sealed, so that nothing can be put in the place of something else; a missing end or another
order of segments doesn't open.
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

SEGMENT = 64 * 1024  # bytes, sealed
MAGIC = struct.Struct(">4sI")
_SALT, _PREFIX, _TAG = 32, 7, 16
_HEADER = 1 + _SALT + _PREFIX
_FIRST = SEGMENT - _HEADER - _TAG  # bytes of content in the first segment
_REST = SEGMENT - _TAG  # ... and in each of the others


class Broken(Exception):
    """Sealed bytes that don't open: another key, another content, or damage."""


class Sealer:
    """Seals what ``update`` is given piece by piece; ``end`` gives the rest."""

    def __init__(self, key: bytes, number: int, context: bytes) -> None:
        salt, self._nonce = os.urandom(_SALT), os.urandom(_PREFIX)
        self._made = bytearray(MAGIC.pack(b"CHF1", number) + bytes([_HEADER]) + salt + self._nonce)
        self._cipher = _cipher(key, salt, context)
        self._pending, self._segment = bytearray(), 0

    def update(self, content: bytes) -> bytes:
        self._pending += content
        while len(self._pending) > (room := _REST if self._segment else _FIRST):
            self._seal(bytes(self._pending[:room]), last=False)
            del self._pending[:room]
        return self._taken()

    def end(self) -> bytes:
        self._seal(bytes(self._pending), last=True)
        return self._taken()

    def _seal(self, content: bytes, *, last: bool) -> None:
        self._made += self._cipher.encrypt(_nonce(self._nonce, self._segment, last), content, None)
        self._segment += 1

    def _taken(self) -> bytes:
        made, self._made = bytes(self._made), bytearray()
        return made


def sealing(content: Iterable[bytes], key: bytes, number: int, context: bytes) -> io.BufferedReader:
    """The sealed bytes of what ``content`` yields, as a file to be read once."""

    def pieces() -> Iterator[bytes]:
        sealer = Sealer(key, number, context)
        for piece in content:
            yield sealer.update(piece)
        yield sealer.end()

    return io.BufferedReader(_Pieces(pieces()), SEGMENT)


def opening(
    raw: IO[Any], size: int, key_of: Callable[[int], bytes | None], context: bytes
) -> io.BufferedReader:
    """The content behind sealed bytes, seekable: no more than a segment of it is ever held. ``size``: of the content,
    in bytes. Closing it closes ``raw``. Raises Broken, here or later, at the first segment that doesn't open."""
    return io.BufferedReader(_Opened(raw, size, key_of, context), SEGMENT)


def sealed_size(size: int) -> int:
    """How many bytes a content of so many becomes."""
    return MAGIC.size + _HEADER + size + _segments(size) * _TAG


class _Pieces(io.RawIOBase):
    """What an iterator yields, as a file."""

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


class _Opened(io.RawIOBase):
    def __init__(
        self, raw: IO[Any], size: int, key_of: Callable[[int], bytes | None], context: bytes
    ) -> None:
        self._raw, self._size, self._position = raw, size, 0
        self._segment, self._content = -1, memoryview(b"")
        head = _whole(raw, MAGIC.size + _HEADER)
        magic, number = MAGIC.unpack(head[: MAGIC.size])
        salt, self._nonce = head[MAGIC.size + 1 : -_PREFIX], head[-_PREFIX:]
        key = key_of(number)
        if magic != b"CHF1" or head[MAGIC.size] != _HEADER:
            raise Broken("not a sealed file")
        if key is None:
            raise Broken(f"sealed with key {number}, which is not there")
        self._cipher = _cipher(key, salt, context)
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
        segment = 0 if self._position < _FIRST else 1 + (self._position - _FIRST) // _REST
        if segment != self._segment:
            self._content, self._segment = memoryview(self._opened(segment)), segment
        start = self._position - (_FIRST + (segment - 1) * _REST if segment else 0)
        part = self._content[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _opened(self, segment: int) -> bytes:
        start = MAGIC.size + (segment * SEGMENT or _HEADER)
        last = segment == _segments(self._size) - 1
        end = sealed_size(self._size) if last else MAGIC.size + (segment + 1) * SEGMENT
        if start != self._at:
            self._raw.seek(start)
        self._at = end
        try:
            return self._cipher.decrypt(
                _nonce(self._nonce, segment, last), _whole(self._raw, end - start), None
            )
        except InvalidTag:
            raise Broken(f"segment {segment} does not open") from None

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def _whole(raw: IO[Any], count: int) -> bytes:
    found = raw.read(count)
    while len(found) < count and (more := raw.read(count - len(found))):
        found += more
    if len(found) < count:
        raise Broken("cut short")
    return bytes(found)


def _segments(size: int) -> int:
    return 1 if size <= _FIRST else 1 + -(-(size - _FIRST) // _REST)


def _cipher(key: bytes, salt: bytes, context: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, context).derive(key))


def _nonce(prefix: bytes, segment: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", segment, last)
