"""The words that people read on pages and in e-mails, by subject and page: ``python -m tools.wording`` writes
docs/wording.md.

They are read from the source: text and labels of templates, and the strings of modules that make pages. A value that is
filled in is "…", and " / " stands between alternatives. docs/decisions/0413-wording.md
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "charthouse"
DOCUMENT = ROOT / "docs" / "wording.md"
VALUE = "…"  # what is filled in
# Modules and templates that have words for people, beside all of console/ and portal/.
OTHER = {
    "Signing in": ("identity/templates", "identity/lockout.py", "identity/*views*.py", "identity/*forms*.py"),
    "E-mails and text messages": (
        "identity/templates/charthouse/mail",
        "domains/patients/email_templates.py",
        "domains/patients/portal_notices.py",
        "domains/scheduling/reminder_delivery.py",
        "domains/scheduling/patient_texts.py",
        "audit/anchors.py",
    ),
}
ERRORS = "What the record refuses"  # messages of errors, which pages and APIs show
DEVELOPERS = (
    "console/developer",
    "console/sandbox",
    "console/templatetags",
)  # times in UTC and API terms are words of their work

_SHOWN_ATTRIBUTES = ("aria-label", "placeholder", "title", "alt", "data-confirm", "content")
_INLINE = {"strong", "b", "em", "span", "small", "a", "code", "kbd", "time", "i", "abbr", "sup", "br"}
_QUOTED = re.compile(r'"([^"]*)"' + r"|'([^']*)'")
_UNSHOWN_TAGS = ("url", "static", "load", "extends", "icon", "if", "elif", "for", "with", "block", "comment")
_FALLBACK = re.compile(r"\|(?:default|yesno|default_if_none|pluralize):(\S.*)")
_SQL = re.compile(
    r"\b(select|insert into|update|delete from|order by|left join|from unnest)\b", re.IGNORECASE
)
_WORD = re.compile(r"[A-Z][a-z]+(?:['-][a-z]+)*[.:?]?")
_PHRASE = re.compile(r"[A-Za-z…][\w'…-]*[,.:;)]? +[(“]?[A-Za-z…0-9]")
# Calls whose arguments are names, not words.
_UNSHOWN_CALLS = {
    "path", "re_path", "reverse", "redirect", "getattr", "setattr", "hasattr", "compile", "get_resource", "icon", "sub",
    "RawSQL", "filter", "exclude", "order_by", "values", "values_list", "only", "defer", "select_related", "get_model",
    "emit_audit_event", "strptime", "strftime", "import_module", "TypeVar", "cast", "Literal", "startswith", "endswith",
    "RuntimeError", "AssertionError", "KeyError", "TypeError", "RecordKey", "template", "annotate", "ValueError",
}  # fmt: skip
_RAISED = {
    "Invalid", "Conflict", "Forbidden", "NotFound", "InvalidValue", "TooLarge", "ValidationError", "Throttled",
    "add_error", "Unavailable",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """The words of one template or module. ``subject``: its heading; ``path``: below src/charthouse."""

    subject: str
    path: str
    words: tuple[str, ...]


@cache
def list_pages() -> list[Page]:
    """List all templates and modules that have words, by subject."""
    found = [*_list_folder("console"), *_list_folder("portal")]
    for subject, patterns in OTHER.items():
        found += [
            _read_page(subject, path)
            for pattern in patterns
            for path in list_files(pattern)
            if "mail" not in path.parts or subject.startswith("E-mails")
        ]
    found += [Page(ERRORS, _name(path), _read_raised(path)) for path in list_files("domains")]
    return [page for page in found if page.words]


def _list_folder(name: str) -> list[Page]:
    found = []
    for path in list_files(name):
        parts = path.relative_to(SOURCE / name).parts
        subject = (
            "Patient portal" if name == "portal" else f"Console: {parts[0] if len(parts) > 1 else 'menu'}"
        )
        found.append(_read_page(subject, path))
    return sorted(found, key=lambda page: page.subject)


def list_files(pattern: str) -> list[Path]:
    where = SOURCE / pattern
    paths = where.rglob("*") if where.is_dir() else SOURCE.glob(pattern)
    return sorted(
        path
        for path in paths
        if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts and path.is_file()
    )


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _read_page(subject: str, path: Path) -> Page:
    text = path.read_text()
    words = read_module(text) if path.suffix == ".py" else read_template(text)
    return Page(subject, _name(path), tuple(dict.fromkeys(words)))


# -- templates ----------------------------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """Collects the text of blocks, and of attributes that are shown or read aloud."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.text = ""
        self.skipped = ""
        self.links: list[
            bool
        ] = []  # of those that are open: whether one is a button, which is no part of a sentence

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.skipped = tag
        is_button = tag == "a" and "btn" in (dict(attrs).get("class") or "").split()
        if tag == "a":
            self.links.append(is_button)
        if tag not in _INLINE or is_button:
            self.finish()
        for name, value in attrs:
            if name in _SHOWN_ATTRIBUTES and value and tag != "meta":
                self.words.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == self.skipped:
            self.skipped = ""
        if tag not in _INLINE or (tag == "a" and self.links and self.links.pop()):
            self.finish()

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.text += data

    def finish(self) -> None:
        """End a block of text."""
        self.words.append(self.text)
        self.text = ""


