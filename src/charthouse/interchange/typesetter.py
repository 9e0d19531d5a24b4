"""Script that compiles a Typst template: JSON on standard input, with ``template`` (a path), ``inputs``, ``fonts``
(directories, besides the system's), and limits of ``memory`` (bytes of address space) and CPU ``seconds``; the PDF
on standard output.

It runs as a process of its own with limits on memory and CPU time: a long text takes Typst hundreds of megabytes, which
the process that asks would keep. It exits with 1, or is killed, for what can't be compiled. It imports nothing of this
package.
"""

import json
import resource
import sys
from pathlib import Path

import typst


def main() -> int:
    order = json.load(sys.stdin.buffer)
    for limit, value in (
        (resource.RLIMIT_AS, order["memory"]),
        (resource.RLIMIT_CPU, order["seconds"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        made = typst.compile(  # type: ignore[type-var]
            Path(order["template"]).read_bytes(),
            root=Path(__file__).parent,
            font_paths=typst.Fonts(font_paths=order["fonts"]),
            sys_inputs=order["inputs"],
        )
    except (RuntimeError, MemoryError):
        return 1
    assert isinstance(made, bytes)
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
