"""Apps within our pages: in a sandboxed frame, on the chart and on the page of a visit, for the doctors who let them.

An app is shown while its doctor has it switched on (``iframe_integration``) and authorised. The page's policy lets in
the origin of the app that is shown and no other; the address carries who looks at whom, signed (``identity.iframes``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpResponseBase

from charthouse.console.page import Request
from charthouse.domains.practice.models import IframeApp
from charthouse.identity import iframes
from charthouse.identity.content_security_policy import set_content_security_policy
from charthouse.identity.models import Application, RefreshToken


@dataclass(frozen=True)
class Frame:
    """``height`` in pixels."""

    name: str
    address: str
    height: int

    @property
    def origin(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


def apps(request: Request, **kind: str) -> list[Application]:
    """The apps that the person's doctor has on their pages, by name; ``kind`` excludes those without that address."""
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


def of_visit(request: Request, visit: int, patient: int) -> list[Frame]:
    """The apps on the page of a visit's note."""
    doctor = request.actor.doctor or 0
    found = []
    for app in apps(request, note_iframe_url=""):
        address = iframes.build_note_url(
            app, doctor=doctor, patient=patient, practice=request.actor.practice, appointment=visit
        )
        if address is not None:
            found.append(Frame(app.name, address, app.note_iframe_height))
    return found


def let_in(response: HttpResponseBase, frames: Sequence[Frame]) -> None:
    """Let the page show these frames, and nothing else from elsewhere."""
    if frames:
        set_content_security_policy(response)
        origins = " ".join(sorted({frame.origin for frame in frames}))
        response["Content-Security-Policy"] += f"; frame-src {origins}"
