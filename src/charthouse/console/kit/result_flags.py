"""Flags of lab results in words. Red is out of range, nothing else."""

from charthouse.console.kit.tables import Badge

# HL7 table 0078, as reference drchrono/enums.yaml lists it.
_OUT_OF_RANGE = {
    "L": "Low", "H": "High", "LL": "Critically low", "HH": "Critically high", "<": "Below measurable range",
    ">": "Above measurable range", "A": "Abnormal", "AA": "Very abnormal", "POS": "Positive", "R": "Resistant",
}  # fmt: skip
_OTHER = {
    "N": "Normal", "NEG": "Negative", "S": "Susceptible", "I": "Intermediate", "MS": "Moderately susceptible",
    "VS": "Very susceptible", "U": "Significant rise", "D": "Significant fall", "B": "Better", "W": "Worse",
}  # fmt: skip


def build_flag_badge(flag: str, is_abnormal: bool | None = None) -> Badge | None:
    """Build the badge of a result; None for one without a flag. ``is_abnormal``: as the lab reports it."""
    if flag in _OUT_OF_RANGE:
        return Badge(_OUT_OF_RANGE[flag], "red")
    if is_abnormal:
        return Badge("Abnormal", "red")
    return Badge(_OTHER[flag]) if flag in _OTHER else None
