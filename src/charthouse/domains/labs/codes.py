"""Code lists of laboratory orders and results that both APIs use. Source: reference drchrono/enums.yaml."""

# Of an order: code → Cerbo's words.
ORDER_STATUSES = {
    "N": "not sent",
    "Q": "queued",
    "A": "ABN required",
    "S": "sent",
    "R": "results received",
    "E": "error",
}
DOCUMENT_TYPES = ("REQ", "ABN", "R-A", "RES")
REQUISITION_TYPES = ("REQ", "R-A")  # documents that contain the requisition
# Of a test: the hosted API's code → the word that is stored. Results have the codes themselves (HL7 table 0085).
TEST_STATUSES = {"P": "preliminary", "I": "pending", "C": "correction", "F": "final", "X": "canceled"}
# Of an order: the hosted API's code → the word that is stored.
PRIORITIES = {"N": "NORMAL", "S": "STAT"}
# Of a result that a laboratory posts.
ABNORMAL_FLAGS = ("L", "LL", "H", "HH", "<", ">", "A", "AA", "S", "R", "I", "NEG", "POS", "N", "")
# Of a result that the practice enters: HL7 table 0078.
HL7_FLAGS = (
    "",
    "L",
    "H",
    "LL",
    "HH",
    "<",
    ">",
    "N",
    "A",
    "AA",
    "null",
    "U",
    "D",
    "B",
    "W",
    "S",
    "R",
    "I",
    "MS",
    "VS",
)
