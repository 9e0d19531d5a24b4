"""What a practice is owed, by patient and age, in one statement over all its rows: the definitions are those of
``ledger``, which a test compares."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from charthouse.domains.billing.ledger import AGES
from charthouse.identity import tenancy

PAGE_SIZE = 50  # patients

# Ages count from the service, or from the invoice; a payment that was put to nothing reduces the first.
_SQL = """
with decided as (
    select line_item_id, sum(ins_paid) as paid,
           coalesce(sum(adjustment) filter (where adjustment_group_code <> 'PR'), 0) as written_off,
           coalesce(sum(adjustment) filter (where adjustment_group_code = 'PR' and ins_name = answered), 0) as passed_on
      from (select *, max(ins_name) over (partition by line_item_id) as answered
              from billing_transaction where practice_id = %(practice)s and not archived) t
     group by line_item_id),
paid as (
    select line_item_id, sum(amount) as amount from billing_patientpayment
     where practice_id = %(practice)s and not archived and line_item_id is not null group by line_item_id),
lines as (
    select l.patient_id, coalesce(l.service_date, (a.scheduled_time at time zone d.timezone)::date) as day, l.self_pay,
           coalesce(l.billed, round(l.price * l.quantity, 2)) as billed, coalesce(decided.paid, 0) as insured,
           coalesce(decided.written_off, 0) as written_off, coalesce(decided.passed_on, 0) as passed_on,
           coalesce(paid.amount, 0) as paid
      from billing_lineitem l
      join scheduling_appointment a on a.practice_id = l.practice_id and a.id = l.appointment_id
      join practice_office o on o.practice_id = a.practice_id and o.id = a.office_id
      join practice_doctor d on d.practice_id = o.practice_id and d.id = o.doctor_id
      left join decided on decided.line_item_id = l.id
      left join paid on paid.line_item_id = l.id
     where l.practice_id = %(practice)s and not l.archived),
charges as (
    select c.id, c.patient_id, c.transaction_date as day, line.invoice_id,
           round(c.amount * c.quantity * c.discount_multiplier, 2) - coalesce(c.amt_paid_by_insurance, 0)
               - coalesce(c.amt_written_off, 0) as owed
      from billing_charge c
      left join billing_invoiceline line on line.practice_id = c.practice_id and line.charge_id = c.id
           and not line.released and not line.archived
     where c.practice_id = %(practice)s and not c.archived and c.voided_at is null),
owed as (
    select patient_id, day, 
           case when self_pay then billed - insured - written_off - paid else passed_on - paid end as owed,
           0 as unbilled, case when self_pay then 0 else billed - insured - written_off - passed_on end as insurance
      from lines
    union all
    select patient_id, day, owed, owed, 0 from charges where invoice_id is null
    union all
    select i.patient_id, i.date, coalesce(asked.owed, 0) - coalesce(received.amount, 0), 0, 0
      from billing_invoice i
      left join (select invoice_id, sum(owed) as owed from charges
                  where invoice_id is not null group by invoice_id) asked on asked.invoice_id = i.id
      left join (select invoice_id, sum(amount) as amount from billing_invoicepayment
                  where practice_id = %(practice)s and not archived group by invoice_id) received
        on received.invoice_id = i.id
     where i.practice_id = %(practice)s and not i.archived and i.voided_at is null
    union all
    select patient_id, %(today)s, -amount, 0, 0 from billing_patientpayment
     where practice_id = %(practice)s and not archived and line_item_id is null),
patients as (
    select patient_id, sum(owed) as owed, sum(unbilled) as unbilled, sum(insurance) as insurance,
           coalesce(sum(owed) filter (where %(today)s - day <= 30), 0) as age0,
           coalesce(sum(owed) filter (where %(today)s - day between 31 and 60), 0) as age1,
           coalesce(sum(owed) filter (where %(today)s - day between 61 and 90), 0) as age2,
           coalesce(sum(owed) filter (where %(today)s - day > 90), 0) as age3
      from owed join patients_patient p on p.practice_id = %(practice)s and p.id = owed.patient_id and not p.archived
     where %(doctor)s is null or p.doctor_id = %(doctor)s
     group by patient_id having sum(owed) <> 0 or sum(insurance) <> 0 or sum(unbilled) <> 0)
select p.patient_id, last_name, first_name, p.owed, p.unbilled, p.insurance, p.age0, p.age1, p.age2, p.age3,
       count(*) over (), sum(p.owed) over (), sum(p.unbilled) over (), sum(p.insurance) over (), sum(p.age0) over (),
       sum(p.age1) over (), sum(p.age2) over (), sum(p.age3) over ()
  from patients p join patients_patient n on n.practice_id = %(practice)s and n.id = p.patient_id
 order by p.owed desc, p.insurance desc, p.patient_id limit %(size)s offset %(first)s
"""


@dataclass(frozen=True)
class Sums:
    """``owed`` by patients, of which ``unbilled``; ``insurance``: not decided yet; ``ages``: of what is owed."""

    owed: Decimal
    unbilled: Decimal
    insurance: Decimal
    ages: tuple[Decimal, ...]


@dataclass(frozen=True)
class Debtor:
    """A patient who owes something, or whose insurers do."""

    patient: int
    name: str
    sums: Sums


def sum_receivables(
    practice: int, doctor: int | None, today: date, page: int = 1
) -> tuple[Sums, list[Debtor], int]:
    """Return the sums of the practice, or of one doctor's patients; a page of them, those who owe most first; and how
    many they are. ``page``: from 1; one after the last has no rows and no sums."""
    values = {
        "practice": practice,
        "doctor": doctor,
        "today": today,
        "size": PAGE_SIZE,
        "first": (page - 1) * PAGE_SIZE,
    }
    with tenancy.get_connection().cursor() as cursor:
        cursor.execute(
            _SQL.replace("%(doctor)s", "%(doctor)s::bigint").replace("%(today)s", "%(today)s::date"), values
        )
        rows: list[Any] = cursor.fetchall()
    if not rows:
        return _make_sums([Decimal(0)] * (3 + len(AGES) + 1)), [], 0
    debtors = [Debtor(row[0], f"{row[1]}, {row[2]}".strip(", "), _make_sums(row[3:10])) for row in rows]
    return _make_sums(rows[0][11:]), debtors, rows[0][10]


def _make_sums(values: Any) -> Sums:
    owed, unbilled, insurance, *ages = values
    return Sums(owed, unbilled, insurance, tuple(ages))
