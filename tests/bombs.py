"""Files that are not what they seem: small ones that say they unpack to gigabytes, ones that are two things at once."""

import struct
import zlib

MB = 1024 * 1024


def deflate(megabytes: int, byte: bytes = b" ") -> bytes:
    """So many MB of one byte, compressed: about a thousandth. After a full flush, blocks repeat as they are."""
    block = byte * MB
    made = zlib.compressobj(9)
    first = made.compress(block) + made.flush(zlib.Z_FULL_FLUSH)
    later = made.compress(block) + made.flush(zlib.Z_FULL_FLUSH)
    check = _compute_adler32_of_repeated(block, megabytes)
    return first + later * (megabytes - 1) + b"\x03\x00" + struct.pack(">I", check)


def _compute_adler32_of_repeated(block: bytes, times: int) -> int:
    """The checksum of the block so many times over, without reading it again: RFC 1950, section 8.2."""
    base, of_block = 65_521, zlib.adler32(block)
    low, high = 1, 0
    for _ in range(times):
        high = (high + (of_block >> 16) + len(block) * (low - 1)) % base
        low = (low + (of_block & 0xFFFF) - 1) % base
    return high << 16 | low


def _write_stream(head: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head, len(data), data)


def make_pdf(megabytes: int) -> bytes:
    """A PDF whose objects lie in a compressed stream of so many MB."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 5 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        4: _write_stream(b"", b"q Q"),
        6: _write_stream(b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", deflate(megabytes)),
    }
    made, at = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        at[number] = len(made)
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at[7] = len(made)
    rows = [(0, 0, 65535), *((1, at[n], 0) for n in (1, 2, 3, 4)), (2, 6, 0), (1, at[6], 0), (1, at[7], 0)]
    table = b"".join(
        bytes([kind]) + where.to_bytes(4, "big") + more.to_bytes(2, "big") for kind, where, more in rows
    )
    made += b"7 0 obj\n" + _write_stream(b"/Type/XRef/Size 8/W[1 4 2]/Root 1 0 R", table) + b"\nendobj\n"
    return made + b"startxref\n%d\n%%%%EOF" % at[7]


def _write_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def make_png(width: int, height: int, *, data: bytes = b"", text: bytes = b"") -> bytes:
    """A picture of that size; ``data``: what its pixels are compressed to; ``text``: a compressed comment."""
    head = _write_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    comment = _write_chunk(b"zTXt", b"Comment\0\0" + text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + head + comment + _write_chunk(b"IDAT", data) + _write_chunk(b"IEND", b"")
