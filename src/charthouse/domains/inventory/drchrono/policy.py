"""Who may use the inventory resources of the DrChrono API."""

SCOPES = ("clinical",)
PERMISSIONS = ("Access Clinical Notes",)
SHARED = "share_inventory"
