"""Texts in Spanish: ``python -m tools.translations`` adds what is new in the source to the catalogue, for translators,
and compiles it to what Django reads. docs/decisions/0414-portal-in-spanish.md
"""

import ast
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tools.wording import ROOT, SOURCE, VALUE, list_files, read_module, read_template

FOLDER = SOURCE / "locale" / "es" / "LC_MESSAGES"
CATALOGUE, COMPILED = FOLDER / "django.po", FOLDER / "django.mo"
# What patients are shown in the portal, and sent.
TRANSLATED = (
    "portal",
    "identity/templates/charthouse/base.html",
    "identity/templates/charthouse/locked_out.html",
    "domains/patients/email_templates.py",
    "domains/patients/portal_access.py",
    "domains/patients/portal_notices.py",
    "domains/patients/portal_proxies.py",
    "domains/questionnaires/answers.py",
    "domains/scheduling/patient_texts.py",
)
_CALLS = ("_", "gettext", "gettext_lazy", "gettext_noop")
_TAG = re.compile(r"{%\s*translate\s+\"([^\"]*)\"[^%]*%}")
_ARGUMENT = re.compile(r"_\(\"([^\"]*)\"\)")
_BLOCK = re.compile(r"{%\s*blocktranslate([^%]*)%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
_PLURAL = re.compile(r"{%\s*plural\s*%}")
_VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")
_NO_DATE = datetime(2026, 12, 1, tzinfo=UTC)  # the same in every run
Message = str | tuple[str, str]  # a text, or its singular and plural


def list_messages() -> dict[Message, str]:
    """List the texts that are marked for translation, with the file of the first."""
    found: dict[Message, str] = {}
    for path in _list_sources():
        read = _read_calls if path.suffix == ".py" else _read_tags
        for message in read(path.read_text()):
            found.setdefault(message, str(path.relative_to(SOURCE)))
    return found


def list_unmarked() -> list[str]:
    """List words of the portal that are not marked for translation, with their file."""
    found = []
    for path in list_files("portal"):
        text, name = path.read_text(), path.relative_to(SOURCE)
        if path.suffix == ".py":
            marked = {_blank(one) for one in _read_calls(text) if isinstance(one, str)}
            words = [one for one in read_module(text) if _blank(one) not in marked]
        else:
            words = list(read_template(_ARGUMENT.sub('""', _BLOCK.sub(VALUE, _TAG.sub(VALUE, text)))))
        found += [f"{name}: {one}" for one in words]
    return found


def _list_sources() -> list[Path]:
    return [path for pattern in TRANSLATED for path in list_files(pattern)]


def _blank(text: str) -> str:
    return " ".join(text.split())


def _read_calls(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLS and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value


def _read_tags(text: str) -> Iterator[Message]:
    yield from _TAG.findall(text)
    yield from _ARGUMENT.findall(text)
    for options, body in _BLOCK.findall(text):
        texts = [_name_variables(one, is_trimmed="trimmed" in options) for one in _PLURAL.split(body)]
        yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def _name_variables(text: str, *, is_trimmed: bool) -> str:
    """Return a text as Django looks it up: with ``%(name)s`` for what is filled in."""
    if is_trimmed:
        text = " ".join(line.strip() for line in text.strip().splitlines())
    return _VARIABLE.sub(r"%(\1)s", text.replace("%", "%%"))


def read_catalogue() -> Catalog:
    """Read the texts in Spanish."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="es")


def compile_catalogue(catalogue: Catalog) -> bytes:
    """Compile to the form that Django reads."""
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def update() -> list[str]:
    """Write the catalogue with the texts of the source, and its compiled form. Return what is not translated."""
    before = read_catalogue() if CATALOGUE.exists() else Catalog(locale="es")
    after = Catalog(
        locale="es", project="Charthouse", fuzzy=False, creation_date=_NO_DATE, revision_date=_NO_DATE
    )
    for message, path in sorted(list_messages().items(), key=lambda one: (one[1], str(one[0]))):
        known = before.get(message if isinstance(message, str) else message[0])
        after.add(message, known.string if known else None, locations=[(path, None)])
    FOLDER.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, after, width=110, omit_header=False)
    COMPILED.write_bytes(compile_catalogue(read_catalogue()))
    return [str(one.id) for one in after if one.id and not all(_list_strings(one.string))]


def _list_strings(string: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [string or ""] if isinstance(string, str) or string is None else list(string)


if __name__ == "__main__":
    missing = update()
    sys.stdout.write(f"{CATALOGUE.relative_to(ROOT)}: {len(missing)} to translate\n")
