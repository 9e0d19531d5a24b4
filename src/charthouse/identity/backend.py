"""Authentication backend for passwords and sessions."""

from django.contrib.auth.backends import ModelBackend

from charthouse.identity.models import User


class Backend(ModelBackend):
    """Django's model backend that loads a user together with their practice."""

    def get_user(self, user_id: int) -> User | None:
        """Return the active user with their practice, in one query."""
        try:
            user = User.objects.select_related("practice").get(pk=user_id)
        except User.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None
