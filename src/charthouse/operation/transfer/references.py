"""Ids that no foreign key declares: in arrays, JSON and columns whose row is of a type that another column names.

Every column of integers, arrays or JSON that is exported is a key, stands in ``LOOSE``, or in ``PLAIN`` with what its
numbers are. A test holds that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.apps import apps

from charthouse.domains.tasks.models import AssociatedItem


@dataclass(frozen=True, slots=True)
class Loose:
    """How a column refers to rows.

    table    of the rows that its id, or the ids of its array, are of
    type     column of the same row that names the type of row, and the tables by type; "" for one whose types are
             names of tables
    members  of a JSON object: tables by the name of the member that holds an id
    """

    table: str = ""
    type: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)


_PORTAL_REQUESTS = {
    "drug_id": "medications_drug",
    "original_prescription_id": "medications_medication",
    "supplement_id": "medications_supplement",
    "dr_id": "identity_user",
    "questionnaire_id": "questionnaires_questionnaire",
    "requires_review": "identity_user",
    "dr_reviewer": "identity_user",
}
LOOSE: Mapping[tuple[str, str], Loose] = {
    ("identity_user", "doctor_id"): Loose("practice_doctor"),
    ("practice_iframeapp", "app"): Loose("identity_application"),
    ("practice_doctoroptions", "erx_supervising_providers"): Loose("practice_doctor"),
    ("scheduling_appointmentprofile", "provider_ids"): Loose("identity_user"),
    ("billing_feeschedule", "assignees"): Loose("practice_doctor"),
    ("scheduling_vitalstaggroup", "included_fields"): Loose("scheduling_customvital"),
    ("patients_portalrequest", "payload"): Loose(members=_PORTAL_REQUESTS),
    ("tasks_associateditem", "value_id"): Loose(
        type="type",
        tables={
            name: apps.get_model(model)._meta.db_table for name, model in AssociatedItem.named_models.items()
        },
    ),
    ("identity_archivedpart", "row_id"): Loose(type="table_name"),
    ("changes_change", "row_id"): Loose(type="table_name"),
    ("changes_change", "before"): Loose(type="table_name"),
    ("changes_change", "after"): Loose(type="table_name"),
    ("changes_change", "user_id"): Loose("identity_user"),
    ("changes_change", "app_id"): Loose("identity_application"),
    ("changes_change", "api_user_id"): Loose("identity_apiuser"),
    ("audit_apicall", "app_id"): Loose("identity_application"),
    ("audit_apicall", "api_user_id"): Loose("identity_apiuser"),
    ("audit_apicall", "user_id"): Loose("identity_user"),
    ("audit_apicall", "row_id"): Loose(type="resource"),
    ("audit_apicall", "patients"): Loose("patients_patient"),
    ("audit_event", "user_id"): Loose("identity_user"),
    ("audit_event", "app_id"): Loose("identity_application"),
    ("audit_event", "api_user_id"): Loose("identity_apiuser"),
    ("audit_event", "patient_id"): Loose("patients_patient"),
    ("audit_event", "details"): Loose(
        members={
            "user": "identity_user",
            "kept": "patients_patient",
            "merged": "patients_patient",
            "merge": "patients_patientmerge",
        }
    ),
    ("patients_mergedrow", "row_id"): Loose(type="table_name"),
    ("patients_patientmerge", "values_before"): Loose(members={"doctor": "practice_doctor"}),
    ("patients_patientmerge", "values_after"): Loose(members={"doctor": "practice_doctor"}),
}

_CODES = "codes"
_NUMBERS = "numbers"
_TEXTS = "texts"
_OTHERS = "ids of another system"
PLAIN: Mapping[tuple[str, str], str] = {
    ("identity_practice", "sharing"): "names",
    ("identity_user", "permissions"): "names",
    ("identity_apiuser", "endpoints"): "names",
    ("identity_apiuser", "ips"): "addresses",
    ("identity_application", "scopes"): "names",
    ("practice_doctoroptions", "allowed_payment_methods"): "names",
    ("practice_doctorworkschedule", "work_days"): "times; ids within the schedule",
    ("practice_officeworkschedule", "work_days"): "times; ids within the schedule",
    ("practice_office", "online_timeslots"): "times",
    ("patients_patient", "race_subcategories"): _CODES,
    ("patients_patient", "preferred_pharmacies"): "NCPDP IDs",
    ("patients_customdemographic", "allowed_values"): _TEXTS,
    ("scheduling_appointment", "recurring_days"): "days of the week",
    ("scheduling_appointment", "icd10_codes"): _CODES,
    ("scheduling_appointment", "icd9_codes"): _CODES,
    ("scheduling_appointment", "resubmit_claim_original_id"): _OTHERS,
    ("scheduling_appointmenttemplate", "week_days"): "days of the week",
    ("scheduling_waitinglistentry", "week_days"): "days of the week",
    ("scheduling_waitinglistentry", "day_parts"): "parts of the day",
    ("scheduling_reminderprofile", "reminders"): "amounts and units",
    ("scheduling_customvital", "allowed_values"): _TEXTS,
    ("clinical_clinicalnotefieldtype", "allowed_values"): _TEXTS,
    ("medications_prescriptionmessage", "json_data"): _OTHERS,
    ("labs_laborder", "icd10_codes"): _CODES,
    ("billing_chargedefinition", "nicknames"): _TEXTS,
    ("billing_estimate", "justifying_diagnoses"): _CODES,
    ("billing_feeschedule", "specialities"): "names",
    ("billing_billingprofile", "cpt_codes"): _CODES,
    ("billing_billingprofile", "hcpcs_codes"): _CODES,
    ("billing_billingprofile", "custom_procedure_codes"): _CODES,
    ("billing_billingprofile", "icd9_codes"): _CODES,
    ("billing_billingprofile", "icd10_codes"): _CODES,
    ("billing_lineitem", "modifiers"): _CODES,
    ("billing_lineitem", "diagnosis_pointers"): "positions in a claim",
    ("billing_eligibilitycheck", "coverage_subscriber"): _OTHERS,
    ("billing_eligibilitycheck", "coverage_details"): _OTHERS,
    ("billing_patientauthorization", "procedure_codes"): _CODES,
    ("documents_document", "metatags"): _TEXTS,
    ("inventory_inventoryvaccine", "package_properties"): "NDC and form of a package",
    ("inventory_patientvaccinerecord", "doses"): _OTHERS,
    ("inventory_patientvaccinerecord", "observed_immunity"): _CODES,
    ("questionnaires_question", "choices"): _TEXTS,
    ("questionnaires_answers", "raw_data"): "answers by key",
    ("files_storedfile", "size"): "bytes",
}
