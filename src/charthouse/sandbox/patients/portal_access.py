"""Access of patients to the portal: some have accepted their invitation, some have not."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from charthouse.domains.patients.models import PortalAccess, PortalProxy
from charthouse.identity.hashers import hash_generated
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord


class PortalAccesses:
    """The portal access of one practice's patients. The first of them who has accepted gets username and password."""

    def __init__(self, context: PracticeContext) -> None:
        self.context = context
        self.has_portal_user = False

    def add(self, patients: Sequence[PatientRecord]) -> None:
        """Invite some of these patients."""
        rows = [*self._make_rows(patients)]
        if not self.has_portal_user:
            self._add_portal_user(patients, rows)
        self.context.copy(PortalAccess, rows)
        self.context.copy(PortalProxy, list(self._make_proxies(patients)))

    def _make_rows(self, patients: Sequence[PatientRecord]) -> Iterator[Row]:
        parents = {parent for parent, _ in _list_families(patients)}
        for patient in patients:
            row = patient.row
            is_parent = row["id"] in parents
            if is_parent or (row.get("email") and row["patient_status"] == "A" and row["id"] % 4 == 0):
                invited_at = row["updated_at"]
                yield {
                    "patient_id": row["id"],
                    "doctor_id": row["doctor_id"],
                    "enabled_by_id": self.context.primary_user,
                    "enabled_on": invited_at,
                    "activated_on": invited_at if is_parent or row["id"] % 8 else None,
                    "expires_on": f"{self.context.today + timedelta(days=7)} 12:00:00+00",
                    "created_at": invited_at,
                    "updated_at": invited_at,
                }

    def _make_proxies(self, patients: Sequence[PatientRecord]) -> Iterator[Row]:
        """Make the parents of children who are patients too their proxies."""
        rows = {patient.row["id"]: patient.row for patient in patients}
        for parent, child in _list_families(patients):
            opened_at = rows[child]["created_at"]
            yield {
                "patient_id": child,
                "proxy_id": parent,
                "relationship": "parent",
                "granted_by_id": self.context.primary_user,
                **dict.fromkeys(("granted_on", "created_at", "updated_at"), opened_at),
            }

    def _add_portal_user(self, patients: Sequence[PatientRecord], rows: Sequence[Row]) -> None:
        parents = [parent for parent, _ in _list_families(patients)]
        activated = [row for row in rows if row["activated_on"]]
        access = next((row for row in activated if not parents or row["patient_id"] == parents[0]), None)
        if access is None:
            return
        self.has_portal_user = True
        emails = {patient.row["id"]: patient.row["email"] for patient in patients if patient.row.get("email")}
        username = emails[access["patient_id"]].lower()
        password = self.context.credentials.get_portal_password(username, access["patient_id"])
        access |= {"username": username, "password": hash_generated(password)}


def _list_families(patients: Sequence[PatientRecord]) -> list[tuple[int, int]]:
    """List the ids of (parent, child) of the featured patients."""
    featured = [(patient.row["id"], patient.featured) for patient in patients if patient.featured]
    return [
        (featured[one.parent][0], number)
        for number, one in featured
        if one.parent is not None and one.parent < len(featured)
    ]
