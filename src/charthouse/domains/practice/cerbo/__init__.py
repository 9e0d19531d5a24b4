"""Resources and operations of the practice in Cerbo's API."""

from charthouse.domains.practice.cerbo import users

RESOURCES = [users.users]
OPERATIONS = [users.validate_credentials]
