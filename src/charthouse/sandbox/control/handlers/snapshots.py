"""Controls of snapshots."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from charthouse.engine.errors import Conflict
from charthouse.identity import origin
from charthouse.sandbox import description
from charthouse.sandbox.control import fault_rules
from charthouse.sandbox.control import snapshots as store
from charthouse.sandbox.control.conduct import caller_settings
from charthouse.sandbox.credentials import Credentials
from charthouse.sandbox.oauth_apps import extend_tokens
from charthouse.toolkit.controls import snapshots
from charthouse.toolkit.controls.clock import NoParameters

MAX_SNAPSHOTS = 20


def list_snapshots(parameters: NoParameters) -> snapshots.Snapshots:
    found = store.list_all().items()
    return snapshots.Snapshots([_describe(name, manifest) for name, manifest in found])


def save(parameters: snapshots.SnapshotParameters) -> snapshots.Snapshot:
    if parameters.name == snapshots.SEED:
        raise Conflict("The snapshot of what the sandbox began with can't be replaced.")
    if len({*store.list_all(), parameters.name}) > MAX_SNAPSHOTS:
        raise Conflict(f"There can be at most {MAX_SNAPSHOTS} snapshots.")
    return _describe(parameters.name, store.save(parameters.name))


def restore(parameters: snapshots.SnapshotParameters) -> snapshots.Restored:
    began = time.perf_counter()
    store.restore(parameters.name)
    description.update_scenarios(settings.DATA / "sandbox.json")
    return snapshots.Restored(parameters.name, round((time.perf_counter() - began) * 1000, 1))


def delete(parameters: snapshots.SnapshotParameters) -> snapshots.Deleted:
    store.delete(parameters.name)
    return snapshots.Deleted()


def reset(parameters: NoParameters) -> snapshots.Restored:
    began = time.perf_counter()
    store.restore(snapshots.SEED, _begin_anew)
    return snapshots.Restored(snapshots.SEED, round((time.perf_counter() - began) * 1000, 1))


def _begin_anew() -> None:
    """Make the tokens in sandbox.json valid again; new ones are written to it where they have ended. Faults, modes and
    extras end."""
    fault_rules.remove(lambda fault: True)
    caller_settings.remove(lambda settings: True)
    if not extend_tokens(Credentials.load()):
        description.write(settings.DATA / "sandbox.json", origin.build_lasting_url(""))
    description.update_scenarios(settings.DATA / "sandbox.json")


def _describe(name: str, manifest: store.Manifest) -> snapshots.Snapshot:
    return snapshots.Snapshot(name, manifest.saved_at, manifest.bytes)


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "snapshots.list": list_snapshots,
    "snapshots.save": save,
    "snapshots.restore": restore,
    "snapshots.delete": delete,
    "snapshots.reset": reset,
}
