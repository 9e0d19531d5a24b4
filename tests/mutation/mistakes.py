"""Mistakes that a tired colleague would make, each of which a test must notice: ``make mutants MODULES=mistakes``."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutation.mutants import Mutant, read_source


@dataclass(frozen=True)
class Mistake:
    """``was`` is in the module's source once, and becomes ``becomes``. ``tests``: those that notice it."""

    title: str
    module: str
    was: str
    becomes: str
    tests: tuple[str, ...]


FANOUT, PERIODS = "charthouse.changes.fanout", "charthouse.changes.periods"
QUEUE, TOKENS = "charthouse.changes.delivery_queue", "charthouse.identity.token_pairs"
CODES, LINKS = "charthouse.identity.oauth_validator", "charthouse.identity.password_links"
POSTINGS, CHARGES, INVOICES = (
    f"charthouse.domains.billing.{name}" for name in ("postings", "charges", "invoices")
)
SCHEDULING, READING = "charthouse.domains.scheduling", "charthouse.engine.execution.reading"
WRITING, SEALS = "charthouse.engine.execution.writing", "charthouse.audit.seals"

BATCHES = ("tests/changes/test_fanout.py",)
OUTCOMES = (
    "tests/changes/test_events.py::test_a_transaction_is_told_by_what_it_leaves",
    "tests/changes/test_events.py::test_a_part_deleted_with_its_owner_does_not_modify_it",
)
EDGES = ("tests/changes/test_periods.py::test_a_change_at_an_edge_is_in_one_period",)
BY_HAND = ("tests/changes/test_delivery_queue.py",)
ENDED = ("tests/identity/test_ended_access.py::test_what_ends_access",)
DELETED = ("tests/domains/test_state_changes.py::test_nothing_is_posted_on_a_deleted_charge",)
TIMES = ("tests/domains/billing/test_updated_at.py",)
BELOW = ("tests/contract/test_deleted.py::test_a_path_below_a_deleted_patient_is_not_found",)
ROOMS = ("tests/domains/test_state_changes.py::test_an_archived_exam_room",)