def read_template(text: str) -> Iterator[str]:
    """Read the words of a template, those that its tags are given among them."""
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", text, flags=re.S)
    for tag in re.findall(r"{%\s*(.*?)\s*%}", text, flags=re.S):
        if not tag.startswith(_UNSHOWN_TAGS):
            yield from (_clean(a or b) for a, b in _QUOTED.findall(tag) if _is_shown(a or b))
    for value in re.findall(r"{{(.*?)}}", text, flags=re.S):
        quoted = _QUOTED.findall("".join(_FALLBACK.findall(value)))
        yield from (_clean(a or b) for a, b in quoted if _is_shown(a or b))
    text = re.sub(r"{%\s*(?:translate|trans)\s+\"([^\"]*)\".*?%}", r"\1", text)
    text = re.sub(r"{%\s*(else|elif\b.*?|empty|plural)\s*%}", " / ", text)
    text = re.sub(r"{%\s*(end)?block\b.*?%}", "<p>", text)
    text = re.sub(r"{{.*?}}|{%\s*(firstof|now|badge)\b.*?%}", VALUE, text, flags=re.S)
    text = re.sub(r"{%.*?%}", "", text, flags=re.S)
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.finish()
    for one in reader.words:
        if re.search(r"[A-Za-z]{2}", cleaned := _clean(one)):
            yield cleaned


def _clean(text: str) -> str:
    text = " ".join(unescape(text).split())
    text = re.sub(r"(?:/ )+(?=/ )", "", text)
    return text.strip(" /·,") if re.search(r"[A-Za-z]", text) else ""


# -- modules ------------------------------------------------------------------------------------------------------


def read_module(text: str) -> Iterator[str]:
    """Read the words of a module: its strings that are phrases, or a word with a capital letter."""
    yield from _read_node(ast.parse(text))


def _read_node(node: ast.AST) -> Iterator[str]:
    for text in _list_strings(node):
        if _is_shown(text) and (cleaned := _clean(text)):
            yield cleaned


def _list_strings(node: ast.AST) -> Iterator[str]:
    """List the strings below a node, without docstrings, keys, names of columns and what is compared."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(one.value if isinstance(one, ast.Constant) else VALUE for one in node.values)
        for one in node.values:
            if isinstance(one, ast.FormattedValue):
                yield from _list_strings(one.value)
        return
    if isinstance(node, ast.Call) and _get_called(node) in _UNSHOWN_CALLS:
        return
    for child in _list_children(node):
        yield from _list_strings(child)


def _list_children(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return ()
    if isinstance(node, ast.Compare | ast.Import | ast.ImportFrom):
        return ()
    if isinstance(node, ast.Subscript):
        return (node.value,)
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        return [one for one in ast.iter_child_nodes(node) if one is not node.annotation]
    if isinstance(node, ast.FunctionDef):
        return [*node.args.defaults, *node.body, *node.decorator_list]
    return ast.iter_child_nodes(node)


def _get_called(node: ast.Call) -> str:
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _is_shown(text: str) -> bool:
    if not text or "{%" in text or text.startswith(("/", "http", "--", "<")) or _SQL.search(text):
        return False
    if "__" in text or "charset=" in text or re.fullmatch(r"[\w.]+/[\w./-]+", text):
        return False
    return bool(_WORD.fullmatch(text) or _PHRASE.search(text))


def _read_raised(path: Path) -> tuple[str, ...]:
    """Read the messages of the errors that a module raises."""
    if path.suffix != ".py":
        return ()
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and _get_called(node) in _RAISED:
            found += [
                word
                for part in (*node.args, *(one.value for one in node.keywords))
                for word in _read_node(part)
            ]
    return tuple(dict.fromkeys(found))


# -- the document -------------------------------------------------------------------------------------------------

HEAD = """# Wording

What people read on pages and in e-mails, by subject and page: printed by `make docs` from templates and modules, for
reviews. Change the words where they are, in the file that is named. "…" is filled in, " / " is between
alternatives. What must not be said, and what is said instead, is in `tests/wording/test_wording.py`.
([Decision 0413](decisions/0413-wording.md))
"""


def print_document() -> str:
    """Print the catalogue as Markdown."""
    lines, subject = [HEAD], ""
    for page in list_pages():
        if page.subject != subject:
            subject = page.subject
            lines.append(f"## {subject}\n")
        lines.append(f"### {page.path}\n")
        lines += [f"- {_escape(one)}" for one in page.words]
        lines.append("")
    return "\n".join(lines)


def _escape(text: str) -> str:
    return re.sub(r"([*_<`\\\[])", r"\\\1", text)


if __name__ == "__main__":
    DOCUMENT.write_text(print_document())
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)}\n")
