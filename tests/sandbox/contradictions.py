"""Statements that find rows which contradict others: none of them may find any."""

OVERLAPPING_APPOINTMENTS = """
    select a.id, b.id from scheduling_appointment a join scheduling_appointment b
        on a.id < b.id and a.practice_id = b.practice_id
       and (a.doctor_id = b.doctor_id or a.office_id = b.office_id and a.exam_room = b.exam_room)
       and a.scheduled_time < b.scheduled_time + b.duration * interval '1 minute'
       and b.scheduled_time < a.scheduled_time + a.duration * interval '1 minute'
"""
OUTSIDE_OF_OFFICE_HOURS = """
    select a.id from scheduling_appointment a
      join practice_office o on o.id = a.office_id
      join practice_doctor d on d.id = o.doctor_id,
           lateral (select a.scheduled_time at time zone d.timezone as starts) s,
           lateral (select starts + a.duration * interval '1 minute' as ends) e
     where extract(hour from starts) < o.start_hour
        or ends > date_trunc('day', starts) + o.end_hour * interval '1 hour'
        or extract(isodow from starts) > 5
        or not exists (select from practice_examroom r where r.office_id = o.id and r.index = a.exam_room)
"""
LAST_TRANSITION_TO_ANOTHER_STATUS = """
    select * from (
        select distinct on (a.id) a.id, status, to_status
          from scheduling_appointment a join scheduling_statustransition t on t.appointment_id = a.id
         order by a.id, changed_at desc, t.id desc
    ) last where to_status <> status
"""
COMPLETED_IN_THE_FUTURE = """
    select id from scheduling_appointment
     where status in ('Complete', 'No Show', 'In Session') and scheduled_time > now()
"""
WRONG_NOTE = """
    select a.id from scheduling_appointment a left join clinical_clinicalnote n on n.appointment_id = a.id
     where (a.patient_id is null) <> (n.id is null) or n.patient_id <> a.patient_id or n.id <> a.id
        or n.locked_at < a.scheduled_time or n.locked_at > now()
"""
SIGNED_WITHOUT_REQUIRED_FIELD = """
    select n.id, f.name from clinical_clinicalnote n
      join clinical_clinicalnotefieldvalue v on v.appointment_id = n.appointment_id
      join clinical_clinicalnotefieldtype t on t.id = v.clinical_note_field_id
      join clinical_clinicalnotefieldtype f using (clinical_note_template_id)
     where n.locked_at is not null and f.required and not exists (
        select from clinical_clinicalnotefieldvalue o
         where o.appointment_id = n.appointment_id and o.clinical_note_field_id = f.id)
"""
OVERPAID_INVOICES = """
    select i.id from billing_invoice i,
        lateral (select sum(round(amount * quantity * discount_multiplier, 2)
                            - coalesce(amt_paid_by_insurance, 0)) as asked
                   from billing_invoiceline l join billing_charge c on c.id = l.charge_id where l.invoice_id = i.id) a,
        lateral (select coalesce(sum(amount), 0) as paid from billing_invoicepayment p where p.invoice_id = i.id) p
     where asked is null or paid > asked
"""
WRONGLY_CHARGED_SUBSCRIPTIONS = """
    select s.id from billing_subscription s left join billing_charge c on c.subscription_id = s.id
     group by s.id, s.billed having count(c.id) <> s.billed
        or bool_or(c.transaction_date <> billing_turn(s.start_date, s.schedule_frequency, c.period))
"""
# Antibiotics in tablets or capsules of adults for children under 12; headache diaries of patients without migraine.
ADULT_TABLETS_OF_CHILDREN = """
    select m.id from medications_medication m join patients_patient p on p.id = m.patient_id
     where p.date_of_birth > m.date_prescribed - interval '12 years'
       and m.name ~ '(Amoxicillin|Azithromycin|Cephalexin|Nitrofurantoin).*(tablet|capsule)'
"""
DIARIES_WITHOUT_HEADACHE = """
    select a.id from questionnaires_assignment a join questionnaires_questionnaire q on q.id = a.questionnaire_id
     where q.name = 'Headache diary' and not exists (
        select from clinical_problem c where c.patient_id = a.patient_id and c.icd_code like 'G43%')
"""

CONTRADICTIONS = (
    OVERLAPPING_APPOINTMENTS,
    OUTSIDE_OF_OFFICE_HOURS,
    LAST_TRANSITION_TO_ANOTHER_STATUS,
    COMPLETED_IN_THE_FUTURE,
    WRONG_NOTE,
    SIGNED_WITHOUT_REQUIRED_FIELD,
    OVERPAID_INVOICES,
    WRONGLY_CHARGED_SUBSCRIPTIONS,
    ADULT_TABLETS_OF_CHILDREN,
    DIARIES_WITHOUT_HEADACHE,
)
