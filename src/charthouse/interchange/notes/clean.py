"""A PDF of somebody else's without anything that acts: links, forms, scripts. From standard input to standard output.

A process of its own, with little memory and time: a few kilobytes of PDF may say that they unpack to gigabytes. Ends
with 1, or is ended, where nothing can be made of it. Runs as a script: it imports nothing of ours.
"""

import resource
import sys
from io import BytesIO

MOST_PAGES = 500
MOST_BYTES = 64 * 1024 * 1024  # of what is made
MEMORY = 768 * 1024 * 1024  # bytes
SECONDS = 10  # of CPU


def cleaned(content: bytes) -> bytes | None:
    """None for a file with no pages, or too many."""
    import pikepdf

    with pikepdf.open(BytesIO(content)) as file:
        if not 0 < len(file.pages) <= MOST_PAGES:
            return None
        file.flatten_annotations("all")
        for page in file.pages:
            for acting in ("/Annots", "/AA"):
                if acting in page.obj:
                    del page.obj[acting]
        with pikepdf.new() as bare:
            bare.pages.extend(file.pages)
            made = BytesIO()
            bare.save(made, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    return made.getvalue() if len(made.getbuffer()) <= MOST_BYTES else None


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        made = cleaned(sys.stdin.buffer.read())
    except Exception:  # hostile files make it raise all sorts
        return 1
    if made is None:
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
