"""What two patients have in common, and whether they are likely the same: docs/decisions/0399-duplicate-pairs.md."""

from dataclasses import dataclass

BEGINNING = 3  # letters of a first name that begin alike


@dataclass(frozen=True)
class Likeness:
    """What of two patients is the same. ``similar_name``: the first name, or the last name with a first name that
    begins alike."""

    same_name: bool
    same_birthday: bool
    same_phone: bool
    same_email: bool
    similar_name: bool

    @property
    def is_certain(self) -> bool:
        """Whether name and birthday are the same."""
        return self.same_name and self.same_birthday

    @property
    def is_likely(self) -> bool:
        """Whether they are likely the same person: name and birthday are the same; or phone or e-mail with the name, or
        with the birthday and a similar name."""
        has_contact = self.same_phone or self.same_email
        has_name = self.same_name or (self.same_birthday and self.similar_name)
        return self.is_certain or (has_contact and has_name)

    @property
    def reasons(self) -> list[str]:
        """What is the same, in words."""
        words = {
            "same name": self.same_name,
            "similar name": self.similar_name and not self.same_name,
            "same DOB": self.same_birthday,
            "same phone": self.same_phone,
            "same e-mail": self.same_email,
        }
        return [one for one, holds in words.items() if holds]
