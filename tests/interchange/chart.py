"""A patient whose chart has a row of every kind."""

from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile

from charthouse.domains.clinical.models import (
    CarePlan,
    CareTeamMember,
    ImplantableDevice,
    PatientPhysicalExam,
    Problem,
    Procedure,
)
from charthouse.domains.inventory.models import PatientVaccineRecord, StockItem
from charthouse.domains.labs.models import (
    LabDocument,
    LabOrder,
    LabResult,
    LabTest,
    PatientLabResult,
    Sublab,
)
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import Appointment
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from tests.domains.clinical.chart import Chart
from tests.domains.clinical.test_notes import lock
from tests.interchange.documents import Document

DAY = "2026-03-02"
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MORE = {
    "last_name": "Lovelace", "middle_name": "King", "date_of_birth": "1987-04-12", "race": "asian",
    "ethnicity": "not_hispanic", "preferred_language": "spa", "address": "1 Elm Street", "city": "Boulder",
    "state": "CO", "zip_code": "80301", "home_phone": "(303) 555-0101", "email": "ada@example.com",
    "emergency_contact_name": "Byron", "emergency_contact_phone": "303-555-0102",
    "emergency_contact_relation": "Father",
}  # fmt: skip
VITALS = {
    "height": "64.00", "weight": "140.00", "blood_pressure_1": 121, "blood_pressure_2": 79, "temperature": "98.60",
    "pulse": 71, "respiratory_rate": 14, "oxygen_saturation": "98.00", "pain": "2", "smoking_status": "8517006",
}  # fmt: skip


