"""Code lists of tasks that both APIs use. Source: reference drchrono/enums.yaml."""

# Cerbo's word → the number that is stored, which DrChrono's API shows.
PRIORITIES = {"low": 10, "medium": 20, "high": 30, "urgent": 40}
# What a task may be about in DrChrono's API: type of the associated item → resource of its id.
ITEM_TYPES = {
    "Patient": "patients",
    "Appointment": "appointments",
    "Document": "documents",
    "Message": "messages",
    "Communication": "comm_logs",
    "Lab order": "lab_orders",
    "Lab result": "lab_results",
    "Lab document": "lab_documents",
}
# What a task may be about in Cerbo's API: type of the associated item → Cerbo's word. "Encounter" is a note without a
# visit, which DrChrono's API does not show.
RESOURCE_TYPES = {"Document": "document", "Appointment": "encounter", "Encounter": "encounter"}
