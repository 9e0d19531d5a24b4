"""What leaves the house by post: e-mails and text messages to people.

A message is a row, written in the transaction that caused it, so nothing is sent for what was rolled back and nothing
is lost when a process is killed. The worker hands it to SMTP or to the SMS gateway, up to once a lease; in a sandbox
nothing leaves: the rows are the outbox. May refuse: nothing, what can't be sent is tried again and then marked.
"""
