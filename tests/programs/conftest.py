"""Fixtures of the program tests: the built programs, and real PostgreSQL servers in temporary folders on unix sockets."""
import json
import os
import pathlib
import pty
import pwd
import shutil
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KT_BUILD", ROOT / "build"))
MATRIX = pathlib.Path(os.environ.get("KT_POSTGRES_MATRIX", "/var/cache/kastune-tests/postgres"))
DEBIAN = pathlib.Path("/usr/lib/postgresql")
SERVER_USER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def as_server_user(*argv):
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", SERVER_USER, "--", *map(str, argv)] if os.geteuid() == 0 else list(map(str, argv))


def binaries():
    """Major version -> folder with postgres, initdb, pg_ctl. Debian's own first, the rest from npm packages."""
    found = {int(p.name): p / "bin" for p in MATRIX.glob("1[0-9]")}
    found.update({int(p.name): p / "bin" for p in DEBIAN.glob("1[0-9]") if (p / "bin/postgres").exists()})
    return dict(sorted(found.items()))


class Answer:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Server:
    """A private cluster. Everything below `base` is removed at the end."""

    def __init__(self, version=None, include_dir=True, conf="", initdb=()):
        versions = binaries()
        self.version = version or max(v for v in versions if (DEBIAN / str(v)).exists())
        self.bin = versions[self.version]
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="kt-", dir="/tmp"))
        self.base.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.base, SERVER_USER)
        self.data, self.log, self.state = self.base / "data", self.base / "log", self.base / "state"
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", *initdb)
        text = f"listen_addresses = ''\nunix_socket_directories = '{self.base}'\n{conf}\n"
        if include_dir:
            self.confd = self.data / "conf.d"
            self.confd.mkdir()
            if os.geteuid() == 0:
                shutil.chown(self.confd, SERVER_USER, SERVER_USER)
            text += "include_dir = 'conf.d'\n"
        with open(self.data / "postgresql.conf", "a") as f:
            f.write(text)
        self.start()

    def run(self, program, *args, check=True):
        done = subprocess.run(as_server_user(self.bin / program, *args), cwd="/", capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return done

    def start(self):
        # The server must not hold the test's pipes open.
        subprocess.run(as_server_user(self.bin / "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "60", "start"), cwd="/",
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    @property
    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    @property
    def running(self):
        return (self.data / "postmaster.pid").exists() and self.run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    @property
    def env(self):
        keep = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**keep, "PGHOST": str(self.base), "PGUSER": "postgres", "PGDATABASE": "postgres", "LC_ALL": "C.UTF-8"}

    def sql(self, text, check=True):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], env=self.env, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def setting(self, name):
        return self.sql(f"SELECT current_setting('{name}')")

    def kastune(self, *args, env=None, **kwargs):
        return kastune(*args, "--state", self.state, env={**self.env, **(env or {})}, **kwargs)

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.base, ignore_errors=True)


def kastune(*args, env=None, stdin=subprocess.DEVNULL, timeout=120, **kwargs):
    done = subprocess.run([BUILD / "src/kastune", *map(str, args)], env=env, stdin=stdin, capture_output=True, text=True, timeout=timeout, **kwargs)
    return Answer(done)


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def in_terminal(server, answer, *words):
    """Runs it on a terminal and types `answer`, or what that function gives, at the question. (exit status, what was shown)"""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BUILD / "src/kastune", ["kastune", *words, "--state", str(server.state)], {**server.env, "TERM": "xterm"})
    shown, typed = b"", False
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if b"[y/N]" in shown and not typed:
            typed = True
            os.write(terminal, answer() if callable(answer) else answer)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def shared_server():
    """For tests that only look."""
    made = Server()
    yield made
    made.remove()


@pytest.fixture
def make_server():
    made = []

    def make(**kwargs):
        made.append(Server(**kwargs))
        return made[-1]

    yield make
    for one in made:
        one.remove()
