"""``python -m charthouse.toolkit`` prints the reference of the controls."""

from charthouse.toolkit import reference

print(reference.print_reference(), end="")
