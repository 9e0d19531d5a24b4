"""Laboratory orders of visits with their tests, documents and results, and results that were entered by hand."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest, PatientLabResult, Sublab
from charthouse.files.models import StoredFile
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.clinical.lab_values import draw_values
from charthouse.sandbox.data.lab_panels import (
    ADULT_PANELS,
    CHILD_PANELS,
    LABORATORIES,
    Panel,
)
from charthouse.sandbox.files import make_pdf, make_row
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord, is_child
from charthouse.sandbox.scheduling.visit_reasons import list_topics
from charthouse.sandbox.seeder import Seeder

ORDER_SHARE = 0.16  # of completed visits, but of those of featured patients, who get what is due
TURNAROUND = timedelta(days=3)  # from order to results
REVIEW_TIME = timedelta(days=7)  # from order to review: newer results wait for it
INTERVAL = 75  # days between orders of the same panel
NEVER = -10_000  # day of an order that there was not
MOST_PANELS = 4  # of an order
MANUAL_INTERVAL = 5  # one patient in so many has a result that was entered by hand
MODELS = (StoredFile, LabOrder, LabTest, LabDocument, LabResult, PatientLabResult)  # in the order of loading


class LabOrders(Seeder):
    """The laboratory orders and results of one practice's patients."""

    stream = "labs"
    sublabs: list[int]

    def set_up(self) -> None:
        """Add the laboratories. They belong to the first doctor."""
        doctor = self.team.doctors[0]
        rows = [
            {"doctor_id": doctor, "name": name, "facility_code": code, "vendor_name": vendor}
            for name, code, vendor in LABORATORIES
        ]
        self.sublabs = self.copy(Sublab, rows)
        self.rows: dict[Any, list[Row]] = defaultdict(list)
        self.last_orders: dict[tuple[int, str], int] = {}  # day by patient and panel

    def add_batch(self, patients: Sequence[PatientRecord], visits: Sequence[Visit]) -> None:
        """Add the orders of these visits and the results of these patients that were entered by hand."""
        by_id = {patient.row["id"]: patient for patient in patients}
        for visit in visits:
            patient = by_id[visit.row["patient_id"]]
            if visit.row["status"] == "Complete" and (panels := self._choose_panels(visit, patient)):
                self._add_order(visit, patient, panels)
        for patient in patients:
            if patient.row["id"] % MANUAL_INTERVAL == 0:
                self._add_manual_result(patient)
        for model in MODELS:
            self.copy(model, self.rows.pop(model, []))

    def _reserve_id(self, model: Any) -> int:
        return self.context.loader.reserve_ids(model, 1)[0]

    # -- orders -------------------------------------------------------------------------------------------------

    def _choose_panels(self, visit: Visit, patient: PatientRecord) -> list[Panel]:
        """Choose what is ordered at a visit: what is due to follow a condition, or panels of check-ups."""
        is_ordered = self.random.random() < ORDER_SHARE
        due = [
            panel
            for each in patient.conditions
            if each.onset <= visit.date.toordinal()
            for panel in each.condition.panels
            if self.last_orders.get((patient.row["id"], panel.loinc), NEVER) <= visit.slot.day - INTERVAL
        ]
        if due and (patient.featured or is_ordered):
            panels = list(dict.fromkeys(due))[:MOST_PANELS]
        else:
            panels = self._draw_panels(patient.row) if is_ordered else []
        for panel in panels:
            self.last_orders[patient.row["id"], panel.loinc] = visit.slot.day
        return panels

    def _add_order(self, visit: Visit, patient: PatientRecord, panels: Sequence[Panel]) -> None:
        """Add an order with its tests and document."""
        ordered_at = visit.slot.start + timedelta(minutes=visit.slot.minutes)
        has_results = ordered_at + TURNAROUND < self.calendar.now
        order = self._make_order(visit, patient, ordered_at, has_results=has_results)
        self.rows[LabOrder].append(order)
        results: list[Row] = []
        for panel in panels:
            test = self._make_test(order, panel, ordered_at, has_results=has_results)
            self.rows[LabTest].append(test)
            if has_results:
                results += self._make_results(test, panel, patient, ordered_at)
        self.rows[LabResult] += results
        lines = [f"Order {order['id']}, patient {patient.row['last_name']}, {patient.row['first_name']}"]
        lines += [_describe_result(row) for row in results] if has_results else [p.name for p in panels]
        document = self._add_document(order, "RES" if has_results else "REQ", lines)
        for row in results:
            row["document_id"] = document

    def _draw_panels(self, patient: Row) -> list[Panel]:
        if is_child(patient):
            return self.random.sample(CHILD_PANELS, 1)
        return self.random.sample(ADULT_PANELS, self.random.choice((1, 2)))

    def _make_order(
        self, visit: Visit, patient: PatientRecord, ordered_at: datetime, *, has_results: bool
    ) -> Row:
        row_id = self._reserve_id(LabOrder)
        codes = list_topics(patient, visit)
        updated_at = ordered_at + timedelta(days=1) if has_results else ordered_at
        is_reviewed = has_results and ordered_at + REVIEW_TIME < self.calendar.now
        return {
            "id": row_id,
            "sublab_id": self.sublabs[visit.row["id"] % len(self.sublabs)],
            "doctor_id": visit.row["doctor_id"],
            "patient_id": patient.row["id"],
            "appointment_id": visit.row["id"],
            "timestamp": ordered_at.isoformat(),
            "status": "R" if has_results else self.random.choice("NSS"),
            "priority": "STAT" if self.random.random() < 0.08 else "NORMAL",
            "icd10_codes": [{"code": code, "description": get_icd10_label(code)} for code in codes],
            "reviewed_at": (ordered_at + timedelta(days=2)).isoformat() if is_reviewed else None,
            "reviewed_by_id": self.context.doctor_users[visit.row["doctor_id"]] if is_reviewed else None,
            "origin": "Chart",
            "accession_number": f"A{row_id:07d}" if has_results else "",
            "created_at": ordered_at.isoformat(),
            "updated_at": updated_at.isoformat(),
        }

    def _make_test(self, order: Row, panel: Panel, ordered_at: datetime, *, has_results: bool) -> Row:
        collected_at = ordered_at + timedelta(minutes=30)
        updated_at = self._get_release_time(ordered_at) if has_results else ordered_at
        return {
            "id": self._reserve_id(LabTest),
            "lab_order_id": order["id"],
            "code": panel.loinc,
            "name": panel.name,
            "status": "final" if has_results else "pending",
            "collection_date": collected_at.isoformat() if has_results else None,
            "specimen_source": panel.specimen,
            "specimen_condition": "Acceptable" if has_results else "",
            "specimen_total_volume": str(panel.volume),
            "created_at": ordered_at.isoformat(),
            "updated_at": updated_at.isoformat(),
        }

    def _make_results(
        self, test: Row, panel: Panel, patient: PatientRecord, ordered_at: datetime
    ) -> list[Row]:
        collected_at = ordered_at + timedelta(minutes=30)
        released_at = self._get_release_time(ordered_at).isoformat()
        values = draw_values(patient, panel, ordered_at.date())
        return [
            {
                "lab_test_id": test["id"],
                "specimen_received": (collected_at + timedelta(hours=3)).isoformat(),
                "test_performed": (collected_at + timedelta(hours=8)).isoformat(),
                "results_released": released_at,
                "status": "F",
                "observation_code": observation.loinc,
                "observation_description": observation.name,
                "group_code": panel.loinc,
                "unit": observation.unit,
                **values[observation.loinc],
                "created_at": released_at,
                "updated_at": released_at,
            }
            for observation in panel.observations
        ]

    def _get_release_time(self, ordered_at: datetime) -> datetime:
        return min(ordered_at + timedelta(days=1), self.calendar.now)

    def _add_document(self, order: Row, document_type: str, lines: Sequence[str]) -> int:
        """Add the document of an order, a PDF of these lines. Its id."""
        stamps = {"created_at": order["updated_at"], "updated_at": order["updated_at"]}
        content = make_row(self.context, make_pdf(lines), "application/pdf", f"order-{order['id']}.pdf")
        file = {"id": self._reserve_id(StoredFile), **content, **stamps}
        self.rows[StoredFile].append(file)
        document_id = self._reserve_id(LabDocument)
        self.rows[LabDocument].append(
            {
                "id": document_id,
                "lab_order_id": order["id"],
                "document_id": file["id"],
                "type": document_type,
                **stamps,
            }
        )
        return document_id

    # -- results entered by hand --------------------------------------------------------------------------------

    def _add_manual_result(self, patient: PatientRecord) -> None:
        row = patient.row
        panels = CHILD_PANELS if is_child(row) else ADULT_PANELS
        panel = panels[row["id"] % 3]
        observation = panel.observations[0]
        day = self.context.get_day(-self.random.randrange(30, 300))
        result = draw_values(patient, panel, day)[observation.loinc]
        self.rows[PatientLabResult].append(
            {
                "patient_id": row["id"],
                "ordering_doctor_id": row["doctor_id"],
                "title": observation.name,
                "loinc_code": observation.loinc,
                "date_test_performed": day.isoformat(),
                "lab_order_status": "Results Received",
                "lab_result_value": result["value"],
                "lab_result_value_as_float": None if observation.choices else result["value"],
                "lab_result_value_units": observation.unit,
                "lab_normal_range": result.get("normal_range", ""),
                "lab_normal_range_units": observation.unit,
                "lab_abnormal_flag": "" if observation.choices else result["abnormal_status"],
                "doctor_signoff": self.random.random() < 0.8,
            }
        )


def _describe_result(result: Row) -> str:
    limits = f" (normal {result['normal_range'].replace(' ', ' to ')})" if "normal_range" in result else ""
    return f"{result['observation_description']}: {result['value']} {result['unit']}{limits}"
