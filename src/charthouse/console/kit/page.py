"""What all console pages share: authentication, permissions, the layout, and pages for refusals."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render

from charthouse.console.kit import local_times
from charthouse.console.kit.actor import build_actor
from charthouse.console.kit.navigation import build_menu
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Conflict, Forbidden, Gone, Invalid, NotFound, RequestError
from charthouse.identity.models import User
from charthouse.identity.operators import is_operator
from charthouse.identity.sessions import redirect_to_sign_in


class Request(HttpRequest):
    """A request of a page. ``user`` belongs to a practice; ``actor`` is the user as the engine's actor."""

    user: User
    actor: Actor


View = Callable[..., HttpResponseBase]
_TITLES = {403: "Not allowed", 404: "Not found", 409: "Not possible"}


def page(
    *permissions: str, primary: bool = False, operator: bool = False, methods: tuple[str, ...] = ("GET",)
) -> Callable[[View], View]:
    """Decorate a view of the console.

    ``permissions``: all of them are required. ``primary``: only for the primary user. ``operator``: only for those
    who operate the installation; for others there is no such page. HEAD is allowed where GET is. The view may raise a
    RequestError, which is rendered. Answers are not cached (``no-store``).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def respond(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            response = _answer(request, *args, **values)
            response["Cache-Control"] = "no-store"
            return response

        def _answer(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_sign_in(request)
            if request.user.practice_id is None:
                return render(request, "charthouse/no_practice.html", status=403)
            if request.method not in (*methods, "HEAD"):
                return HttpResponseNotAllowed(methods)
            request.actor = build_actor(request.user)
            with local_times.use_zone_of(request.user):
                try:
                    if operator and not is_operator(request.user):
                        raise NotFound
                    _authorize(request.user, permissions, primary)
                    return view(request, *args, **values)
                except RequestError as refusal:
                    return render_error(request, refusal)

        return respond

    return decorate


def render_page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a template of ``console/`` in the layout, with the menu."""
    context = {"menu": build_menu(request.user, request.path), **(values or {})}
    return render(request, f"console/{template}", context, status=status)


def render_error(request: Request, refusal: RequestError) -> HttpResponse:
    """Render the page of a refusal. Pages of a patient who was merged lead to the one who stayed."""
    if isinstance(refusal, Gone) and request.method in ("GET", "HEAD"):
        messages.info(request, "This patient was merged with another. This is the chart that has everything.")
        return redirect("patient", refusal.merged_into)
    detail = refusal.detail
    if isinstance(refusal, NotFound):
        detail = "This page doesn't exist, or you don't have access to it."
    if isinstance(refusal, Invalid):
        detail = " ".join(list_messages(refusal.errors))
    title = _TITLES.get(refusal.status, "That did not work")
    return render_page(request, "kit/refused.html", {"title": title, "detail": detail}, refusal.status)


def get_page_number(request: HttpRequest, last: int) -> int:
    """Get the number of the page of a list that the query asks for, from 1 to ``last``; 1 for anything else."""
    text = request.GET.get("page", "")
    return min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def list_messages(errors: Any) -> list[str]:
    """List all messages in a tree of errors."""
    if isinstance(errors, Mapping):
        return [text for inner in errors.values() for text in list_messages(inner)]
    if isinstance(errors, list):
        return [text for inner in errors for text in list_messages(inner)]
    return [str(errors)]


def _authorize(user: User, permissions: tuple[str, ...], primary: bool) -> None:
    if primary and not user.is_primary:
        raise Forbidden("Only the primary user of a practice may open this page.")
    for name in permissions:
        if name not in user.permissions:
            raise Forbidden(f'You do not have the permission "{name}".')


__all__ = [
    "Conflict",
    "Request",
    "View",
    "get_page_number",
    "list_messages",
    "page",
    "render_error",
    "render_page",
]
