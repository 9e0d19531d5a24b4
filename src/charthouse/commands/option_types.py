"""Types of command-line options, for argparse. Each function raises ArgumentTypeError for an invalid text."""

import argparse


def parse_whole_number(text: str) -> int:
    """Parse a whole number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def parse_positive(text: str) -> int:
    """Parse a whole number, 1 or more."""
    if (number := parse_whole_number(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def parse_port(text: str) -> int:
    """Parse a TCP port."""
    if not 1 <= (number := parse_whole_number(text)) <= 65535:
        raise argparse.ArgumentTypeError("must be from 1 to 65535")
    return number


def parse_rate_limit(text: str) -> str:
    """Check a rate limit, "off" or a whole number of at least 1."""
    if text != "off" and parse_whole_number(text) < 1:
        raise argparse.ArgumentTypeError("must be 'off' or at least 1")
    return text
