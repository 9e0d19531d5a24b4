"""The practice's formulary in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0195-*.md"""

from typing import Any

from django.db.models import Q

from charthouse.domains.medications.codes import FREQUENCIES
from charthouse.domains.medications.models import Drug
from charthouse.domains.medications.word_search import make_word_filter
from charthouse.domains.practice.cerbo.keys import PAGES, make_policy
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.files.types import url_key

DRUG: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), READ_ONLY),
    Key("product_name", Text(), READ_ONLY),
    Key("generic_name", Text(), READ_ONLY),
    Key("dose_form", Text(), READ_ONLY),
    Key("va_id", Text(), READ_ONLY),
    Key("medispan_id", Text(), READ_ONLY),
    Key("ndcndf_id", Text(), READ_ONLY),
    url_key("url_drug", path_format="/api/v1/drugs/%s"),
)

_OF_DRUGS: dict[str, Any] = {
    "model": Drug,
    "methods": "GET",
    "page_size": PAGES,
    "rows": Q(archived=False),
    "keys": DRUG,
    "example": {"name": "Metformin 500 mg tablet", "generic_name": "metformin", "dose_form": "tablet"},
    "policy": make_policy("drugs"),
}

drugs = Resource(path="drugs", doc="Drugs in the practice's formulary.", lists=False, **_OF_DRUGS)

found_drugs = Resource(
    path="drugs/search/{term}",
    doc="Search the formulary by words in drug names.",
    reads=False,
    filters=(
        make_word_filter("term", "name", "product_name", "generic_name"),
        Flag("favorites-only", condition=lambda: Q(is_favorite=True), doc="Only favorites."),
    ),
    **_OF_DRUGS,
)


def list_frequencies(call: Call) -> list[dict[str, str]]:
    """Return the frequencies with the number of times a day."""
    return [{"name": name, "times_per_day": times} for name, times in FREQUENCIES]


frequencies = Operation(
    path="drugs/frequencies",
    doc="How often the drug can be taken.",
    answer=(
        Key("name", Text(), READ_ONLY, nullable=False),
        Key("times_per_day", Text(), READ_ONLY, nullable=False, doc="A number."),
    ),
    many=True,
    run=list_frequencies,
    policy=Policy(scopes=("drugs",), permissions=()),
    example={"name": "Every other day", "times_per_day": "0.5"},
)

RESOURCES = [drugs, found_drugs]

OPERATIONS = [frequencies]
