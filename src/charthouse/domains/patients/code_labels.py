"""Labels of codes in a patient's record: languages and gender identities."""

from collections.abc import Callable

from charthouse.domains.patients.codes import GENDER_IDENTITIES

NON_LANGUAGES = {"other": "Other", "unknown": "Unknown", "declined": "Declined to specify"}


class _Labels(dict[str, str]):
    """The label of each code, looked up once: lists ask for hundreds of rows."""

    def __init__(self, find: Callable[[str], str]) -> None:
        super().__init__()
        self.find = find

    def __missing__(self, code: str) -> str:
        found = self[code] = self.find(code)
        return found


def describe_language(code: str) -> tuple[str, str]:
    """Return the code and the English name of a language. ``code``: ISO 639 alpha-3, or a key of NON_LANGUAGES.

    The code is the two-letter one, or the three-letter one for a language that has none; both texts are empty for what
    is no language.
    """
    from iso639 import (  # opens a database of its own: import it only when it is needed
        Language,
        LanguageNotFoundError,
    )

    if code in NON_LANGUAGES:
        return "", NON_LANGUAGES[code]
    try:
        found = Language.from_part3(code)
    except LanguageNotFoundError:
        return "", ""
    return found.part1 or found.part3, found.name


LANGUAGE_CODES = _Labels(lambda code: describe_language(code)[0])
LANGUAGE_LABELS = _Labels(lambda code: describe_language(code)[1])
GENDER_IDENTITY_LABELS = _Labels(lambda code: GENDER_IDENTITIES.get(code, ""))
