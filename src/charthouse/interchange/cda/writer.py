"""A document written piece by piece: a chart of many thousand entries never stands in memory as one tree."""

from io import BytesIO

from lxml import etree

from charthouse.interchange.cda.xml import PREFIXES, V3, Element, el

# Pieces are written inside of an element that declares the names which the document's root declares for all.
_AROUND = etree.tostring(etree.Element("a", nsmap=PREFIXES)).removesuffix(b"/>") + b">", b"</a>"


class Writer:
    """The bytes of one document, UTF-8."""

    def __init__(self, tag: str) -> None:
        self._made = BytesIO()
        self._made.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
        names: dict[str | None, str] = dict([(None, V3), *PREFIXES.items()])
        root = etree.Element(f"{{{V3}}}{tag}", nsmap=names)
        self._open = [tag]
        self._made.write(_opened(root))

    def begin(self, tag: str, **attributes: str) -> None:
        """Open an element that later pieces go into."""
        self._made.write(_opened(el(tag, **attributes)))
        self._open.append(tag)

    def end(self) -> None:
        self._made.write(f"</{self._open.pop()}>\n".encode())

    def put(self, *pieces: Element | None) -> None:
        """Whole elements inside of the one that is open. They are used up."""
        around = etree.Element("a", nsmap=PREFIXES)
        for piece in pieces:
            if piece is not None:
                around.append(piece)
        if len(around):
            start, stop = _AROUND
            self._made.write(etree.tostring(around, encoding="UTF-8")[len(start) : -len(stop)])

    def done(self) -> bytes:
        """The whole document, once."""
        self.end()
        assert not self._open
        return self._made.getvalue()


def _opened(element: Element) -> bytes:
    return bytes(etree.tostring(element, encoding="UTF-8").removesuffix(b"/>") + b">")
