"""The code blocks of a guide, and running them: those of a language one after the other in one process.

The word after the language says more of a block: ``start`` begins a sandbox, for which the running one stands;
``terminal`` runs until Ctrl-C in a terminal of its own; ``title=NAME`` is a file. A block of JSON or text below a block
that is run is its output; in it, … stands for anything.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from markdown_it import MarkdownIt

from tests.identity.oauth_flow import parse_hidden_fields, sign_in
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import PATIENCE, until

STARTS = ("make run", "pip install charthouse\ncharthouse sandbox")  # .ci/run and tests/packaging run these
RUN = ("sh", "python", "js")
OUTPUT = ("json", "text")
MARK = "\x1e"
_MARKED = {
    "sh": f"printf '{MARK}\\n'",
    "python": f"print({MARK!r}, flush=True)",
    "js": "console.log('\\x1e');",
}
_AUTHORIZE = re.compile(r"http://\S+/o/authorize/\S*")


@dataclass
class Block:
    """A block of code. ``output``: what it prints, None where the guide does not say."""

    language: str
    words: str
    text: str
    output: str | None = None

    @property
    def title(self) -> str:
        found = re.search(r"title=(\S+)", self.words)
        return found[1] if found else ""


def read_blocks(guide: Path) -> list[Block]:
    """Read the blocks of a guide, each with its output. Raises AssertionError for a block that nothing would run."""
    found: list[Block] = []
    for token in MarkdownIt("commonmark").parse(guide.read_text()):
        if token.type != "fence":
            continue
        language, _, words = token.info.strip().partition(" ")
        if language in RUN or "title=" in words:
            assert words in ("", "start", "terminal") or "title=" in words, token.info
            found.append(Block(language, words, token.content))
        else:
            assert language in OUTPUT, f"{guide.name}: a block of {token.info!r} is neither run nor output"
            assert found, f"{guide.name}: output of nothing: {token.content}"
            assert found[-1].output is None, f"{guide.name}: a second output: {token.content}"
            found[-1].output = token.content
    return found


@dataclass
class GuideRun:
    """Runs the blocks of one guide. ``ports``: ports of the guide → those that stand for them here."""

    sandbox: RunningSandbox
    folder: Path
    ports: Mapping[str, int]
    environment: dict[str, str]
    terminals: dict[Path, str] = field(default_factory=dict)  # output of a terminal → what is expected of it
    groups: list[int] = field(default_factory=list)  # process groups that were started

    def run(self, blocks: list[Block]) -> None:
        """Run all blocks. Raises AssertionError where one fails or prints something else."""
        for block in blocks:
            if block.title:
                (self.folder / block.title).write_text(self.adapt(block.text))
            if block.words == "start":
                assert block.text.strip() in STARTS
        for language in RUN:
            own = [b for b in blocks if b.language == language and not b.title and b.words != "start"]
            if own:
                self.run_language(language, own)

    def end_terminals(self) -> None:
        """Wait until all terminals show what is expected, and end what runs in them."""
        for path, expected in self.terminals.items():
            until(
                lambda path=path, expected=expected: matches(path.read_text(), expected),
                f"{path.read_text()}",
            )
        self.terminals.clear()
        self.close()

    def adapt(self, text: str) -> str:
        """Put the ports of this run in place of those of the guide."""
        for port, own in self.ports.items():
            text = re.sub(rf"(?<=127\.0\.0\.1[:\"]){port}\b|(?<=\"127\.0\.0\.1\", ){port}\b", str(own), text)
        return text

    def run_language(self, language: str, blocks: list[Block]) -> None:
        """Run blocks of a language as one program, and compare what each prints."""
        parts = []
        for number, block in enumerate(blocks):
            text = self.adapt(block.text)
            if block.words == "terminal":
                text = self.open_terminal(text, block.output or "", number)
                block.output = None
            parts += [text, _MARKED[language]]
        if language == "sh":
            parts.append("env -0 > environment")
        output = self.execute(language, "\n".join(parts))
        printed = output.split(f"{MARK}\n")
        assert len(printed) > len(blocks), output
        for block, actual in zip(blocks, printed, strict=False):
            if block.output is not None:
                assert matches(actual, self.adapt(block.output)), f"{block.text}\nprinted\n{actual}"
        if language == "sh":
            pairs = (self.folder / "environment").read_text().rstrip("\0").split("\0")
            self.environment = dict(pair.split("=", 1) for pair in pairs)
            self.end_terminals()

    def open_terminal(self, text: str, expected: str, number: int) -> str:
        """Return commands that start a block in the background and wait until its first line is there."""
        output, script = self.folder / f"terminal-{number}.out", self.folder / f"terminal-{number}.sh"
        script.write_text(text)
        output.touch()
        self.terminals[output] = self.adapt(expected)
        return (
            f"bash {script.name} > {output.name} 2>&1 < /dev/null &\n"
            f"timeout {PATIENCE:.0f} bash -c 'until [ -s {output.name} ]; do sleep 0.05; done'"
        )

    def execute(self, language: str, program: str) -> str:
        """Run a program, be the browser that it asks for, and return what it prints."""
        suffix, command = {
            "sh": ("sh", ["bash", "-eu", "-o", "pipefail"]),
            "python": ("py", [sys.executable]),
            "js": ("mjs", ["node"]),
        }[language]
        path = self.folder / f"guide.{suffix}"
        path.write_text(program)
        errors = self.folder / f"guide.{suffix}.err"
        with errors.open("w") as stderr:
            process = subprocess.Popen(
                [*command, str(path)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
        self.groups.append(process.pid)
        lines = []
        with process:
            assert process.stdin
            assert process.stdout
            for line in process.stdout:
                lines.append(line)
                if found := _AUTHORIZE.search(line):
                    process.stdin.write(f"{authorize(self.sandbox, found[0])}\n")
                    process.stdin.flush()
            process.stdin.close()
            status = process.wait(PATIENCE)
        output = "".join(lines)
        assert status == 0, f"{output}\n{errors.read_text()}\n{number_lines(program)}"
        return output

    def close(self) -> None:
        """End what still runs."""
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                continue
        self.groups.clear()


def matches(actual: str, expected: str) -> bool:
    """Whether an output is as expected; … in it stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, actual.strip(), re.S) is not None


def number_lines(text: str) -> str:
    return "\n".join(f"{number:4} {line}" for number, line in enumerate(text.splitlines(), 1))


def authorize(sandbox: RunningSandbox, address: str) -> str:
    """Open the consent page as a doctor in a browser, and allow. Return the address that the browser ends at."""
    doctor = sandbox.described["practices"][0]["users"][0]
    with httpx.Client(base_url=sandbox.base_url, timeout=PATIENCE) as browser:
        assert sign_in(browser, doctor["username"], doctor["password"]).status_code == 302
        page = browser.get(address)
        allowed = browser.post(address, data=parse_hidden_fields(page) | {"decision": "allow"})
        ended = allowed.headers["Location"]
        with suppress(httpx.ConnectError):  # where nothing listens there, the address counts
            browser.get(ended)
    return str(ended)


def find_missing_tool(blocks: list[Block]) -> str:
    """The first tool that these blocks need and this machine lacks, "" for none."""
    needed = ["bash", "curl", "jq"] + ["node"] * any(block.language == "js" for block in blocks)
    return next((tool for tool in needed if shutil.which(tool) is None), "")
