"""Code lists of stock and vaccine records. Source: reference drchrono/enums.yaml."""

STOCK_STATUSES = ("active", "inactive", "archived", "voided")
FUNDING_ELIGIBILITIES = ("", "V01", "V02", "V03", "V04", "V05", "V07")
RECORD_SOURCES = ("", "00", "01", "02", "03", "04", "05", "06", "07", "08")

# HL7 tables 0162 and 0163
# fmt: off
ROUTES = (
    "", "AP", "B", "DT", "EP", "ET", "GTT", "GU", "IA", "IB", "IC", "ICV", "ID", "IH", "IHA", "IM", "IMR",
    "IN", "IO", "IP", "IS", "IT", "IU", "IV", "MM", "MTH", "NG", "NP", "NS", "NT", "OP", "OT", "OTH", "PF",
    "PO", "PR", "RM", "SC", "SD", "SL", "TD", "TL", "TP", "TRA", "UR", "VG", "VM", "WND",
)

SITES = (
    "", "BE", "BN", "BU", "CT", "LA", "LAC", "LACF", "LD", "LE", "LEJ", "LF", "LG", "LH", "LIJ", "LLAQ",
    "LLFA", "LMFA", "LN", "LPC", "LSC", "LT", "LUA", "LUAQ", "LUFA", "LVG", "LVL", "NB", "OD", "OS", "OU",
    "PA", "PERIN", "RA", "RAC", "RACF", "RD", "RE", "REJ", "RF", "RG", "RH", "RIJ", "RLAQ", "RLFA", "RMFA",
    "RN", "RPC", "RSC", "RT", "RUA", "RUAQ", "RUFA", "RVG", "RVL",
)
# fmt: on

# SNOMED CT; reference enums.yaml observed_immunity
IMMUNITIES = {
    398102009: "acute poliomyelitis",
    409498004: "anthrax",
    397428000: "diphtheria",
    18624000: "disease due to Rotavirus",
    91428005: "Haemophilus influenzae infection",
    271511000: "hepatitis B immune",
    240532009: "human papillomavirus infection",
    6142004: "influenza",
    52947006: "Japanese encephalitis",
    14189004: "measles",
    23511006: "meningococcal disease",
    36989005: "mumps",
    27836007: "pertussis",
    16814004: "pneumococcal disease",
    14168008: "rabies",
    36653000: "rubella",
    76902006: "tetanus",
    66071002: "viral hepatitis type B",
    4834000: "typhoid fever",
    111852003: "vaccinia",
    38907003: "varicella",
    40468003: "viral hepatitis type A",
    16541001: "yellow fever",
}
