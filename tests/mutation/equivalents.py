"""Mutants that no test can notice, each with the reason: they do the same, or differ in nothing that anybody sees."""

from tests.mutation.mutants import Mutant

# By module and change, (what is taken away, what is put in its place): the reason.
EQUIVALENTS: dict[tuple[str, str, str], str] = {}


def is_equivalent(mutant: Mutant) -> bool:
    return (mutant.module, *mutant.change) in EQUIVALENTS
