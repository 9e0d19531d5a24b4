"""Sections of a form that is laid out by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charthouse.console.kit.forms import Form, Input


@dataclass(frozen=True)
class Section:
    """A section as it is declared. ``fields``: (name, columns of twelve). ``folds``: closed until it is opened."""

    title: str
    fields: Sequence[tuple[str, int]]
    folds: bool = True


@dataclass(frozen=True)
class FormSection:
    """A section as it is rendered."""

    title: str
    inputs: list[Input]
    folds: bool
    open: bool


def list_sections(form: Form, sections: Iterable[Section]) -> list[FormSection]:
    """List the sections of a form that have inputs; one that has an error, or what somebody else changed, is open."""
    listed = []
    for section in sections:
        inputs = [one for name, _ in section.fields if (one := form.find(name)) is not None]
        is_open = any(one.has_errors or one.theirs is not None for one in inputs)
        if inputs:
            listed.append(FormSection(section.title, inputs, section.folds, is_open))
    return listed
