"""Tables of patients and of what belongs to them."""

from charthouse.domains.patients.models.facilities import Facility, PatientFacility
from charthouse.domains.patients.models.insurance import (
    AutoAccidentInsurance,
    Coverage,
    CustomInsurancePlanName,
    Payer,
    WorkersCompInsurance,
)
from charthouse.domains.patients.models.merges import DistinctPatients, MergedRow, PatientMerge
from charthouse.domains.patients.models.patients import (
    DECEASED,
    AttachedFlag,
    CustomDemographic,
    CustomDemographicValue,
    FlagType,
    Patient,
    ReferringDoctor,
)
from charthouse.domains.patients.models.portal_access import PortalAccess, PortalWording
from charthouse.domains.patients.models.portal_proxies import PortalProxy
from charthouse.domains.patients.models.portal_requests import PortalRequest
from charthouse.domains.patients.models.search_terms import NamePart, SearchTerm
from charthouse.domains.patients.models.tags import PatientTag, Tag

__all__ = [
    "DECEASED",
    "AttachedFlag",
    "AutoAccidentInsurance",
    "Coverage",
    "CustomDemographic",
    "CustomDemographicValue",
    "CustomInsurancePlanName",
    "DistinctPatients",
    "Facility",
    "FlagType",
    "MergedRow",
    "NamePart",
    "Patient",
    "PatientFacility",
    "PatientMerge",
    "PatientTag",
    "Payer",
    "PortalAccess",
    "PortalProxy",
    "PortalRequest",
    "PortalWording",
    "ReferringDoctor",
    "SearchTerm",
    "Tag",
    "WorkersCompInsurance",
]