MISTAKES = (
    Mistake(
        "a batch is read whose last transaction is cut",
        FANOUT,
        "return whole, whole[-1].position, True",
        "return whole, following, True",
        BATCHES,
    ),
    Mistake(
        "a transaction is divided between two batches",
        FANOUT,
        "entry.position.txid != entries[-1].position.txid",
        "True",
        BATCHES,
    ),
    Mistake(
        "a transaction longer than a batch is divided",
        FANOUT,
        "MAX_TRANSACTION_CHANGES)\n    )",
        "MAX_CHANGES)\n    )",
        BATCHES,
    ),
    Mistake(
        "the reader's position is not stored",
        FANOUT,
        'reader.save(using="owner")',
        "pass",
        BATCHES,
    ),
    Mistake(
        "created and deleted in one transaction",
        FANOUT,
        'return "insert" if is_there else ""',
        'return "insert"',
        OUTCOMES,
    ),
    Mistake(
        "modified and deleted in one transaction",
        FANOUT,
        'return "update" if is_there else "delete" if was_there else ""',
        'return "update"',
        OUTCOMES,
    ),
    Mistake(
        "a part's deletion modifies the owner",
        FANOUT,
        'return outcome == "update" or (_is_specific(binding) and outcome != "")',
        "return True",
        OUTCOMES,
    ),
    Mistake(
        "a change is told twice at the edge of a period",
        PERIODS,
        "at < %(end)s and",
        "at <= %(end)s and",
        EDGES,
    ),
    Mistake(
        "a change at the start of a period is left out",
        PERIODS,
        "at >= %(start)s",
        "at > %(start)s",
        EDGES,
    ),
    Mistake(
        "a late change is told again after it was told",
        PERIODS,
        "not pg_visible_in_snapshot(txid, case when at",
        "true or not pg_visible_in_snapshot(txid, case when at",
        EDGES,
    ),
    Mistake(
        "an app that this user revoked, another of theirs",
        QUEUE,
        "t.application_id = w.application_id and t.user_id = d.user_id",
        "t.user_id = d.user_id",
        ("tests/changes/test_webhooks.py::test_deauthorized_app_gets_no_waiting_deliveries",),
    ),
    Mistake(
        "a user who revoked an app, another user of it",
        QUEUE,
        "t.application_id = w.application_id and t.user_id = d.user_id",
        "t.application_id = w.application_id",
        ("tests/changes/test_webhooks.py::test_deauthorized_app_gets_no_waiting_deliveries",),
    ),
    Mistake(
        "attempts by hand are counted",
        QUEUE,
        "'$[*] ? (@.by_hand == false)'",
        "'$[*]'",
        BY_HAND,
    ),
    Mistake(
        "an attempt by hand counts as automatic",
        QUEUE,
        "+ (not claim.delivery.by_hand)",
        "+ 1",
        BY_HAND,
    ),
    Mistake(
        "by hand is not reset",
        QUEUE,
        "by_hand = false, next_try",
        "next_try",
        BY_HAND,
    ),
    Mistake(
        "codes outlive the app's access",
        TOKENS,
        "codes.filter(expires__gt=clock.now()).update(expires=clock.now())",
        "pass",
        ENDED,
    ),
    Mistake(
        "an expired code is exchanged",
        TOKENS,
        "unused.filter(expires__gt=now).update",
        "unused.update",
        ("tests/identity/test_ended_access.py::test_a_code_that_is_withdrawn_while_it_is_exchanged",),
    ),
    Mistake(
        "tokens of a code used twice stay",
        TOKENS,
        "RefreshToken.revoke_family(grant.token_family)\n        _emit",
        "_emit",
        ("tests/identity/test_oauth.py::test_reusing_a_code_revokes_its_tokens",),
    ),
    Mistake(
        "redirect_uri may be left out",
        CODES,
        "if request.using_default_redirect_uri and request.grant.redirect_uri_given:",
        "if False:",
        ("tests/identity/test_ended_access.py::test_the_redirect_uri_of_a_token_request",),
    ),
    Mistake(
        "NUL in the client id",
        CODES,
        'client_id and "\\0" not in client_id',
        "client_id",
        ("tests/identity/test_oauth.py::test_a_nul_in_the_credentials_of_an_app_is_refused",),
    ),
    Mistake(
        "a link outlives a change of password",
        LINKS,
        "hashed: str = super()._make_hash_value(user, timestamp)",
        'hashed = f"{user.pk}{user.last_login}{timestamp}{user.email}"',
        ENDED,
    ),
    Mistake(
        "a link outlives switching the user off",
        LINKS,
        "{user.sign_in_generation or ''}",
        "",
        ENDED,
    ),
    Mistake(
        "password changed by link: no event",
        "charthouse.identity.password_reset",
        """            emit_audit_event(
                "password changed", practice_id=user.practice_id, user_id=user.pk, details={"by": "link"}
            )
""",
        "",
        ("tests/audit/test_identity_events.py::test_each_act_is_an_event",),
    ),
    Mistake(
        "password changed on the page: no event",
        "charthouse.console.account.views",
        """                emit_audit_event(
                    "password changed", practice_id=request.actor.practice, user_id=request.user.pk
                )
""",
        "",
        ("tests/audit/test_identity_events.py::test_each_act_is_an_event",),
    ),
    Mistake(
        "sealing while a batch of the log is open",
        SEALS,
        '        if _read_number(cursor, "select pg_snapshot_xmin(pg_current_snapshot())") >= mark.xact:\n',
        "        if True:\n",
        ("tests/audit/test_seals.py::test_rows_of_an_open_insert_are_sealed",),
    ),
    Mistake(
        "no retry after a deadlock",
        WRITING,
        "if connection.in_atomic_block else MAX_ATTEMPTS",
        "if True else MAX_ATTEMPTS",
        ("tests/engine/test_writing.py",),
    ),
    Mistake(
        "an archived coverage pays",
        POSTINGS,
        "rank=1, archived=False",
        "rank=1",
        ("tests/domains/test_state_changes.py::test_a_coverage_that_was_taken_away_pays_nothing",),
    ),
    Mistake(
        "a payment on a deleted charge",
        POSTINGS,
        "item is not None and item.archived",
        "False",
        # The reference to a charge that is deleted already is refused before.
        ("tests/domains/billing/test_line_item_sums.py::test_line_item_is_deleted_or_paid_but_not_both",),
    ),
    Mistake(
        "a transaction on a deleted charge",
        POSTINGS,
        "if item.archived:",
        "if False:",
        DELETED,
    ),
    Mistake(
        "a voided payment leaves its updated_at",
        POSTINGS,
        'update_fields=["archived", "updated_at"]',
        'update_fields=["archived"]',
        TIMES,
    ),
    Mistake(
        "a voided payment leaves its charge's updated_at",
        POSTINGS,
        """            item.save(update_fields=["updated_at"])
        log""",
        """            pass
        log""",
        TIMES,
    ),
    Mistake(
        "a payment leaves its charge's updated_at",
        POSTINGS,
        'item.save(update_fields=["updated_at"])  # its',
        "pass  # its",
        TIMES,
    ),
    Mistake(
        "a transaction leaves its charge's updated_at",
        POSTINGS,
        """        item.save(update_fields=["updated_at"])
        return""",
        "        return",
        TIMES,
    ),
    Mistake(
        "a voided charge leaves its updated_at",
        CHARGES,
        '["voided_at", *row.set_authors(call.actor), "updated_at"]',
        '["voided_at", *row.set_authors(call.actor)]',
        TIMES,
    ),
    Mistake(
        "a voided invoice leaves its updated_at",
        INVOICES,
        '["voided_at", *row.set_authors(call.actor), "updated_at"]',
        '["voided_at", *row.set_authors(call.actor)]',
        TIMES,
    ),
    Mistake(
        "a released line leaves its updated_at",
        INVOICES,
        '["released", "updated_at"]',
        '["released"]',
        TIMES,
    ),
    Mistake(
        "a reversed payment leaves its updated_at",
        INVOICES,
        '["archived", *payment.set_authors(call.actor), "updated_at"]',
        '["archived", *payment.set_authors(call.actor)]',
        TIMES,
    ),
    Mistake(
        "an archived exam room is booked",
        f"{SCHEDULING}.booking",
        'and r."index" = %s::bigint and not r.archived ',
        'and r."index" = %s::bigint ',
        ROOMS,
    ),
    Mistake(
        "an archived exam room is available",
        f"{SCHEDULING}.drchrono.availability",
        "r.office_id = office.id and not r.archived",
        "r.office_id = office.id",
        ("tests/domains/scheduling/test_availability.py::test_a_room_must_be_free",),
    ),
    Mistake(
        "Cerbo offers an archived exam room",
        f"{SCHEDULING}.bookable_windows",
        "office__in=offices, archived=False",
        "office__in=offices",
        (
            "tests/domains/scheduling/test_cerbo_availability.py::test_a_room_is_needed_but_for_video_and_for_sharing",
        ),
    ),
    Mistake(
        "rows below a deleted parent are listed",
        READING,
        "            require_parents(self.resource, self.actor, self.parent_ids)\n",
        "            pass\n",
        BELOW,
    ),
    Mistake(
        "a row is added below a deleted parent",
        WRITING,
        "reading.require_parents(resource, actor, parent_ids)",
        "pass",
        BELOW,
    ),
    Mistake(
        "rows of a deleted owner are shown on request",
        "charthouse.engine.execution.planning",
        "rows = rows.filter(Q(archived=False) | ~orphaned)",
        "pass",
        (
            "tests/contract/test_deleted.py::test_rows_below_a_deleted_row_are_in_no_answer_until_it_is_restored",
        ),
    ),
    Mistake(
        "a template in an archived exam room",
        f"{SCHEDULING}.hooks",
        """        index=change.get("exam_room"),
        archived=False,
""",
        """        index=change.get("exam_room"),
""",
        ROOMS,
    ),
    Mistake(
        "Cerbo books an archived exam room",
        f"{SCHEDULING}.cerbo.booking",
        "office=office, archived=False",
        "office=office",
        ROOMS,
    ),
    Mistake(
        "a new row refers to an archived one",
        "charthouse.engine.execution.references",
        "return rows.filter(archived=False)",
        "return rows",
        ("tests/contract/test_archived_references.py",),
    ),
)


def list_mistakes() -> Iterator[Mutant]:
    for mistake in MISTAKES:
        yield make_mutant(mistake)


def make_mutant(mistake: Mistake) -> Mutant:
    source = read_source(mistake.module)
    assert source.count(mistake.was) == 1, f"{mistake.title}: the code has changed"
    line = source[: source.index(mistake.was)].count("\n") + 1
    mutated = source.replace(mistake.was, mistake.becomes)
    return Mutant(mistake.module, mistake.title, line, mutated, mistake.tests)
