"""What the practice is owed: unbilled, outstanding and by age."""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse import clock
from charthouse.console.billing.account import AGES
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, get_page_number, page, render_page
from charthouse.console.resources.billing import ACCOUNT
from charthouse.domains.billing.receivables import PAGE_SIZE, sum_receivables
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor
from charthouse.identity import loaded_rows

MAX_PAGE = 10_000


@page("Manage Patients", *ACCOUNT)
def show_receivables(request: Request) -> HttpResponseBase:
    """List the patients who owe something, those who owe most first, with the sums of the practice, or of the doctor
    that the query names."""
    doctors = list(
        Doctor.objects.filter(practice=request.actor.practice, archived=False).order_by("last_name", "pk")
    )
    asked = request.GET.get("doctor", "")
    chosen = next((one for one in doctors if str(one.pk) == asked), None)
    own = records.get_resource("patients").policy.sees_only_own(request.actor)
    if own:
        chosen = next((one for one in doctors if one.pk == request.actor.doctor), None)
    zone = (chosen or doctors[0]).timezone if doctors else "UTC"
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    of = chosen.pk if chosen else (-1 if own else None)
    number = get_page_number(request, MAX_PAGE)
    sums, debtors, count = sum_receivables(request.actor.practice, of, today, number)
    if number > 1 and not debtors:  # some have paid since the page before
        return redirect("receivables")
    loaded_rows.note(Patient._meta.db_table, [one.patient for one in debtors])
    values = {
        "title": "Receivables",
        "sums": sums,
        "ages": list(zip(AGES, sums.ages, strict=True)),
        "age_names": AGES,
        "debtors": [(one, reverse("chart-account", args=[one.patient])) for one in debtors],
        "count": count,
        "first": (number - 1) * PAGE_SIZE + 1,
        "last": (number - 1) * PAGE_SIZE + len(debtors),
        "previous": _build_address(asked, number - 1) if number > 1 else "",
        "next": _build_address(asked, number + 1) if number * PAGE_SIZE < count else "",
        "doctors": [] if own else doctors,
        "chosen": chosen,
        "today": today,
    }
    return render_page(request, "billing/receivables.html", values)


def _build_address(doctor: str, number: int) -> str:
    return f"?{urlencode({'doctor': doctor, 'page': number} if doctor else {'page': number})}"
