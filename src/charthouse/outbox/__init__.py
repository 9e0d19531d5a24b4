"""Outgoing e-mails and text messages (a transactional outbox).

A message is a row written in the transaction that causes it, so nothing is sent for a rolled-back transaction and
nothing is lost when a process is killed. The worker hands it to SMTP or to the SMS gateway, at most once per lease, and
retries failures before it marks the message as failed. A sandbox sends nothing: its outbox page shows the rows.
"""
