"""The US Realm header: document type, patient, author, custodian and other participants."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from charthouse.domains.patients.code_labels import describe_language
from charthouse.domains.patients.models import Patient
from charthouse.interchange.cda import codes, parties
from charthouse.interchange.cda.subject import FIRST, Subject
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, point, span, stamp, template

US_REALM = ("2.16.840.1.113883.10.20.22.1.1", "2015-08-01")
SOFTWARE = "Charthouse"


@dataclass(frozen=True)
class Document:
    """A type of document. ``templates``: (root, release) pairs in addition to the realm's; ``signed``: whether the type
    requires a legal authenticator, which is then stated as missing."""

    title: str
    code: Concept
    templates: tuple[tuple[str, str], ...]
    signed: bool = False


def write(out: Writer, document: Document, about: Subject) -> None:
    """Write everything before the body; the root element is open."""
    out.put(el("realmCode", code="US"), el("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"))
    for root, release in (US_REALM, *document.templates):
        out.put(*template(root, release))
    out.put(
        el("id", root=str(uuid4())),
        coded("code", document.code),
        el("title", document.title),
        point("effectiveTime", about.now, about.zone),
        coded("confidentialityCode", Concept("N", codes.CONFIDENTIALITY, "Normal")),
        el("languageCode", code="en-US"),
        _record_target(about),
        _author(about),
        _custodian(about),
        _unsigned(about) if document.signed else None,
        _emergency_contact(about.patient),
        _documentation_of(about),
    )


def _record_target(about: Subject) -> Element:
    patient = about.patient
    return el(
        "recordTarget",
        el(
            "patientRole",
            el("id", root=about.root("patients"), extension=str(patient.pk)),
            el("id", root=about.root("charts"), extension=patient.chart_id) if patient.chart_id else None,
            parties.address(patient.address, patient.city, patient.state, patient.zip_code, use="HP"),
            parties.phones(
                (patient.home_phone, "HP"),
                (patient.cell_phone, "MC"),
                (patient.office_phone, "WP"),
                email=patient.email,
            ),
            _patient(patient),
            _practice(about, "providerOrganization"),
        ),
    )


def _patient(patient: Patient) -> Element:
    died = patient.date_of_death
    return el(
        "patient",
        parties.name(patient.first_name, patient.middle_name, family=patient.last_name, use="L"),
        _nick_name(patient),
        coded("administrativeGenderCode", codes.gender(patient.gender)),
        point("birthTime", patient.date_of_birth),
        el("sdtc:deceasedInd", value="true") if died else None,
        el("sdtc:deceasedTime", value=stamp(died)) if died else None,
        _listed("raceCode", patient.race, codes.RACES),
        _listed("ethnicGroupCode", patient.ethnicity, codes.ETHNICITIES),
        _language(patient.preferred_language),
    )


def _nick_name(patient: Patient) -> Element | None:
    if not patient.nick_name:
        return None
    return el("name", el("given", patient.nick_name, qualifier="CL"), el("family", patient.last_name))


def _listed(tag: str, said: str, known: dict[str, Concept]) -> Element:
    """Build a code, or a null flavor: ASKU for a declined answer, UNK for a missing one."""
    if concept := known.get(said):
        return coded(tag, concept)
    return null(tag, "ASKU" if said == "declined" else "UNK")


def _language(said: str) -> Element | None:
    code, _ = describe_language(said)
    if not code:
        return None
    tongue = el("languageCode", code=code)
    return el("languageCommunication", tongue, el("preferenceInd", value="true"))


def _practice(about: Subject, tag: str) -> Element:
    """Build the organization of the practice, with the address of the doctor's first office."""
    npi = about.doctor.group_npi_number.strip()
    identifier = (
        el("id", root=codes.NPI, extension=npi)
        if npi
        else el("id", root=about.root("practice"), extension=str(about.practice.pk))
    )
    phone = (about.office and about.office.phone_number) or about.doctor.office_phone
    where = parties.office_address(about.office)
    return parties.organization(tag, identifier, about.practice.name, phone, where)


def _author(about: Subject) -> Element:
    """Build the author of the document, the software; entries have their own authors."""
    device = el(
        "assignedAuthoringDevice", el("manufacturerModelName", SOFTWARE), el("softwareName", SOFTWARE)
    )
    return el(
        "author",
        point("time", about.now, about.zone),
        el(
            "assignedAuthor",
            el("id", root=about.root("software")),
            parties.office_address(about.office),
            parties.phones(((about.office and about.office.phone_number) or about.doctor.office_phone, "WP")),
            device,
            _practice(about, "representedOrganization"),
        ),
    )


def _custodian(about: Subject) -> Element:
    keeper = _practice(about, "representedCustodianOrganization")
    return el("custodian", el("assignedCustodian", keeper))


def _unsigned(about: Subject) -> Element:
    """Build a legal authenticator without a signature."""
    return el(
        "legalAuthenticator",
        null("time", "NI"),
        null("signatureCode", "NI"),
        parties.assigned(about),
        nullFlavor="NI",
    )


def _emergency_contact(patient: Patient) -> Element | None:
    if not patient.emergency_contact_name:
        return None
    relation = patient.emergency_contact_relation
    return el(
        "participant",
        el(
            "associatedEntity",
            coded("code", Concept("", None, relation)) if relation else None,
            null("addr"),
            parties.phones((patient.emergency_contact_phone, None)),
            el("associatedPerson", el("name", patient.emergency_contact_name)),
            classCode="ECON",
        ),
        typeCode="IND",
    )


def _documentation_of(about: Subject) -> Element:
    """Build the service event: care from the window's first day (default: birth) to its last (default: today), by the
    primary provider."""
    window = about.window
    first = window.first if window.first != FIRST else about.patient.date_of_birth
    last = min(window.last, about.now.astimezone(about.zone).date())
    return el(
        "documentationOf",
        el(
            "serviceEvent",
            span(first, max(first, last) if first else last),
            list(_performers(about)),
            classCode="PCPR",
        ),
    )


def _performers(about: Subject) -> Iterable[Element]:
    function = Concept("PCP", codes.PARTICIPATION, "Primary Care Provider")
    yield el(
        "performer",
        coded("functionCode", function),
        parties.assigned(about),
        typeCode="PRF",
    )
