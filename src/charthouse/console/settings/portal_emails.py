"""Texts of the practice's portal e-mails, for its primary user."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.console.kit.forms import Form, Input
from charthouse.console.kit.page import Request, page, render_page
from charthouse.domains.patients import email_templates
from charthouse.engine.errors import Invalid

_LABELS = {
    "invitation_subject": "Invitation: subject",
    "invitation_text": "Invitation: text",
    "password_subject": "New password: subject",
    "password_text": "New password: text",
}
_ABOUT = "What patients read when they are invited or ask for a new password. Leave empty to use the default text. "


@page(primary=True, methods=("GET", "POST"))
def edit_emails(request: Request) -> HttpResponseBase:
    """Edit subjects and texts of the portal's e-mails."""
    practice, refusal = request.actor.practice, None
    words = email_templates.get_templates(practice)
    if request.method == "POST":
        words = {
            name: request.POST.get(name, "").replace("\r\n", "\n").strip()
            for name in email_templates.DEFAULT_TEMPLATES
        }
        try:
            email_templates.save_templates(practice, words)
        except Invalid as error:
            refusal = error
        else:
            messages.success(request, "Saved.")
            return redirect("portal-emails")
    inputs = [
        Input(
            name, _LABELS[name], "textarea" if name.endswith("text") else "text", value=words[name], rows=10
        )
        for name in email_templates.DEFAULT_TEMPLATES
    ]
    named = ", ".join(f"{{{name}}} {words}" for name, words in email_templates.PLACEHOLDERS.items())
    values = {
        "title": "Portal e-mails",
        "about": f"{_ABOUT}Placeholders: {named}.",
        "form": Form(inputs).with_errors(refusal),
    }
    return render_page(request, "kit/edit.html", values, 400 if refusal else 200)
