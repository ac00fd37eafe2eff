"""One guest under systemd for the whole suite, with the programs just built in it. Programs run 10 times slower in there than
outside, so nothing is timed, and a trial on a scratch cluster is made only where it is what is tested."""
import os
import pathlib

import pytest

from guest import ROOT, Guest, Unavailable, image

# Minutes each in an emulated guest, and mostly waiting: not at every run.
long = pytest.mark.skipif(not os.environ.get("KT_LONG"), reason="long; KT_LONG=1 ./test guest runs it")

BUILD = pathlib.Path(os.environ.get("KT_BUILD", ROOT / "build"))
UNIT = "postgresql@15-main.service"
DATA = "/var/lib/postgresql/15/main"


@pytest.fixture(scope="session")
def folder():
    try:
        return image()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def guest(folder):
    with Guest("systemd", folder=folder) as booted:
        booted.put(BUILD / "src/kastune", "/usr/bin/kastune")
        booted.run("kastune", "--version", check=True)  # names a library that scripts/guest-image has to know
        yield booted


class Cluster:
    """Debian's cluster 15/main, as its unit runs it."""

    def __init__(self, guest):
        self.guest = guest
        self.shell = guest.shell

    def kastune(self, *words, **kwargs):
        return self.guest.run("kastune", *words, **kwargs)

    def run_unit(self, name, *argv):
        """In the background, as a unit of its own."""
        self.guest.run("systemd-run", "--quiet", f"--unit={name}", *argv, check=True)

    def sql(self, text):
        return self.guest.run("runuser", "-u", "postgres", "--", "psql", "-XAtqc", text, check=True).out.strip()

    def setting(self, name):
        return self.sql(f"SHOW {name}")

    def settings(self):
        return self.sql("SELECT name, setting FROM pg_settings WHERE context <> 'internal' AND source NOT IN ('client', 'session', 'override') "
                        "ORDER BY name")

    def files(self):
        return self.shell(f"cd /etc/postgresql/15/main && md5sum postgresql.conf pg_hba.conf conf.d/* 2>/dev/null || true").out

    def unit(self, name):
        return self.shell(f"systemctl show --value --property={name} {UNIT}").out.strip()

    def assert_belongs_to_its_unit(self):
        """systemd knows the server as its own, and no process of it lives elsewhere."""
        assert self.unit("ActiveState") == "active"
        postmaster = self.shell(f"head -n 1 {self.data}/postmaster.pid").out.strip()
        assert self.unit("MainPID") == postmaster
        groups = self.shell("for pid in $(pidof postgres); do cat /proc/$pid/cgroup; done | sort -u").out.split()
        assert groups == [f"0::{self.unit('ControlGroup')}"]

    @property
    def data(self):
        return self.sql("SHOW data_directory")

    def newest_change(self):
        changes = self.kastune("history", "--json", check=True).json["changes"]
        return changes[0]["state"] if changes else None


@pytest.fixture
def cluster(guest):
    """Running, with Debian's settings and without a past. It runs on from test to test where nothing is left to take back."""
    guest.shell(f"systemctl reset-failed {UNIT} 2>/dev/null || true; systemctl start {UNIT}")
    yield Cluster(guest)
    guest.shell(f"""rm -rf /var/lib/kastune
                    if [ -n "$(ls -A /etc/postgresql/15/main/conf.d)" ]; then
                      systemctl stop {UNIT}
                      rm /etc/postgresql/15/main/conf.d/*
                    fi""")
