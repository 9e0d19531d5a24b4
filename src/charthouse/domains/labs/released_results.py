"""Which results a patient may see: those that a provider has signed off since they last changed."""

from django.db.models import F, Q

ORDERED = Q(lab_test__lab_order__reviewed_at__gte=F("updated_at"))  # of LabResult
ENTERED = Q(doctor_signoff=True)  # of PatientLabResult
