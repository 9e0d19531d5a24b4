"""Sealing what is backed up: anybody with the public key of the recipient can seal, only the holder of the identity
(the private key) can open.

A sealed object is, like a file of age (https://age-encryption.org) with an X25519 recipient, encrypted with a key of
its own, which is derived from an ephemeral key pair:

    "CHB1", public key of the ephemeral pair                          4 + 32 bytes
    a stream of ``files.encryption`` under HKDF-SHA256(X25519(ephemeral, recipient), ephemeral + recipient)

The name of the object is the associated data: one object can't take the place of another.
"""

import base64
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from charthouse.files.encryption import SEGMENT_SIZE, DecryptionError, Encryptor, decrypt, encrypted_size

MAGIC = b"CHB1"
HEADER_SIZE = len(MAGIC) + 32
COMPRESSION_LEVEL = 1
READ_SIZE = 256 * 1024
_GZIP = 31  # window bits of zlib
_RECIPIENT, _SECRET = "charthouse-backup-recipient-", "charthouse-backup-secret-"
_SCRYPT = {"n": 2**16, "r": 8, "p": 1}
_MAX_SCRYPT_N = 2**20


class Readable(Protocol):
    """What can be read once."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class SealError(Exception):
    """Something can't be opened: another identity, a wrong passphrase, or damage. The text is for operators."""


@dataclass(frozen=True)
class Recipient:
    """The public key that backups are sealed to."""

    key: bytes

    def __str__(self) -> str:
        return _RECIPIENT + base64.urlsafe_b64encode(self.key).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """Parse the text of a recipient. Raises SealError."""
        return cls(_decode(text, _RECIPIENT))


@dataclass(frozen=True)
class Identity:
    """The private key that opens backups. ``repr`` does not show it."""

    secret: bytes

    def __repr__(self) -> str:
        return f"Identity of {self.recipient}"

    @property
    def text(self) -> str:
        """The text to be stored in a safe place."""
        return _SECRET + base64.urlsafe_b64encode(self.secret).decode().rstrip("=")

    @property
    def recipient(self) -> Recipient:
        private = X25519PrivateKey.from_private_bytes(self.secret)
        return Recipient(private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "Identity":
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Parse the text of an identity, the last line that is no comment. Raises SealError."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        return cls(_decode(lines[-1] if lines else "", _SECRET))


def _decode(text: str, prefix: str) -> bytes:
    what = "recipient" if prefix == _RECIPIENT else "identity"
    body = text.strip().removeprefix(prefix)
    try:
        key = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        key = b""
    if not text.strip().startswith(prefix) or len(key) != 32:
        raise SealError(f"This is no {what} of backups; it begins with {prefix}")
    return key


def lock_identity(identity: Identity, passphrase: str) -> dict[str, Any]:
    """Seal an identity with a passphrase, by scrypt and AES-GCM. Return plain values for JSON."""
    salt = os.urandom(16)
    cipher = AESGCM(_derive_from_passphrase(passphrase, salt, _SCRYPT))
    sealed = cipher.encrypt(bytes(12), identity.secret, identity.recipient.key)  # the key is used once
    return {"kdf": "scrypt", **_SCRYPT, "salt": salt.hex(), "sealed": sealed.hex()}


def unlock_identity(locked: Mapping[str, Any], recipient: Recipient, passphrase: str) -> Identity:
    """Open an identity with its passphrase. Raises SealError."""
    try:
        cost = {name: int(locked[name]) for name in _SCRYPT}
        salt, sealed = bytes.fromhex(locked["salt"]), bytes.fromhex(locked["sealed"])
        if locked["kdf"] != "scrypt" or not 1 < cost["n"] <= _MAX_SCRYPT_N or max(cost["r"], cost["p"]) > 32:
            raise ValueError
        key = _derive_from_passphrase(passphrase, salt, cost)
        identity = Identity(AESGCM(key).decrypt(bytes(12), sealed, recipient.key))
    except InvalidTag:
        raise SealError("The passphrase is wrong.") from None
    except (KeyError, TypeError, ValueError):
        raise SealError("The sealed identity of the backups is damaged.") from None
    if identity.recipient != recipient:
        raise SealError("The sealed identity is not that of the recipient.")
    return identity


def _derive_from_passphrase(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, dklen=32, maxmem=2**28 + 128 * cost["n"] * 8, **cost
    )


# -- objects ----------------------------------------------------------------------------------------------------


def compress(content: Iterable[bytes]) -> Iterator[bytes]:
    """Compress chunks to a gzip stream."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, wbits=_GZIP)
    for chunk in content:
        if made := compressor.compress(chunk):
            yield made
    yield compressor.flush()


def decompress(raw: Readable) -> Iterator[bytes]:
    """Decompress a gzip stream piece by piece. Raises SealError for damage."""
    decompressor = zlib.decompressobj(wbits=_GZIP)
    try:
        while chunk := raw.read(READ_SIZE):
            while chunk:
                if made := decompressor.decompress(chunk, 4 * READ_SIZE):
                    yield made
                chunk = decompressor.unconsumed_tail
        if made := decompressor.flush():
            yield made
    except zlib.error:
        raise SealError("An object can't be decompressed.") from None
    if not decompressor.eof:
        raise SealError("An object is cut short.")


def seal(content: Iterable[bytes], recipient: Recipient, name: str) -> Iterator[bytes]:
    """Seal the chunks of the object of this name."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient.key))
    encryptor = Encryptor(_derive_key(shared, public, recipient), 0, name.encode())
    yield MAGIC + public
    for chunk in content:
        if made := encryptor.update(chunk):
            yield made
    yield encryptor.finalize()


def unseal(raw: Readable, size: int, identity: Identity, name: str) -> Iterator[bytes]:
    """Open a sealed object of ``size`` bytes, read from its beginning to its end. Raises SealError."""
    head = raw.read(HEADER_SIZE)
    if len(head) != HEADER_SIZE or head[: len(MAGIC)] != MAGIC:
        raise SealError(f"{name} is not a sealed object.")
    public = head[len(MAGIC) :]
    try:
        shared = X25519PrivateKey.from_private_bytes(identity.secret).exchange(
            X25519PublicKey.from_public_bytes(public)
        )
        key = _derive_key(shared, public, identity.recipient)
        opened = decrypt(cast(IO[Any], raw), _content_size(size - HEADER_SIZE), lambda _: key, name.encode())
        while chunk := opened.read(READ_SIZE):
            yield chunk
    except (DecryptionError, ValueError):
        raise SealError(f"{name} can't be opened: it is damaged, or sealed to another recipient.") from None


def _derive_key(shared: bytes, ephemeral: bytes, recipient: Recipient) -> bytes:
    return HKDF(SHA256(), 32, ephemeral + recipient.key, b"charthouse backup").derive(shared)


def _content_size(size: int) -> int:
    """Return the size of the content of an encrypted stream of ``size`` bytes."""
    empty = encrypted_size(0)  # header and the tag of the only segment
    segments = max(1, -(-(size - 8) // SEGMENT_SIZE))
    content = size - empty - 16 * (segments - 1)
    if content < 0:
        raise ValueError("cut short")
    return content


def collect(pieces: Iterable[bytes]) -> bytes:
    """Return small content whole."""
    return b"".join(pieces)
