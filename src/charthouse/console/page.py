"""What every page of the console has in common: somebody of a practice is signed in and may see it, the shell is drawn
around it, and a refusal of the engine is a page too."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

from charthouse.console.actor import actor_of
from charthouse.console.navigation import menu
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Conflict, Forbidden, Invalid, NotFound, RequestError
from charthouse.files import links
from charthouse.identity.models import User
from charthouse.identity.sessions import redirect_to_sign_in


class Request(HttpRequest):
    """A request of a page: ``user`` is of a practice, ``actor`` is what the engine knows of them."""

    user: User
    actor: Actor


View = Callable[..., HttpResponseBase]
_TITLES = {403: "Not allowed", 404: "Not found", 409: "Not possible"}


def page(
    *permissions: str, primary: bool = False, methods: tuple[str, ...] = ("GET",)
) -> Callable[[View], View]:
    """A view of the console. ``permissions``: all of them are needed, ``primary``: only for the primary user. HEAD
    goes with GET. The view may raise a Refusal; nothing of the answer is kept by browsers."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(request: Any, *args: Any, **values: Any) -> HttpResponseBase:
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
            request.actor = actor_of(request.user)
            links.set_origin(lambda: f"{request.scheme}://{request.get_host()}")
            try:
                _check(request.user, permissions, primary)
                return view(request, *args, **values)
            except RequestError as refusal:
                return refused(request, refusal)

        return answered

    return decorate


def show(
    request: Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The template within the shell. Templates lie in ``console/``."""
    drawn = {"menu": menu(request.user, request.path), **(values or {})}
    return render(request, f"console/{template}", drawn, status=status)


def refused(request: Request, refusal: RequestError) -> HttpResponse:
    """The page for what is not carried out."""
    detail = refusal.detail
    if isinstance(refusal, NotFound):
        detail = "There is nothing at this address, or it is not for you to see."
    if isinstance(refusal, Invalid):
        detail = " ".join(messages_of(refusal.errors))
    title = _TITLES.get(refusal.status, "That did not work")
    return show(request, "refused.html", {"title": title, "detail": detail}, refusal.status)


def messages_of(errors: Any) -> list[str]:
    """All messages in a tree of errors."""
    if isinstance(errors, Mapping):
        return [text for inner in errors.values() for text in messages_of(inner)]
    if isinstance(errors, list):
        return [text for inner in errors for text in messages_of(inner)]
    return [str(errors)]


def _check(user: User, permissions: tuple[str, ...], primary: bool) -> None:
    if primary and not user.is_primary:
        raise Forbidden("Only the primary user of a practice may open this page.")
    for name in permissions:
        if name not in user.permissions:
            raise Forbidden(f'You do not have the permission "{name}".')


__all__ = ["Conflict", "Request", "View", "messages_of", "page", "refused", "show"]
