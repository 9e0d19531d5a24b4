"""Resources and operations of documents in DrChrono's API."""

from charthouse.domains.documents.drchrono import consent_forms, documents

RESOURCES = [documents.documents, consent_forms.consent_forms, consent_forms.signed_consent_forms]
OPERATIONS = [consent_forms.change_signature]
