"""Names, telephone numbers and NPIs of synthetic people.

Names and their frequencies are those of Faker. Telephone numbers are 555-01xx, which are never assigned.
"""

from collections.abc import Sequence
from itertools import accumulate
from random import Random

from faker.providers.person.en_US import Provider as Names

from charthouse.sandbox.data.places import Town


class WeightedChoice:
    """Draws from weighted values, many at once."""

    def __init__(self, weighted: Sequence[tuple[str, float]]) -> None:
        self.values = [value for value, _ in weighted]
        self.weights = list(accumulate(weight for _, weight in weighted))

    def draw(self, random: Random, count: int) -> list[str]:
        """Draw values, with replacement."""
        return random.choices(self.values, cum_weights=self.weights, k=count)


FEMALE_NAMES = WeightedChoice(list(Names.first_names_female.items()))
MALE_NAMES = WeightedChoice(list(Names.first_names_male.items()))
LAST_NAMES = WeightedChoice(list(Names.last_names.items()))


def draw_name(random: Random, female_share: float) -> tuple[str, str]:
    """Draw a first and a last name."""
    first_names = FEMALE_NAMES if random.random() < female_share else MALE_NAMES
    return first_names.draw(random, 1)[0], LAST_NAMES.draw(random, 1)[0]


def draw_phone(random: Random, town: Town) -> str:
    """Draw a telephone number of a town."""
    return f"({town.area_code}) 555-01{int(random.random() * 100):02d}"


def draw_npi(random: Random) -> str:
    """Draw an NPI: ten digits, the last of which is the check digit (Luhn over 80840 and the number)."""
    nine = f"1{int(random.random() * 100_000_000):08d}"
    total = 24  # of the prefix 80840
    for place, digit in enumerate(reversed(nine)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{nine}{-total % 10}"
