"""Who may use the clinical resources of the DrChrono API."""

SCOPES = ("clinical",)
PERMISSIONS = ("Access Clinical Notes",)
SHARED = "share_patients"
