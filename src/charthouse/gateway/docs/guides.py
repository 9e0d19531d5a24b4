"""The guides: Markdown files of docs/guides, rendered as pages below ``/docs/guides``.

``README.md`` there is the list of them; its links are their order. A wheel carries the folder as ``guides`` beside
this module.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

HOME = "/docs/guides"
INDEX = "README"
LANGUAGES = {
    "sh": "Shell",
    "python": "Python",
    "js": "JavaScript",
    "json": "JSON",
    "text": "Output",
    "go": "Go",
}
_FOLDERS = (Path(__file__).parent / "guides", Path(__file__).parents[4] / "docs" / "guides")
_SERVED = re.compile(r"/(?:docs|developer|openapi|sandbox|sign-in)[\w/.#-]*")


@dataclass(frozen=True)
class GuideSection:
    """A heading with what is below it. ``text``: its words without markup and code, for the search."""

    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Guide:
    """One guide. ``name``: of its file and address; ``sections``: by its headings of the second level."""

    name: str
    title: str
    html: SafeString
    sections: tuple[GuideSection, ...]

    @property
    def address(self) -> str:
        return HOME if self.name == INDEX else f"{HOME}/{self.name}"


def find_folder() -> Path:
    """Return the folder of the guides: of the wheel, or of a checkout. Raises FileNotFoundError."""
    found = next((folder for folder in _FOLDERS if (folder / f"{INDEX}.md").exists()), None)
    if found is None:
        raise FileNotFoundError("the guides are neither in the package nor in docs/guides")
    return found


@lru_cache(maxsize=1)
def load_guides() -> dict[str, Guide]:
    """Load all guides by name, the index first and the others in its order. Read once a process."""
    folder = find_folder()
    names = [INDEX, *re.findall(r"^- \[[^\]]+\]\(([\w-]+)\.md\)", (folder / f"{INDEX}.md").read_text(), re.M)]
    return {name: render_guide(name, (folder / f"{name}.md").read_text()) for name in names}


def render_guide(name: str, text: str) -> Guide:
    """Render the Markdown of a guide."""
    parser = MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(text)
    sections = _add_anchors(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    return Guide(name, sections[0].title, mark_safe(html), tuple(sections))  # noqa: S308


def _add_anchors(tokens: Sequence[Token]) -> list[GuideSection]:
    """Give headings their ids, and collect the sections."""
    found: list[tuple[str, str, list[str]]] = []
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            title = _read_words(tokens[number + 1])
            anchor = re.sub(r"[^\w]+", "-", title.lower()).strip("-")
            token.attrSet("id", anchor)
            if token.tag in ("h1", "h2"):
                found.append((anchor, title, []))
        elif token.type == "inline" and found:
            found[-1][2].append(_read_words(token))
    return [GuideSection(anchor, title, " ".join(words)) for anchor, title, words in found]


def _read_words(token: Token) -> str:
    return "".join(child.content if child.content else " " for child in token.children or ())


class _Renderer(RendererHTML):
    """Renders code with its language and colors, links between guides, and addresses of this server as links."""

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        language, _, words = tokens[idx].info.strip().partition(" ")
        title = re.search(r"title=(\S+)", words)
        caption = title[1] if title else LANGUAGES.get(language, language)
        return (
            f'<figure class="listing"><figcaption>{escape(caption)}</figcaption>'
            f'<pre tabindex="0"><code>{highlight_code(tokens[idx].content, language)}</code></pre></figure>\n'
        )

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        content = tokens[idx].content
        shown = f"<code>{escape(content)}</code>"
        return f'<a href="{escape(content)}">{shown}</a>' if _SERVED.fullmatch(content) else shown

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        target = str(tokens[idx].attrGet("href") or "")
        name, dot, rest = target.partition(".md")
        if dot and "/" not in name:
            tokens[idx].attrSet("href", (HOME if name == INDEX else f"{HOME}/{name}") + rest)
        return self.renderToken(tokens, idx, options, env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="scroll"><table class="keys">'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>"


def highlight_code(text: str, language: str) -> str:
    """Highlight code as HTML; text of an unknown language is escaped alone."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(text, quote=False)
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True)))
