from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who saw or did what."""

    name = "charthouse.audit"
    label = "audit"

    def ready(self) -> None:
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

        from charthouse.audit import events
        from charthouse.identity.audit_events import subscribe

        subscribe(events.record)
        user_logged_in.connect(events.signed_in, dispatch_uid="audit_signed_in")
        user_logged_out.connect(events.signed_out, dispatch_uid="audit_signed_out")
        user_login_failed.connect(events.failed, dispatch_uid="audit_failed")
        user_locked_out.connect(events.locked_out, dispatch_uid="audit_locked_out")
