"""The cluster of docs/high-availability.md in three network namespaces: its own configuration, at its own addresses."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[2] / "docs" / "high-availability.md"
ACCOUNT = "postgres"  # runs PostgreSQL, Patroni and etcd
BRIDGE, PREFIX = "chbridge", "charthouse-"
PATIENCE = 120.0
_INIT = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", '"$0" "$@" & wait $!')


def find(program: str) -> str:
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") or program


def run(*command: str) -> str:
    command = (find(command[0]), *command[1:])
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_blocks(language: str) -> list[str]:
    """The blocks of code of the page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def wait_until(condition: Any, what: str, seconds: float = PATIENCE) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} within {seconds:.0f} s"
        time.sleep(0.1)
    return found


@dataclass
class Node:
    """A machine: a namespace with an address. ``name``: as etcd and Patroni call it."""

    name: str
    address: str
    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return PREFIX + self.name

    @property
    def link(self) -> str:
        return f"ch-{self.name}"

    def make(self) -> None:
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        run("ip", "link", "set", self.link, "netns", PREFIX + "net")
        run("ip", "-n", PREFIX + "net", "link", "set", self.link, "master", BRIDGE, "up")
        for command in (
            ("addr", "add", f"{self.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            run("ip", "-n", self.namespace, *command)

    def start(self, *command: str, log: str, **environment: str) -> None:
        """Start a process on this machine, below an init of its own: PostgreSQL leaves its parent, and has to be reaped
        when it ends."""
        account = pwd.getpwnam(ACCOUNT)
        as_account = ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
        # This Python may be in a folder of root's.
        as_account += ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder), **environment}
        with (self.folder / log).open("ab") as out:
            process = subprocess.Popen(
                [find("ip"), "netns", "exec", self.namespace, *_INIT, *as_account, *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder, env=variables,
                start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)

    def kill(self) -> None:
        """Kill everything that runs on it, as when the power fails."""
        for _ in range(3):  # what was being forked
            for pid in run("ip", "netns", "pids", self.namespace).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes.clear()

    def set_link(self, state: str) -> None:
        """``up`` or ``down``: cut it off from the others, both ways."""
        run("ip", "-n", PREFIX + "net", "link", "set", self.link, state)


class DatabaseNode(Node):
    """One of the two with PostgreSQL."""

    def start_patroni(self, program: Path) -> None:
        self.start(str(program), str(self.folder / "patroni.yml"), log="patroni.log")

    def configure(self) -> None:
        """Write the page's configuration with this machine's name and address, and a folder of its own."""
        (text,) = read_blocks("yaml")
        read = yaml.safe_load(text)
        read["name"] = self.name
        for section, keys in (
            ("restapi", ("listen", "connect_address")),
            ("postgresql", ("listen", "connect_address")),
        ):
            for key in keys:
                read[section][key] = read[section][key].replace("192.0.2.11", self.address)
        read["postgresql"]["data_dir"] = str(self.folder / "data")
        read["postgresql"]["pgpass"] = str(self.folder / "pgpass")
        read["postgresql"]["parameters"] = {"unix_socket_directories": str(self.folder)}
        (self.folder / "patroni.yml").write_text(yaml.safe_dump(read))

    def ask(self, path: str = "cluster", body: Any = None) -> Any:
        """Patroni's answer; None where it gives none."""
        data = None if body is None else json.dumps(body).encode()
        with (
            suppress(OSError, ValueError),
            urllib.request.urlopen(
                urllib.request.Request(f"http://{self.address}:8008/{path}", data=data),
                timeout=60 if data else 3,
            ) as answer,
        ):
            return json.loads(answer.read()) if data is None else answer.status

    def ask_leader(self) -> str | None:
        """The name of the machine that leads, as this one says."""
        members = (self.ask() or {"members": []})["members"]
        return next((str(member["name"]) for member in members if member["role"] == "leader"), None)


class Cluster:
    """All of it. The program that drives it runs on the third machine."""

    def __init__(self, folder: Path, patroni: Path) -> None:
        self.folder, self.patroni = folder, patroni
        self.one = DatabaseNode("one", "192.0.2.11", folder / "one")
        self.two = DatabaseNode("two", "192.0.2.12", folder / "two")
        self.three = Node("three", "192.0.2.13", folder / "three")
        self.databases, self.nodes = (self.one, self.two), (self.one, self.two, self.three)

    def make(self) -> None:
        """Make machines and network."""
        account = pwd.getpwnam(ACCOUNT)
        run("ip", "netns", "add", PREFIX + "net")
        run("ip", "-n", PREFIX + "net", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "-n", PREFIX + "net", "link", "set", BRIDGE, "up")
        for node in self.nodes:
            node.folder.mkdir(mode=0o700)
            node.make()
        for node in self.databases:
            node.configure()
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)

    def remove(self) -> None:
        for node in self.nodes:
            with suppress(subprocess.CalledProcessError):
                node.kill()
            subprocess.run([find("ip"), "netns", "del", node.namespace], capture_output=True)
        subprocess.run([find("ip"), "netns", "del", PREFIX + "net"], capture_output=True)

    def start_etcd(self, node: Node) -> None:
        """As Debian's unit does, with the page's environment."""
        text = next(block for block in read_blocks("sh") if "ETCD_NAME" in block)
        variables = dict(line.split("=", 1) for line in text.splitlines())
        for name, value in variables.items():
            if name != "ETCD_INITIAL_CLUSTER":
                variables[name] = value.replace("192.0.2.11", node.address)
        variables |= {"ETCD_NAME": node.name, "ETCD_DATA_DIR": str(node.folder / "etcd")}
        if (node.folder / "etcd").exists():
            variables["ETCD_INITIAL_CLUSTER_STATE"] = "existing"
        node.start(find("etcd"), log="etcd.log", **variables)

    def start(self, node: Node) -> None:
        self.start_etcd(node)
        if isinstance(node, DatabaseNode):
            node.start_patroni(self.patroni)

    def describe(self) -> dict[str, Any] | None:
        """What Patroni says of the cluster: the member of each role by name. None where the two machines do not say the
        same: one that was cut off answers as if nothing had happened since."""
        said = [
            {member["role"]: member for member in (node.ask() or {"members": []})["members"]}
            for node in self.databases
        ]
        one, two = ({role: member["name"] for role, member in each.items()} for each in said)
        return said[0] if one == two else None

    def find_healthy(self) -> tuple[DatabaseNode, DatabaseNode] | None:
        """The leader and its synchronous standby, None while there are not both."""
        found = self.describe() or {}
        leader, standby = found.get("leader"), found.get("sync_standby")
        if not (leader and standby) or (leader["state"], standby["state"]) != ("running", "streaming"):
            return None
        by_name = {node.name: node for node in self.databases}
        return by_name[leader["name"]], by_name[standby["name"]]
