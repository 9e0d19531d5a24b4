"""Outgoing messages: queued in the causing transaction, delivered once, retried, and erased."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connections, transaction
from django.test import override_settings

from charthouse import clock
from charthouse.identity import tenancy
from charthouse.outbox import delivery, queue
from charthouse.outbox.models import Outgoing
from tests.outbox import servers
from tests.support import Clinic, make_practice

SECRET = "Your appointment about something private"


@pytest.fixture
def settings() -> Iterator[Any]:
    """Django's settings, restored after the test."""
    with override_settings():
        from django.conf import settings as those

        yield those


@pytest.fixture
def clinic() -> Clinic:
    return make_practice()


@pytest.fixture
def mails(settings: Any) -> Iterator[servers.Received]:
    with servers.run_mail_server() as received:
        settings.SMTP_URL = received.url
        yield received


@pytest.fixture
def texts(settings: Any) -> Iterator[servers.Received]:
    with servers.run_sms_gateway() as received:
        settings.SMS_URL, settings.SMS_TOKEN = received.url, "a token"
        yield received


def email(clinic: Clinic, **values: Any) -> Outgoing:
    with tenancy.within(clinic.id):
        return queue.queue_email(
            clinic.id,
            "ada@patients.example",
            "About\r\nBcc: all@evil.example",
            SECRET,
            purpose="test",
            **values,
        )


def text(clinic: Clinic) -> Outgoing:
    with tenancy.within(clinic.id):
        return queue.queue_sms(clinic.id, "+15550100", SECRET, purpose="test")


def read_fresh(message: Outgoing) -> Outgoing:
    with tenancy.within(message.practice_id):
        return Outgoing.objects.get(pk=message.pk)


def test_email_is_sent_once_and_erased(clinic: Clinic, mails: servers.Received) -> None:
    message = email(clinic, reply_to="front@practice.example")
    assert delivery.deliver_message(clinic.id, message.pk)
    assert not delivery.deliver_message(clinic.id, message.pk), "once is enough"
    ((to, letter),) = mails.messages
    assert to == "ada@patients.example"
    assert "Subject: About Bcc: all@evil.example\r\n" in letter, "no header was slipped in"
    assert "Reply-To: front@practice.example" in letter
    assert SECRET in letter
    sent = read_fresh(message)
    assert sent.sent_at
    assert (sent.subject, sent.text) == ("", "")


def test_text_message_goes_to_the_gateway(clinic: Clinic, texts: servers.Received) -> None:
    message = text(clinic)
    assert delivery.deliver_message(clinic.id, message.pk)
    assert texts.messages == [("Bearer a token", {"to": "+15550100", "text": SECRET})]


def test_failures_are_retried_and_finally_given_up(clinic: Clinic, texts: servers.Received) -> None:
    texts.answers = [500, 302, 404, 500, 500]  # a redirect is a failure: the token goes nowhere else
    message = text(clinic)
    waited = timedelta(0)
    for pause in (timedelta(0), *delivery.RETRIES):
        waited += pause
        with clock.shift(waited):
            assert not delivery.deliver_message(clinic.id, message.pk)
    given_up = read_fresh(message)
    assert given_up.failed_at
    assert given_up.error == "the gateway answered 500"
    assert given_up.attempts == len(texts.messages) == 5
    with clock.shift(timedelta(days=30)):
        assert not delivery.deliver_message(clinic.id, message.pk)


def test_unreachable_server_is_recorded_as_failure(clinic: Clinic, settings: Any) -> None:
    settings.SMTP_URL = "smtp+plain://127.0.0.1:1"
    message = email(clinic)
    assert not delivery.deliver_message(clinic.id, message.pk)
    assert read_fresh(message).error == "ConnectionRefusedError"


@pytest.mark.parametrize("recipient", ["", "nobody", "a@b\r\nBcc: c@d.example", "ä@ö.example", "x" * 250])
def test_invalid_address_fails_only_its_own_message(
    clinic: Clinic, mails: servers.Received, recipient: str
) -> None:
    with tenancy.within(clinic.id):
        message = queue.queue_email(clinic.id, recipient, "Hello", SECRET, purpose="test")
    mails.answers = [550]
    assert not delivery.deliver_message(clinic.id, message.pk)
    assert mails.messages == []


def test_messages_wait_without_a_transport(clinic: Clinic) -> None:
    message = email(clinic)
    assert not delivery.deliver_message(clinic.id, message.pk)
    assert (read_fresh(message).attempts, read_fresh(message).text) == (0, SECRET)


def test_sandbox_sends_nothing_and_keeps_texts(
    clinic: Clinic, mails: servers.Received, settings: Any
) -> None:
    settings.SANDBOX = True
    message = email(clinic)
    assert delivery.deliver_message(clinic.id, message.pk)
    assert mails.messages == []
    assert read_fresh(message).sent_at
    assert read_fresh(message).text == SECRET


def test_rolled_back_write_sends_nothing(clinic: Clinic, mails: servers.Received) -> None:
    class Undone(Exception): ...

    def write() -> None:
        with tenancy.within(clinic.id), transaction.atomic():
            queue.queue_email(clinic.id, "ada@patients.example", "No", SECRET, purpose="test")
            raise Undone

    with pytest.raises(Undone):
        write()
    with tenancy.within(clinic.id):
        assert not Outgoing.objects.filter(practice=clinic.id).exists()


def test_two_workers_send_a_message_once(clinic: Clinic, texts: servers.Received) -> None:
    message = text(clinic)

    def work() -> None:
        try:
            delivery.deliver_message(clinic.id, message.pk)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(texts.messages) == 1


def test_message_claimed_by_a_killed_worker_is_sent_after_the_lease(
    clinic: Clinic, texts: servers.Received
) -> None:
    message = text(clinic)
    with tenancy.within(clinic.id):
        delivery._claim(clinic.id, message.pk)  # and then it is killed
    assert not delivery.deliver_message(clinic.id, message.pk)
    with clock.shift(delivery.LEASE):
        assert delivery.deliver_due_messages() >= 1
    assert read_fresh(message).sent_at


def test_messages_of_other_practices_are_unreachable(clinic: Clinic, texts: servers.Received) -> None:
    message = text(make_practice())
    assert not delivery.deliver_message(clinic.id, message.pk)
    with tenancy.within(clinic.id):
        assert not Outgoing.objects.filter(pk=message.pk).exists()


def test_django_mail_is_queued(clinic: Clinic, mails: servers.Received) -> None:
    with tenancy.within(clinic.id):
        assert mail.send_mail("New password", SECRET, None, ["user@practice.example"]) == 1
        message = Outgoing.objects.get(practice=clinic.id)
    assert mails.messages == []
    assert delivery.deliver_message(clinic.id, message.pk)
    assert mails.messages[0][0] == "user@practice.example"
    with pytest.raises(RuntimeError):
        mail.send_mail("New password", SECRET, None, ["user@practice.example"])
