"""Rows that resources without a seeder get from the example of their declaration."""

from collections.abc import Iterator

import pytest

from charthouse.domains.messaging.models import CommLog
from charthouse.domains.patients.models import Tag
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity.models import User
from charthouse.sandbox import seed
from charthouse.sandbox.examples import add_examples
from charthouse.sandbox.messaging import Messages
from charthouse.sandbox.patients.tags import Tags
from tests.sandbox.databases import SandboxDatabase


@pytest.fixture(scope="module")
def sandbox(database: None, tmp_path_factory: pytest.TempPathFactory) -> SandboxDatabase:
    """A sandbox without the seeders of tags and messages."""
    seeders = tuple(seeder for seeder in seed.SEEDERS if seeder not in (Tags, Messages))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed, "SEEDERS", seeders)
        return SandboxDatabase("examples", tmp_path_factory.mktemp("examples"), 3, 25)


@pytest.fixture(autouse=True)
def open_sandbox(sandbox: SandboxDatabase) -> Iterator[None]:
    """Use the database of the sandbox."""
    with sandbox.open():
        yield


def test_a_resource_without_a_seeder_gets_a_row_in_each_practice() -> None:
    users = User.objects.using("owner").filter(is_primary=True)
    tags = Tag.objects.using("owner").filter(added_by__in=users)
    assert sorted(tags.values_list("practice_id", flat=True)) == [1, 2]


def test_references_of_an_example_are_to_rows_of_the_practice() -> None:
    calls = CommLog.objects.using("owner").select_related("patient", "doctor").order_by("practice_id")
    assert [call.practice_id for call in calls] == [1, 2]
    for call in calls:
        assert {call.patient.practice_id, call.doctor.practice_id} == {call.practice_id}


def test_an_example_that_is_rejected_is_an_error() -> None:
    with pytest.raises(ValueError, match="tasks has an example that is rejected"):
        add_examples([get_registry()["tasks"]])
