"""Snapshots of the whole sandbox, and copies of it that run alongside."""

from typing import Annotated

import msgspec
from msgspec import Meta

from charthouse.toolkit.controls.clock import NoParameters
from charthouse.toolkit.declaration import Control, Parameters

SEED = "seed"  # the snapshot that is made when the sandbox is
Name = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9_-]{0,29}$",
        description="Name: up to 30 lowercase letters, digits, hyphens, and underscores.",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535)]


class SnapshotParameters(Parameters):
    name: Name


class Snapshot(msgspec.Struct):
    name: str
    saved_at: str
    bytes: int


class Snapshots(msgspec.Struct):
    snapshots: list[Snapshot]


class Restored(msgspec.Struct):
    name: str
    ms: float


class Deleted(msgspec.Struct):
    deleted: bool = True


class ForkParameters(Parameters):
    port: Annotated[Port | None, Meta(description="Port on 127.0.0.1. Default: a free one.")] = None


class ForkReference(Parameters):
    port: Annotated[Port, Meta(description="Port of the fork.")]


class Fork(msgspec.Struct):
    port: int
    base_url: str
    data: str


class Forks(msgspec.Struct):
    forks: list[Fork]


CONTROLS = (
    Control("snapshots.list", "GET", "/snapshots", "List the snapshots.", NoParameters, Snapshots),
    Control(
        "snapshots.save", "POST", "/snapshots",
        "Save everything under a name: the record, files, tokens, webhooks, and the clock.",
        SnapshotParameters, Snapshot, ("name",),
    ),
    Control(
        "snapshots.restore", "POST", "/snapshots/{name}/restore",
        "Restore a snapshot. Running requests finish first.", SnapshotParameters, Restored, ("name",),
    ),
    Control(
        "snapshots.delete", "DELETE", "/snapshots/{name}", "Delete a snapshot.", SnapshotParameters, Deleted,
        ("name",),
    ),
    Control(
        "snapshots.reset", "POST", "/reset",
        "Restore the sandbox's initial state, with a running clock.", NoParameters, Restored,
    ),
    Control("forks.list", "GET", "/forks", "List the running copies of this sandbox.", NoParameters, Forks),
    Control(
        "forks.create", "POST", "/forks",
        "Run a copy of this sandbox's current state on another port, until this one stops.", ForkParameters, Fork,
    ),
    Control(
        "forks.delete", "DELETE", "/forks/{port}", "Stop a copy and delete its data.", ForkReference, Deleted,
        ("port",),
    ),
)  # fmt: skip
