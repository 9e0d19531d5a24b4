"""Reading the lists of Cerbo's API, those of patients for the first patients."""

import re
from typing import Any

import httpx

# Parameters without which Cerbo's lists are not given, by path; values for names in paths that are no ids.
REQUIRED_PARAMETERS = {
    "appointments": {"start_date": "2000-01-01", "end_date": "2099-12-31"},
    "laboratories": {"city": "%"},
    "specialists": {"city": "%"},
    "patients/search": {"last_name": "%"},
    "charges": {"start_date": "2020-01-01"},
}
TERMS = {"terms": "vitamin%20tablet", "term": "tablet"}


class CerboLists:
    """Lists of Cerbo's API. Those of patients are read for the first patients."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self._found: dict[str, list[Any]] = {}

    def read(self, path: str, parameters: dict[str, str]) -> list[Any]:
        """Read one list. A row that is not of this patient has none."""
        answer = self.api.get(f"/api/v1/{path}", params=parameters | {"limit": "20"})
        if answer.status_code == 404 and "patients/" in path:
            return []
        assert answer.status_code == 200, f"{path}: {answer.text}"
        rows: list[Any] = answer.json()["data"]
        return rows

    def read_all(self, path: str) -> list[Any]:
        """Read the list of a resource, for all patients where the path has one. Once."""
        if path not in self._found:
            patients = [row["id"] for row in self.read_all("patients")] if "{patient_id}" in path else [""]
            paths = (path.replace("{patient_id}", str(patient)) for patient in patients)
            parameters = REQUIRED_PARAMETERS.get(path, {})
            self._found[path] = [row for each in paths for row in self.read(each, parameters)]
        return self._found[path]

    def list_paths(self, resource: Any) -> list[str]:
        """List the paths of a resource with the ids of all parents."""
        paths = [re.sub(r"{(\w+)}", lambda found: TERMS.get(found[1], found[0]), resource.path)]
        for parent in resource.parents:
            ids = [row["id"] for row in self.read_all(parent.to)]
            paths = [path.replace(f"{{{parent.name}}}", str(one)) for path in paths for one in ids]
        return paths
