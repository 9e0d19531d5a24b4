"""Helpers for tests of documents: HL7's schema, an independent reader, and XPath queries."""

import logging
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lxml import etree

SCHEMA = Path(__file__).parent / "schema" / "infrastructure" / "cda" / "CDA_SDTC.xsd"
NAMES = {"h": "urn:hl7-org:v3", "sdtc": "urn:hl7-org:sdtc"}
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_STRICT = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


@cache
def load_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))


class Document:
    """A document, checked to be valid by the schema and to contain all references of its entries."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.root = etree.fromstring(content, _STRICT)
        load_schema().assertValid(self.root.getroottree())
        places = {place.get("ID") for place in self.all("//h:*[@ID]")}
        referred = {found.removeprefix("#") for found in self.all("//h:reference/@value")}
        assert referred <= places, referred - places

    def all(self, path: str, of: Any = None) -> list[Any]:
        found: list[Any] = (self.root if of is None else of).xpath(path, namespaces=NAMES)
        return found

    def one(self, path: str, of: Any = None) -> Any:
        (found,) = self.all(path, of)
        return found

    def section(self, loinc: str) -> Any:
        return self.one(f"//h:section[h:code/@code='{loinc}']")

    def entries(self, loinc: str, path: str = "h:entry/*") -> list[Any]:
        return self.all(path, self.section(loinc))

    def read_text(self, loinc: str) -> str:
        """Return the narrative of a section."""
        return " ".join(self.all("h:text//text()", self.section(loinc)))

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return the FHIR resources of a type that the reader converts it to. It fails for violated templates."""
        return [found for found in self.read if found["resourceType"] == kind]

    @cached_property
    def read(self) -> list[dict[str, Any]]:
        from ccda_to_fhir import convert_document  # takes 2 s, which only the worker of these tests pays

        logging.disable(logging.INFO)  # it tells of every author it has met
        try:
            made = convert_document(self.content.decode())
        finally:
            logging.disable(logging.NOTSET)
        assert made["metadata"]["errors"] == []
        return [entry["resource"] for entry in made["bundle"]["entry"]]


def list_codes(elements: list[Any], path: str = "h:code") -> list[str]:
    """List the codes at a path below these elements."""
    return [code for e in elements for code in e.xpath(f"{path}/@code", namespaces=NAMES)]
