"""Script that removes active content (links, forms, scripts) from a PDF, from standard input to standard output.

It runs as a process of its own with limits on memory and CPU time: a few kilobytes of PDF may decompress to gigabytes.
It exits with 1, or is killed, for a file that can't be processed. It imports nothing of this package.
"""

import resource
import sys
from io import BytesIO

import pikepdf

MAX_PAGES = 500
MAX_OUTPUT_SIZE = 64 * 1024 * 1024  # of what is made
MEMORY_LIMIT = 768 * 1024 * 1024  # bytes
CPU_SECONDS = 10  # of CPU


def remove_active_content(content: bytes) -> bytes | None:
    """Return the PDF without active content; None if it has no pages, too many, or too large an output."""
    with pikepdf.open(BytesIO(content)) as file:
        if not 0 < len(file.pages) <= MAX_PAGES:
            return None
        file.flatten_annotations("all")
        for page in file.pages:
            for acting in ("/Annots", "/AA"):
                if acting in page.obj:
                    del page.obj[acting]
        with pikepdf.new() as bare:
            bare.pages.extend(file.pages)
            output = BytesIO()
            bare.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    return output.getvalue() if len(output.getbuffer()) <= MAX_OUTPUT_SIZE else None


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        cleaned = remove_active_content(sys.stdin.buffer.read())
    except Exception:  # pikepdf raises arbitrary exceptions for hostile files
        return 1
    if cleaned is None:
        return 1
    sys.stdout.buffer.write(cleaned)
    return 0


if __name__ == "__main__":
    sys.exit(main())
