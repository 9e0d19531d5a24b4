"""URLs of the pages for messages."""

from charthouse.console.messages.chart import MESSAGES
from charthouse.console.messages.inbox import INBOX

urlpatterns = [*MESSAGES.build_urls(), *INBOX.build_urls()]
