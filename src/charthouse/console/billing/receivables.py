"""What the practice is owed: unbilled, outstanding and by age."""

from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.urls import reverse

from charthouse import clock
from charthouse.console.billing.account import AGES
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.resources.billing import ACCOUNT
from charthouse.domains.billing.receivables import sum_receivables
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor
from charthouse.identity import loaded_rows


@page("Manage Patients", *ACCOUNT)
def show_receivables(request: Request) -> HttpResponseBase:
    """List the patients who owe most, with the sums of the practice, or of the doctor that the query names."""
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
    sums, debtors, count = sum_receivables(
        request.actor.practice, chosen.pk if chosen else (-1 if own else None), today
    )
    loaded_rows.note(Patient._meta.db_table, [one.patient for one in debtors])
    values = {
        "title": "Receivables",
        "sums": sums,
        "ages": list(zip(AGES, sums.ages, strict=True)),
        "age_names": AGES,
        "debtors": [(one, reverse("chart-account", args=[one.patient])) for one in debtors],
        "more": count - len(debtors),
        "doctors": [] if own else doctors,
        "chosen": chosen,
        "today": today,
    }
    return render_page(request, "billing/receivables.html", values)
