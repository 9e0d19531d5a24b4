"""The practice's supplements in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0194-*.md"""

from django.db.models import Q

from charthouse.domains.medications.models import Supplement
from charthouse.domains.medications.word_search import make_word_filter
from charthouse.domains.practice.cerbo.keys import PAGES, make_created_key, make_object_key, make_policy
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

SUPPLEMENT: tuple[Key, ...] = (
    make_object_key("supplement"),
    Key("id", Id(), READ_ONLY),
    Key("name", Text(), REQUIRED),
    Key("nicknames", Text(), OPTIONAL),
    Key("class", Text(), READ_ONLY, source="kind"),
    Key("vendor_code", Text(), OPTIONAL),
    Key("code", Text(), READ_ONLY),
    Key("description", Text(multiline=True), OPTIONAL),
    Key("external_ref_id", Text(), OPTIONAL),
    Key("inactive", Boolean(), OPTIONAL, default=False),
    make_created_key(),
)

FILTERS: tuple[Filter, ...] = (
    Flag(
        "active_only",
        on_for="any",
        condition=lambda: Q(inactive=False),
        doc="Any value excludes inactive supplements.",
    ),
    Filter("vendor_code"),
    Filter("class", source="kind"),
    Filter("external_ref_id"),
)

_EXAMPLE = {"name": "Magnesium glycinate 400 mg", "nicknames": "Mag", "vendor_code": "MG400"}

supplements = Resource(
    path="supplements",
    model=Supplement,
    doc="Supplements that the practice recommends.",
    methods="GET POST PATCH",
    policy=make_policy("supplements"),
    page_size=PAGES,
    rows=Q(archived=False),
    keys=SUPPLEMENT,
    filters=FILTERS,
    example=_EXAMPLE,
)

found_supplements = Resource(
    path="supplements/search/{terms}",
    model=Supplement,
    doc="Search supplements by words in their names.",
    methods="GET",
    policy=make_policy("supplements"),
    reads=False,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=SUPPLEMENT,
    filters=(make_word_filter("terms", "name", "nicknames"), *FILTERS),
    example=_EXAMPLE,
)

RESOURCES = [supplements, found_supplements]
