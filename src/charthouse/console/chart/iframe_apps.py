"""Apps in sandboxed iframes on the chart and on a visit's page.

An app is shown while its doctor has it switched on (``iframe_integration``) and authorized. The page's content security
policy allows the origin of the app shown and no other. The URL carries signed claims (``identity.iframes``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpResponseBase

from charthouse.console.kit.page import Request
from charthouse.domains.practice.models import IframeApp
from charthouse.identity import content_security_policy, iframes
from charthouse.identity.models import Application, RefreshToken


@dataclass(frozen=True)
class Frame:
    """An iframe. ``height``: pixels."""

    name: str
    address: str
    height: int

    @property
    def origin(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


def list_apps(request: Request, **kind: str) -> list[Application]:
    """List the apps that the user's doctor has on, by name. ``kind``: filters that exclude apps."""
    actor = request.actor
    if actor.doctor is None:
        return []
    shown = IframeApp.objects.filter(practice=actor.practice, doctor=actor.doctor, archived=False)
    authorised = RefreshToken.objects.filter(
        user__practice=actor.practice, user__doctor_id=actor.doctor, revoked=None
    )
    rows = Application.objects.filter(pk__in=shown.values("app")).filter(
        pk__in=authorised.values("application")
    )
    return list(rows.exclude(**kind).order_by("name", "pk")[:10])


def list_visit_frames(request: Request, visit: int, patient: int) -> list[Frame]:
    """List the iframes on the page of a visit."""
    doctor = request.actor.doctor or 0
    found = []
    for app in list_apps(request, note_iframe_url=""):
        address = iframes.build_note_url(
            app, doctor=doctor, patient=patient, practice=request.actor.practice, appointment=visit
        )
        if address is not None:
            found.append(Frame(app.name, address, app.note_iframe_height))
    return found


def allow_frames(response: HttpResponseBase, frames: Sequence[Frame]) -> None:
    """Allow the frames' origins, and no others, in the page's content security policy."""
    if frames:
        content_security_policy.allow_frames(response, *sorted({frame.origin for frame in frames}))
