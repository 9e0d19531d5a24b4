"""Settings of hypothesis: the same values in each run, made without what it would first read or count for seconds."""

import hypothesis
from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.intervalsets import IntervalSet

_find_encodable = charmap.intervals_from_codec
_UTF_8 = IntervalSet([(0, 0xD7FF), (0xE000, 0x10FFFF)]), IntervalSet()  # all but surrogates


def find_encodable(codec: str) -> tuple[IntervalSet, IntervalSet]:
    """Return the characters that a codec can encode, and those it doesn't decode again.

    hypothesis tries all 1.1 million, in a clone where it has not yet stored them: 4 s and 160 MB for UTF-8.
    """
    return _UTF_8 if codec == "utf-8" else _find_encodable(codec)


def prepare() -> None:
    """Use the profile for CI: no deadline, whatever else is running.

    hypothesis also takes values from the source of whatever modules of the project a process happens to have imported:
    other values on each worker, after reading a thousand files. That is left out.
    """
    hypothesis.settings.load_profile("ci")
    charmap.intervals_from_codec = find_encodable
    providers._get_local_constants = lambda: providers._local_constants
