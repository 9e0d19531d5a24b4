"""Labels of codes whose code set a package carries: ICD-10-CM. CPT, SNOMED CT and LOINC are licensed."""

import mmap
from functools import cache, lru_cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path

from charthouse.domains.code_systems import ICD10

ICD10_SYSTEMS = ("ICD10CM",)


@lru_cache(maxsize=4096)
def get_icd10_label(code: str) -> str:
    """Return the official description of an ICD-10-CM code; "" for an unknown code.

    It is read from the tabular list of ``simple_icd_10_cm`` without loading that package, which takes seconds
    and 150 MB. Codes that the list only implies (a seventh character) have none.
    """
    code = ICD10.find_code(code)
    if not code:
        return ""
    table = _open_table()
    start = table.find(f"<name>{code}</name>".encode())
    first, last = (table.find(tag, start) for tag in (b"<desc>", b"</desc>"))
    return unescape(table[first + len(b"<desc>") : last].decode()) if 0 <= start < first < last else ""


def is_icd10_code(code: str) -> bool:
    """Say whether ICD-10-CM has a code. A seventh character, which the list only implies, is taken as it is."""
    written = ICD10.find_code(code)
    base = written[:-1].rstrip("X").rstrip(".") if len(written) == 8 and written[-1].isalpha() else written
    return bool(get_icd10_label(written) or get_icd10_label(base))


def get_label(system: str, code: str) -> str:
    """Return the label of a code; "" without its code set."""
    return get_icd10_label(code) if system in ICD10_SYSTEMS and code else ""


def read_tabular_list() -> str:
    """Read the tabular list of ICD-10-CM: XML, some 10 MB."""
    return _open_table()[:].decode()


@cache
def _open_table() -> mmap.mmap:
    package = find_spec("simple_icd_10_cm")
    assert package is not None
    assert package.origin is not None
    path = max((Path(package.origin).parent / "data").glob("icd10c*tabular*.xml"))
    with path.open("rb") as opened:
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
