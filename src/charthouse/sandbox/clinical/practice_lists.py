"""The lists that a practice loaded: its allergens, favorite problems, and the panels that it orders."""

from charthouse.domains.clinical.practice_lists import Allergen, FavoriteProblem
from charthouse.domains.labs.models import PanelTest
from charthouse.sandbox.data import lab_panels
from charthouse.sandbox.data.chart_entries import ALLERGIES
from charthouse.sandbox.data.conditions import COMMON
from charthouse.sandbox.seeder import Seeder

# Panels by the practice's own name: the tests are ordered one by one.
OWN_PANELS = {
    "Annual labs": (lab_panels.METABOLIC, lab_panels.LIPIDS),
    "Diabetes follow-up": (lab_panels.A1C, lab_panels.URINE_ALBUMIN),
}


class PracticeLists(Seeder):
    """The lists of one practice. They draw no random numbers."""

    def set_up(self) -> None:
        """Add allergens, problems and panels."""
        self.copy(Allergen, [{"name": name, "rxnorm": rxnorm} for name, rxnorm, *_ in ALLERGIES])
        self.copy(FavoriteProblem, [{"name": one.name, "icd_code": one.code} for one in COMMON])
        tests = [
            {
                "panel": name,
                "specimen": panel.specimen,
                "name": one.name,
                "code": one.loinc,
                "unit": one.unit,
                "low": one.low,
                "high": one.high,
            }
            for name, panels in OWN_PANELS.items()
            for panel in panels
            for one in panel.observations
            if not one.choices
        ]
        self.copy(PanelTest, tests)
