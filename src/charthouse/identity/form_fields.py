"""Fields of Django forms whose texts are kept as those of the APIs are (``engine.declaration.texts``)."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import CharField, Textarea

from charthouse.engine.declaration.texts import check_phone, parse_kept_text
from charthouse.engine.declaration.values import InvalidValue


class LineField(CharField):
    """One line of text. ``check``: of its form; raises InvalidValue."""

    multiline = False

    def __init__(self, *, check: Callable[[str], None] | None = None, **options: Any) -> None:
        self.check = check
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return text
        try:
            text = parse_kept_text(text, multiline=self.multiline)
            if self.check is not None:
                self.check(text)
        except InvalidValue as error:
            raise ValidationError(error.messages) from None
        return text


class LinesField(LineField):
    """Text of several lines."""

    multiline = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": Textarea, **options})


class PhoneField(LineField):
    """A telephone or fax number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(check=check_phone, **options)