class Record(Chart):
    """A chart with requests for its documents."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assert self.http.patch(f"/api/patients/{self.patient_id}", json=MORE).status_code == 204
        with tenancy.within(self.clinic.id):
            Doctor.objects.filter(pk=self.doctor.pk).update(npi_number="1234567893")

    def document(self, kind: str = "ccda", **parameters: Any) -> Document:
        answer = self.http.get(f"/api/patients/{self.patient_id}/{kind}", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/xml"
        return Document(answer.content)

    def make(self, model: Any, **values: Any) -> Any:
        with tenancy.within(self.clinic.id):
            return model.objects.create(practice=self.clinic.practice, **values)

    def keep(self, row: Any) -> None:
        """Save a changed row."""
        with tenancy.within(self.clinic.id):
            row.save()

    def own(self, model: Any, **values: Any) -> Any:
        """Create a row of the patient and the doctor."""
        return self.make(model, patient_id=self.patient_id, doctor=self.doctor, **values)

    def rewrite(self, **values: Any) -> None:
        """Update columns of the patient directly in the database."""
        with tenancy.within(self.clinic.id):
            Patient.objects.filter(pk=self.patient_id).update(**values)

    def of_patient(self, path: str, **values: Any) -> dict[str, Any]:
        return self.new(path, patient=self.patient_id, **values)

    # -- a row of every kind ------------------------------------------------------------------------------------

    def fill(self) -> int:
        """Create a row of every kind; return the id of the visit that they belong to."""
        visit = self.visit(DAY, status="Complete", reason="Cough", vitals=VITALS)
        with tenancy.within(self.clinic.id):
            Appointment.objects.filter(pk=visit).update(icd10_codes=["J06.9"])
        self.of_patient(
            "problems", icd_code="I10", status="active", date_onset="2020-05-01", date_diagnosis="2020-06-01"
        )
        self.own(Problem, icd_code="J02.9", name="Sore throat", status="resolved", date_onset="2024-01-05",
                 abatement_date="2024-02-01")  # fmt: skip
        self.of_patient("allergies", description="Penicillin G", rxnorm="7980", reaction="Hives",
                        snomed_reaction="247472004", status="active")  # fmt: skip
        self.of_patient("medications", name="Lisinopril 10 mg tablet", rxnorm="314076", dosage_quantity="1",
                        dosage_units="tablet", route="Oral", frequency="Once a day", indication="Hypertension",
                        date_started_taking="2020-06-01", date_prescribed="2026-03-02", number_refills=2,
                        dispense_quantity="90.00")  # fmt: skip
        self.own(Procedure, appointment_id=visit, code="99213", date=DAY, description="Office visit")
        assert self.write(visit, "Cold, not flu.").status_code == 201
        lock(self, visit)
        self._clinical(visit)
        self._vaccine()
        self._labs(visit)
        self.visit("2036-03-03", reason="Check-up")
        return visit

    def _clinical(self, visit: int) -> None:
        for plan_type, title in enumerate(
            ("Walk daily", "Leaflet", "Weighing screening", "Weigh in", "Cardiologist", "Falls"), 1
        ):
            self.own(CarePlan, plan_type=plan_type, title=title, appointment_id=visit, created_at=AT)
        self.own(PatientPhysicalExam, code="5880005", code_system="SNOMEDCT", name="Physical examination",
                 value_code="17621005", value_code_system="SNOMEDCT", value_code_name="Normal",
                 effective_time=AT)  # fmt: skip
        self.own(ImplantableDevice, udi="(01)00000000000017(21)SN1", gmdn_pt_name="Cardiac pacemaker")
        self.make(CareTeamMember, patient_id=self.patient_id, user=self.clinic.user, appointment_id=visit)
        insurance = {
            "insurance_company": "Aetna",
            "insurance_id_number": "W1",
            "insurance_group_number": "G1",
        }
        self.patch(self.patient_id, primary_insurance=insurance)

    def _vaccine(self) -> None:
        lot = self.make(StockItem, doctor=self.doctor, name="MMR", cvx_code="03", manufacturer_code="MSD",
                        manufacturer="Merck", lot_number="L1", original_quantity=10)  # fmt: skip
        for status in ("CP", "RE"):
            self.make(PatientVaccineRecord, patient_id=self.patient_id, ordering_doctor=self.doctor,
                      vaccine_inventory=lot, cvx_code="03", name="MMR", lot_number="L1", manufacturer="Merck",
                      administered_start=AT, amount="0.50", units="mL", route="SC", site="LD",
                      completion_status=status)  # fmt: skip

    def _labs(self, visit: int) -> None:
        sublab = self.make(Sublab, doctor=self.doctor, name="Lab", facility_code="LAB")
        with tenancy.within(self.clinic.id):
            file = store_file(ContentFile(b"%PDF-1.4 results", "r.pdf"), "application/pdf", self.clinic.id)
        for state, timestamp in (("R", AT), ("S", AT)):
            order = self.own(LabOrder, sublab=sublab, appointment_id=visit, status=state, timestamp=timestamp)
            test = self.make(LabTest, lab_order=order, code="24323-8", name="Metabolic panel",
                             status="final" if state == "R" else "pending")  # fmt: skip
            if state == "R":
                document = self.make(LabDocument, lab_order=order, document=file, type="RES")
                self.results(test, document)
        self.make(PatientLabResult, patient_id=self.patient_id, ordering_doctor=self.doctor, title="Lead",
                  loinc_code="10368-9", date_test_performed=DAY, lab_result_value="2.1",
                  lab_result_value_units="ug/dL", lab_normal_range="0 3.4", lab_abnormal_flag="N")  # fmt: skip

    def results(self, test: LabTest, document: LabDocument) -> None:
        """Create two results of one test, a numeric and a textual one, and a canceled one."""
        for code, name, value, unit, numeric, flag, status in (
            ("2345-7", "Glucose", "130", "mg/dL", True, "H", "F"),
            ("78012-2", "Strep antigen", "Negative", "", False, "NEG", "F"),
            ("2160-0", "Creatinine", "9", "mg/dL", True, "HH", "X"),
        ):
            self.make(LabResult, lab_test=test, document=document, specimen_received=AT, results_released=AT,
                      test_performed=AT, status=status, value=value, value_is_numeric=numeric, unit=unit,
                      normal_range="70 99" if numeric else "", abnormal_status=flag, observation_code=code,
                      observation_description=name)  # fmt: skip
