"""What was sent to laboratories at visits, and what came back: orders, tests, reports as PDF, results."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from random import Random
from typing import Any

import pikepdf
from django.core.files.base import ContentFile

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.domains.labs.models import (
    LabDocument,
    LabOrder,
    LabResult,
    LabTest,
    PatientLabResult,
    Sublab,
)
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_content
from charthouse.sandbox.calendar import Calendar, Slot
from charthouse.sandbox.data.lab_panels import ADULT, CHILD, LABORATORIES, VENDOR, Observation, Panel
from charthouse.sandbox.patients.population import BIRTHS, Person, Row
from charthouse.sandbox.practice import Setup

SENT_AT = 0.12  # of the visits, those at which something is sent to a laboratory
BACK_AFTER = timedelta(days=3)  # results are there by then
WELL = 0.78  # of the results, those that are normal
CHECKED = {True: "Z00.129", False: "Z00.00"}  # ICD-10-CM: a check-up of a child, of an adult


class Laboratories:
    """The laboratories of one practice's patients."""

    def __init__(self, setup: Setup, doctors: Sequence[int], calendar: Calendar, random: Random) -> None:
        self.setup, self.calendar, self.random = setup, calendar, random
        rows = [
            {"doctor_id": doctors[0], "name": name, "facility_code": code, "vendor_name": VENDOR}
            for name, code in LABORATORIES
        ]
        self.sublabs = setup.copy(Sublab, rows)
        self.made: dict[Any, list[Row]] = defaultdict(list)

    def fill(self, people: Sequence[Person], visits: Sequence[tuple[Slot, Row]]) -> None:
        """Orders at these visits of these people, in the order of time."""
        patients = {person.row["id"]: person.row for person in people}
        for slot, visit in visits:
            if visit["status"] == "Complete" and self.random.random() < SENT_AT:
                self._order(slot, visit, patients[visit["patient_id"]])
        for person in people:
            if person.row["id"] % 5 == 0:
                self._by_hand(person.row)
        for model in (StoredFile, LabOrder, LabTest, LabDocument, LabResult, PatientLabResult):
            self.setup.copy(model, self.made.pop(model, []))

    def _next(self, model: Any) -> int:
        return self.setup.loader.ids(model, 1)[0]

    # -- orders -------------------------------------------------------------------------------------------------

    def _order(self, slot: Slot, visit: Row, patient: Row) -> None:
        child = _child(patient)
        panels = self.random.sample(CHILD if child else ADULT, 1 if child else self.random.choice((1, 2)))
        ordered = slot.start + timedelta(minutes=slot.minutes)
        back = ordered + BACK_AFTER < self.calendar.now
        order = {
            "id": self._next(LabOrder),
            "sublab_id": self.sublabs[visit["id"] % len(self.sublabs)],
            "doctor_id": visit["doctor_id"],
            "patient_id": patient["id"],
            "appointment_id": visit["id"],
            "timestamp": ordered.isoformat(),
            "status": "R" if back else self.random.choice("NSS"),
            "priority": "STAT" if self.random.random() < 0.08 else "NORMAL",
            "icd10_codes": [{"code": CHECKED[child], "description": get_icd10_label(CHECKED[child])}],
            "origin": "Chart",
            **_stamped(ordered + timedelta(days=1) if back else ordered, ordered),
        }
        order["accession_number"] = f"A{order['id']:07d}" if back else ""
        self.made[LabOrder].append(order)
        results = [found for panel in panels for found in self._test(order, panel, ordered, back=back)]
        lines = [f"Order {order['id']}, patient {patient['last_name']}, {patient['first_name']}"]
        lines += [panel.name for panel in panels] if not back else [_line(row) for row in results]
        document = self._document(order, "RES" if back else "REQ", lines)
        for row in results:
            row["document_id"] = document

    def _test(self, order: Row, panel: Panel, ordered: datetime, *, back: bool) -> Iterable[Row]:
        taken = ordered + timedelta(minutes=30)
        now = min(ordered + timedelta(days=1), self.calendar.now) if back else ordered
        test = {
            "id": self._next(LabTest),
            "lab_order_id": order["id"],
            "code": panel.loinc,
            "name": panel.name,
            "status": "final" if back else "pending",
            "collection_date": taken.isoformat() if back else None,
            "specimen_source": panel.specimen,
            "specimen_condition": "Acceptable" if back else "",
            "specimen_total_volume": str(panel.volume),
            **_stamped(now, ordered),
        }
        self.made[LabTest].append(test)
        if not back:
            return
        for observation in panel.observations:
            row = {
                "lab_test_id": test["id"],
                "specimen_received": (taken + timedelta(hours=3)).isoformat(),
                "test_performed": (taken + timedelta(hours=8)).isoformat(),
                "results_released": now.isoformat(),
                "status": "F",
                "observation_code": observation.loinc,
                "observation_description": observation.name,
                "group_code": panel.loinc,
                "unit": observation.unit,
                **self._value(observation),
                **_stamped(now, now),
            }
            self.made[LabResult].append(row)
            yield row

    def _value(self, observation: Observation) -> Row:
        well = self.random.random() < WELL
        if observation.words:
            value = observation.words[0] if well else self.random.choice(observation.words[1:])
            return {
                "value": value,
                "abnormal_status": "NEG" if well else "POS",
                "is_abnormal": not well,
            }
        low, high, places = observation.low, observation.high, observation.places
        number = low + (high - low) * self.random.random()
        flag = "N"
        if not well:
            flag = "L" if low and self.random.random() < 0.3 else "H"
            number = (
                low * (0.75 + 0.2 * self.random.random())
                if flag == "L"
                else high * (1.08 + self.random.random())
            )
        return {
            "value": f"{number:.{places}f}",
            "value_is_numeric": True,
            "normal_range": f"{low:.{places}f} {high:.{places}f}",
            "abnormal_status": flag,
            "is_abnormal": flag != "N",
        }

    def _document(self, order: Row, kind: str, lines: Sequence[str]) -> int:
        content = ContentFile(pdf(lines))
        address, size = store_content(content, self.setup.practice)
        stamped = {"created_at": order["updated_at"], "updated_at": order["updated_at"]}
        file = {
            "id": self._next(StoredFile),
            "address": address,
            "size": size,
            "media_type": "application/pdf",
            "name": f"order-{order['id']}.pdf",
            **stamped,
        }
        self.made[StoredFile].append(file)
        document = {
            "id": self._next(LabDocument),
            "lab_order_id": order["id"],
            "document_id": file["id"],
            "type": kind,
            **stamped,
        }
        self.made[LabDocument].append(document)
        return int(document["id"])

    # -- by hand ------------------------------------------------------------------------------------------------

    def _by_hand(self, patient: Row) -> None:
        panel = (CHILD if _child(patient) else ADULT)[patient["id"] % 3]
        observation = panel.observations[0]
        found = self._value(observation)
        self.made[PatientLabResult].append(
            {
                "patient_id": patient["id"],
                "ordering_doctor_id": patient["doctor_id"],
                "title": observation.name,
                "loinc_code": observation.loinc,
                "date_test_performed": self.calendar.days[
                    self.calendar.today - self.random.randrange(30, 300)
                ],
                "lab_order_status": "Results Received",
                "lab_result_value": found["value"],
                "lab_result_value_as_float": None if observation.words else found["value"],
                "lab_result_value_units": observation.unit,
                "lab_normal_range": found.get("normal_range", ""),
                "lab_normal_range_units": observation.unit,
                "lab_abnormal_flag": "" if observation.words else found["abnormal_status"],
                "doctor_signoff": self.random.random() < 0.8,
            }
        )


def pdf(lines: Sequence[str]) -> bytes:
    """One page with these lines, the same bytes for the same lines."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(612, 792))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    shown = b"".join(
        pikepdf.String(line.encode("ascii", "replace").decode()).unparse() + b" '\n" for line in lines
    )
    page.obj.Contents = made.make_stream(b"BT /F1 11 Tf 16 TL 72 720 Td\n" + shown + b"ET")
    content = BytesIO()
    made.save(content, deterministic_id=True)
    return content.getvalue()


def _line(result: Row) -> str:
    limits = f" (normal {result['normal_range'].replace(' ', ' to ')})" if "normal_range" in result else ""
    return f"{result['observation_description']}: {result['value']} {result['unit']}{limits}"


def _child(patient: Row) -> bool:
    return int(patient["date_of_birth"][:4]) > BIRTHS.year - 18


def _stamped(updated: datetime, created: datetime) -> Row:
    return {"created_at": created.isoformat(), "updated_at": updated.isoformat()}
