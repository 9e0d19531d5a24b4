from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log: who read, changed or did what."""

    name = "charthouse.audit"
    label = "audit"

    def ready(self) -> None:
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

        from charthouse.audit import events
        from charthouse.identity.audit_events import subscribe

        subscribe(events.record_event)
        user_logged_in.connect(events.record_sign_in, dispatch_uid="audit_signed_in")
        user_logged_out.connect(events.record_sign_out, dispatch_uid="audit_signed_out")
        user_login_failed.connect(events.record_failed_sign_in, dispatch_uid="audit_failed")
        user_locked_out.connect(events.record_lockout, dispatch_uid="audit_locked_out")
