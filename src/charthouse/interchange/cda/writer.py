"""Incremental writing of documents, so that a chart with thousands of entries is never one tree in memory."""

from io import BytesIO

from lxml import etree

from charthouse.interchange.cda.xml import PREFIXES, V3, Element, el

# Elements are serialized inside of a wrapper that declares the namespaces, which the document's root declares once.
_WRAPPER = etree.tostring(etree.Element("a", nsmap=PREFIXES)).removesuffix(b"/>") + b">", b"</a>"


class Writer:
    """A writer of one document in UTF-8."""

    def __init__(self, tag: str) -> None:
        self._made = BytesIO()
        self._made.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
        names: dict[str | None, str] = dict([(None, V3), *PREFIXES.items()])
        root = etree.Element(f"{{{V3}}}{tag}", nsmap=names)
        self._open = [tag]
        self._made.write(_serialize_start_tag(root))

    def begin(self, tag: str, **attributes: str) -> None:
        """Write a start tag; later elements become its children."""
        self._made.write(_serialize_start_tag(el(tag, **attributes)))
        self._open.append(tag)

    def end(self) -> None:
        self._made.write(f"</{self._open.pop()}>\n".encode())

    def write(self, *pieces: Element | None) -> None:
        """Write complete elements as children of the open one. The elements are consumed; None is skipped."""
        around = etree.Element("a", nsmap=PREFIXES)
        for piece in pieces:
            if piece is not None:
                around.append(piece)
        if len(around):
            start, stop = _WRAPPER
            self._made.write(etree.tostring(around, encoding="UTF-8")[len(start) : -len(stop)])

    def finish(self) -> bytes:
        """Close the root element and return the document. Call once."""
        self.end()
        assert not self._open
        return self._made.getvalue()


def _serialize_start_tag(element: Element) -> bytes:
    return bytes(etree.tostring(element, encoding="UTF-8").removesuffix(b"/>") + b">")
