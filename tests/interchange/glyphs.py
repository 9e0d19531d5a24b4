"""What the pages of a PDF by Typst show: runs of glyphs, with the text that each stands for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf

_HEX = re.compile(rb"<([0-9A-Fa-f]*)>")
_BLOCK = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[(.*?)\])", re.DOTALL)


@dataclass(frozen=True)
class Run:
    """Glyphs of one font from a point on; ``text``: what they stand for, in visual order."""

    font: str
    x: float
    y: float
    glyphs: tuple[int, ...]
    text: str


def read_runs(pdf: pikepdf.Pdf) -> list[Run]:
    return [run for page in pdf.pages for run in _read_page(page)]


def _read_page(page: pikepdf.Page) -> Iterator[Run]:
    fonts = {name: (str(font.BaseFont), _read_texts(font)) for name, font in page.Resources.Font.items()}
    name, x, y, shift, stack = "", 0.0, 0.0, (0.0, 0.0), []
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "q":
                stack.append(shift)
            case "Q":
                shift = stack.pop()
            case "cm":
                shift = shift[0] + float(operands[4]), shift[1] + float(operands[5])
            case "Tf":
                name = str(operands[0])
            case "Tm":
                x, y = shift[0] + float(operands[4]), shift[1] + float(operands[5])
            case "BDC" if "/ActualText" in operands[1]:  # of glyphs that stand for a text together
                yield Run(name, x, y, (), str(operands[1].ActualText))
            case "Tj" | "TJ":
                codes = b"".join(_strings(operands[0]))
                glyphs = tuple(int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2))
                font, texts = fonts[name]
                yield Run(font, x, y, glyphs, "".join(texts.get(glyph, "") for glyph in glyphs))


def _strings(operand: Any) -> Iterator[bytes]:
    for one in operand if isinstance(operand, pikepdf.Array) else [operand]:
        if isinstance(one, pikepdf.String):
            yield bytes(one)


def _read_texts(font: Any) -> dict[int, str]:
    """Read the texts of glyphs from a font's ToUnicode map."""
    found: dict[int, str] = {}
    for kind, block in _BLOCK.findall(font.ToUnicode.read_bytes()):
        if kind == b"char":
            values = _HEX.findall(block)
            for code, text in zip(values[::2], values[1::2], strict=True):
                found[int(code, 16)] = _decode(text)
        else:
            for first, last, text, texts in _RANGE.findall(block):
                listed = _HEX.findall(texts)
                for number, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                    start = _decode(listed[number] if listed else text)
                    found[code] = start if listed else start[:-1] + chr(ord(start[-1]) + number)
    return found


def _decode(text: bytes) -> str:
    return bytes.fromhex(text.decode()).decode("utf-16-be")
