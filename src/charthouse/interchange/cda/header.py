"""The US Realm header: document type, patient, author, custodian and other participants."""

from collections.abc import Iterable
from dataclasses import dataclass

from charthouse.domains.patients.code_labels import describe_language
from charthouse.domains.patients.models import Patient
from charthouse.interchange.cda import codes, parties
from charthouse.interchange.cda.context import FIRST, DocumentContext
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import (
    Concept,
    Element,
    coded,
    el,
    null,
    point,
    span,
    template,
)

US_REALM = ("2.16.840.1.113883.10.20.22.1.1", "2015-08-01")
SOFTWARE = "Charthouse"


@dataclass(frozen=True)
class DocumentType:
    """A type of document. ``templates``: (root, release) pairs in addition to the realm's; ``signed``: whether the type
    requires a legal authenticator, which is then stated as missing."""

    title: str
    code: Concept
    templates: tuple[tuple[str, str], ...]
    signed: bool = False


def write_header(out: Writer, document: DocumentType, context: DocumentContext) -> None:
    """Write everything before the body; the root element is open."""
    out.write(
        el("realmCode", code="US"), el("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    )
    for root, release in (US_REALM, *document.templates):
        out.write(*template(root, release))
    out.write(
        el("id", root=context.document_id),
        coded("code", document.code),
        el("title", document.title),
        point("effectiveTime", context.now, context.zone),
        coded("confidentialityCode", Concept("N", codes.CONFIDENTIALITY, "Normal")),
        el("languageCode", code="en-US"),
        _build_record_target(context),
        _build_author(context),
        _build_custodian(context),
        _build_missing_signature(context) if document.signed else None,
        _build_emergency_contact(context.patient),
        _build_documentation_of(context),
    )


def _build_record_target(context: DocumentContext) -> Element:
    patient = context.patient
    return el(
        "recordTarget",
        el(
            "patientRole",
            el("id", root=context.id_root("patients"), extension=str(patient.pk)),
            el("id", root=context.id_root("charts"), extension=patient.chart_id)
            if patient.chart_id
            else None,
            parties.build_address(patient.address, patient.city, patient.state, patient.zip_code, use="HP"),
            parties.build_telecoms(
                (patient.home_phone, "HP"),
                (patient.cell_phone, "MC"),
                (patient.office_phone, "WP"),
                email=patient.email,
            ),
            _build_patient(patient),
            _build_practice(context, "providerOrganization"),
        ),
    )


def _build_patient(patient: Patient) -> Element:
    return el(
        "patient",
        parties.build_name(patient.first_name, patient.middle_name, family=patient.last_name, use="L"),
        _build_nickname(patient),
        coded("administrativeGenderCode", codes.code_gender(patient.gender)),
        point("birthTime", patient.date_of_birth),
        el("sdtc:deceasedInd", value="true") if patient.is_deceased else None,
        point("sdtc:deceasedTime", patient.date_of_death) if patient.is_deceased else None,
        _code_or_null("raceCode", patient.race, codes.RACES),
        _code_or_null("ethnicGroupCode", patient.ethnicity, codes.ETHNICITIES),
        _build_language(patient.preferred_language),
    )


def _build_nickname(patient: Patient) -> Element | None:
    if not patient.nick_name:
        return None
    return el(
        "name",
        el("given", patient.nick_name, qualifier="CL"),
        el("family", patient.last_name) if patient.last_name else null("family"),
    )


def _code_or_null(tag: str, answer: str, known: dict[str, Concept]) -> Element:
    """Build a code, or a null flavor: ASKU for a declined answer, UNK for a missing one."""
    if concept := known.get(answer):
        return coded(tag, concept)
    return null(tag, "ASKU" if answer == "declined" else "UNK")


def _build_language(answer: str) -> Element | None:
    code, _ = describe_language(answer)
    if not code:
        return None
    tongue = el("languageCode", code=code)
    return el("languageCommunication", tongue, el("preferenceInd", value="true"))


def _build_practice(context: DocumentContext, tag: str) -> Element:
    """Build the organization of the practice, with the address of the doctor's first office."""
    npi = context.doctor.group_npi_number.strip()
    identifier = (
        el("id", root=codes.NPI, extension=npi)
        if codes.is_npi(npi)
        else el("id", root=context.id_root("practice"), extension=str(context.practice.pk))
    )
    phone = (context.office and context.office.phone_number) or context.doctor.office_phone
    where = parties.build_office_address(context.office)
    return parties.build_organization(tag, identifier, context.practice.name, phone, where)


def _build_author(context: DocumentContext) -> Element:
    """Build the author of the document, the software; entries have their own authors."""
    device = el(
        "assignedAuthoringDevice", el("manufacturerModelName", SOFTWARE), el("softwareName", SOFTWARE)
    )
    return el(
        "author",
        point("time", context.now, context.zone),
        el(
            "assignedAuthor",
            el("id", root=context.id_root("software")),
            parties.build_office_address(context.office),
            parties.build_telecoms(
                ((context.office and context.office.phone_number) or context.doctor.office_phone, "WP")
            ),
            device,
            _build_practice(context, "representedOrganization"),
        ),
    )


def _build_custodian(context: DocumentContext) -> Element:
    keeper = _build_practice(context, "representedCustodianOrganization")
    return el("custodian", el("assignedCustodian", keeper))


def _build_missing_signature(context: DocumentContext) -> Element:
    """Build a legal authenticator without a signature."""
    return el(
        "legalAuthenticator",
        null("time", "NI"),
        null("signatureCode", "NI"),
        parties.build_assigned_entity(context),
        nullFlavor="NI",
    )


def _build_emergency_contact(patient: Patient) -> Element | None:
    if not patient.emergency_contact_name:
        return None
    relation = patient.emergency_contact_relation
    return el(
        "participant",
        el(
            "associatedEntity",
            coded("code", Concept("", None, relation)) if relation else None,
            null("addr"),
            parties.build_telecoms((patient.emergency_contact_phone, None)),
            el("associatedPerson", el("name", patient.emergency_contact_name)),
            classCode="ECON",
        ),
        typeCode="IND",
    )


def _build_documentation_of(context: DocumentContext) -> Element:
    """Build the service event: care from the window's first day (default: birth) to its last (default: today), by the
    primary provider."""
    window = context.window
    first = window.first if window.first != FIRST else context.patient.date_of_birth
    last = min(window.last, context.now.astimezone(context.zone).date())
    return el(
        "documentationOf",
        el(
            "serviceEvent",
            span(first, max(first, last) if first else last),
            list(_build_performers(context)),
            classCode="PCPR",
        ),
    )


def _build_performers(context: DocumentContext) -> Iterable[Element]:
    function = Concept("PCP", codes.PARTICIPATION, "Primary Care Provider")
    yield el(
        "performer",
        coded("functionCode", function),
        parties.build_assigned_entity(context),
        typeCode="PRF",
    )
