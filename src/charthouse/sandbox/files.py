"""Stored files of a practice: pages, reports and images, all of them generated."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from random import Random

import pikepdf
import typst
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from charthouse.files.models import StoredFile
from charthouse.files.storage import store_content
from charthouse.interchange.typeset import FONT_PACKAGES
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.loader import Row

PAGE = """#set page(paper: "us-letter", margin: 1in)
#set document(date: none)
= {title}
This page was made for a synthetic practice. It is about nobody.
"""
LINES = """#set page(paper: "us-letter", margin: 1in)
#set document(date: none)
#for line in json(bytes(sys.inputs.lines)) [#text(line) #linebreak()]
"""


class FileStore:
    """Files of a practice, with each page stored once."""

    def __init__(self, context: PracticeContext) -> None:
        self.context = context
        self.pages: dict[str, int] = {}

    def add(self, content: bytes, media_type: str, name: str) -> int:
        """Store a file and return the id of its row."""
        return self.context.copy(StoredFile, [make_row(self.context, content, media_type, name)])[0]

    def get_page(self, title: str) -> int:
        """Return the id of a PDF page with this title, stored at the first call."""
        if title not in self.pages:
            page = compile_pdf(PAGE.format(title=title).encode())
            self.pages[title] = self.add(page, "application/pdf", f"{title}.pdf")
        return self.pages[title]


def make_row(context: PracticeContext, content: bytes, media_type: str, name: str) -> Row:
    """Store the content of a file and make its row."""
    address, size = store_content(ContentFile(content), context.practice)
    return {"address": address, "size": size, "media_type": media_type, "name": name}


def compile_pdf(source: bytes, **inputs: str) -> bytes:
    """Compile a Typst document, which has the ``inputs`` in ``sys.inputs``."""
    page = _get_compiler(has_all_fonts=bool(inputs)).compile(source, sys_inputs=inputs)
    assert isinstance(page, bytes)
    return page


@cache
def _get_compiler(*, has_all_fonts: bool) -> typst.Compiler:
    """Return a compiler with its fonts, which take longer to find than a page to compile."""
    packages = FONT_PACKAGES if has_all_fonts else ()
    return typst.Compiler(font_paths=typst.Fonts(font_paths=[str(files(package)) for package in packages]))


def make_pdf(lines: Sequence[str]) -> bytes:
    """Make a PDF of one page with these lines: the same bytes for the same lines. Lines in Western letters do without
    Typst, which takes much longer."""
    try:
        encoded = [line.encode("cp1252") for line in lines]
    except UnicodeEncodeError:
        return compile_pdf(LINES.encode(), lines=json.dumps(lines))
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(612, 792))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    text = b"".join(pikepdf.String(line).unparse() + b" '\n" for line in encoded)
    page.obj.Contents = pdf.make_stream(b"BT /F1 11 Tf 16 TL 72 720 Td\n" + text + b"ET")
    content = BytesIO()
    pdf.save(content, deterministic_id=True)
    return content.getvalue()


def draw_signature() -> bytes:
    """Draw a signature, the same each time. PNG."""
    image = Image.new("L", (120, 40), 255)
    points = [(x, 20 + (x * 7) % 15 - 7) for x in range(10, 110, 6)]
    ImageDraw.Draw(image).line(points, fill=0, width=2)
    return _encode_png(image)


def draw_spots(random: Random) -> bytes:
    """Draw spots on a plain ground. PNG."""
    image = Image.new("RGB", (320, 240), (236, 214, 200))
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, size = random.randrange(300), random.randrange(220), random.randrange(4, 18)
        draw.ellipse((x, y, x + size, y + size), fill=(190 + random.randrange(40), 110, 100))
    return _encode_png(image)


def _encode_png(image: Image.Image) -> bytes:
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
