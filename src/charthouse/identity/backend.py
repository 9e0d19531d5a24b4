"""Passwords, and whose session this is."""

from django.contrib.auth.backends import ModelBackend

from charthouse.identity.models import User


class Backend(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        """The person with their practice, which every page needs, in one query."""
        user = User.objects.select_related("practice").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
