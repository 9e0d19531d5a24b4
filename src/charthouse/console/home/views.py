"""The first page of the console."""

from django.http import HttpResponseBase

from charthouse.console.kit.page import Request, page, render_page


@page()
def show_home(request: Request) -> HttpResponseBase:
    """Show the menu as tiles."""
    return render_page(request, "home/home.html")
