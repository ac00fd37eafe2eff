"""A server that kastune reaches only by SQL: its files belong to somebody else, the connection is TCP, kastune runs as nobody."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from conftest import BUILD, Answer, Server, binaries

MACHINE = ["--memory", "8G", "--cpus", "4", "--storage", "ssd"]
NOBODY = "nobody"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Remote(Server):
    """On loopback, behind a folder that kastune's user may not enter."""

    def __init__(self, version):
        self.port = free_port()
        super().__init__(version=version, include_dir=False, conf=f"listen_addresses = '127.0.0.1'\nport = {self.port}")
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="kt-", dir="/tmp"))
        shutil.chown(self.home, NOBODY)
        # The tests are not everybody's business: nobody runs a copy.
        self.program = self.home / "kastune"
        shutil.copy(BUILD / "src/kastune", self.program)
        self.base.chmod(0o700)

    @property
    def env(self):
        return {**super().env, "PGHOST": "127.0.0.1", "PGPORT": str(self.port)}

    def kastune(self, *args, env=None, user="postgres"):
        words = ["runuser", "-u", NOBODY, "--", self.program, *args, "--state", self.home / "state"]
        done = subprocess.run([str(w) for w in words], env={**self.env, "HOME": str(self.home), "PGUSER": user, **(env or {})}, cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return Answer(done)

    def auto_conf(self):
        return [line for line in (self.data / "postgresql.auto.conf").read_text().splitlines() if not line.startswith("#")]

    def remove(self):
        super().remove()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(params=[v for v in (13, 18) if v in binaries()] or [max(binaries())])
def remote(request):
    assert os.geteuid() == 0, "run the tests as root: they need two users"
    made = Remote(request.param)
    yield made
    made.remove()


def test_without_a_description_of_the_machine_advice_is_refused_with_what_to_give(remote):
    answer = remote.kastune("advise")
    assert answer.status == 5 and "--memory 16G" in answer.err and "--root DIR" in answer.err, answer
    answer = remote.kastune("advise", "--cpus", "4")
    assert answer.status == 2 and "together with its memory" in answer.err, answer


def test_what_is_assumed_is_said(remote):
    answer = remote.kastune("advise", "--memory", "8G", "--json")
    assert "2 CPUs are assumed" in answer.out and "assumed to be an SSD" in answer.out and "as you say" in answer.out, answer
    assert "sysctl" not in answer.out


def test_a_role_of_any_name_keeps_its_way_to_the_server(remote):
    remote.sql("CREATE ROLE \"o'br\\ien\" SUPERUSER LOGIN")
    applied = remote.kastune("apply", "--yes", *MACHINE, user="o'br\\ien")
    assert applied.status == 0, applied
    undone = remote.kastune("undo", "--yes", user="absent")  # only the words of the change set lead there
    assert undone.status == 0 and remote.auto_conf() == [], undone


def test_apply_restart_by_the_operator_status_and_undo(remote):
    before, old = remote.auto_conf(), remote.setting("autovacuum_naptime")
    plan = remote.kastune("plan", *MACHINE)
    assert plan.status == 0 and "waits until you have restarted it" in plan.out and "by ALTER SYSTEM" in plan.out, plan

    applied = remote.kastune("apply", "--yes", *MACHINE)
    assert applied.status == 0 and "Waiting for a restart of PostgreSQL" in applied.out and "shared_buffers" in applied.out, applied
    assert remote.setting("shared_buffers") == "128MB" and remote.setting("autovacuum_naptime") != old
    status = remote.kastune("status", "--json")
    assert status.status == 0 and "shared_buffers" in [row["name"] for row in status.json["pending_restart"]], status

    remote.stop()
    remote.start()
    assert remote.setting("shared_buffers") != "128MB"
    status = remote.kastune("status", "--json")
    assert status.status == 0 and status.json["pending_restart"] == [] and all(s["as_planned"] for s in status.json["steps"]), status

    undone = remote.kastune("undo", "--yes")
    assert undone.status == 0 and "Waiting for a restart" in undone.out and remote.auto_conf() == before, undone
    assert remote.setting("autovacuum_naptime") == old
    remote.stop()
    remote.start()
    assert remote.setting("shared_buffers") == "128MB"
    assert remote.kastune("status", "--json").json["pending_restart"] == []


def test_values_that_stood_there_before_come_back(remote):
    remote.sql("ALTER SYSTEM SET work_mem = '7MB'")
    remote.sql("ALTER SYSTEM SET search_path = 'a b', 'c'")
    remote.sql("SELECT pg_reload_conf()")
    before = sorted(remote.auto_conf())
    assert remote.kastune("apply", "--yes", *MACHINE).status == 0
    assert sorted(remote.auto_conf()) != before
    assert remote.kastune("undo", "--yes").status == 0
    assert sorted(remote.auto_conf()) == before


def test_what_somebody_else_changed_is_not_overwritten(remote):
    assert remote.kastune("apply", "--yes", *MACHINE).status == 0
    remote.sql("ALTER SYSTEM SET autovacuum_naptime = '99s'")
    answer = remote.kastune("undo", "--yes")
    assert answer.status == 4 and "autovacuum_naptime" in answer.err, answer
    assert "autovacuum_naptime = '99s'" in remote.auto_conf()


def test_a_server_that_is_down_is_said_and_undone_later(remote):
    assert remote.kastune("apply", "--yes", *MACHINE).status == 0
    changed = remote.auto_conf()
    remote.stop()
    answer = remote.kastune("undo", "1", "--yes")
    assert answer.status == 1 and remote.auto_conf() == changed, answer
    remote.start()
    assert remote.kastune("undo", "1", "--yes").status == 0 and remote.auto_conf() == []


def test_killed_between_two_statements_the_next_kastune_goes_back_by_sql(remote):
    before = remote.auto_conf()
    listed = remote.home / "points"
    assert remote.kastune("apply", "--yes", *MACHINE, env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    points = [line.split(" ", 1)[1] for line in listed.read_text().splitlines()]
    assert remote.kastune("undo", "--yes").status == 0
    written = [n for n, name in enumerate(points, 1) if name.startswith("settings:")]
    assert len(written) > 10, points
    for n in (written[0], written[len(written) // 2], written[-1], written[-1] + 1):
        assert remote.kastune("apply", "--yes", *MACHINE, env={"KASTUNE_CRASH_AT": str(n)}).status in (-9, 137)
        assert remote.auto_conf() != before
        # Of itself only what was agreed on: going back is asked for.
        assert remote.kastune("status").status == 3
        undone = remote.kastune("undo", "--yes")
        assert undone.status == 0 and remote.auto_conf() == before, undone


def test_a_role_without_rights_is_told_which(remote):
    remote.sql("CREATE ROLE tuner LOGIN")
    answer = remote.kastune("apply", "--yes", *MACHINE, user="tuner")
    assert answer.status == 1 and "pg_file_settings TO tuner" in answer.err, answer


def test_another_cluster_at_the_same_address_is_not_touched(remote):
    assert remote.kastune("apply", "--yes", *MACHINE).status == 0
    remote.stop()
    other = Server(version=remote.version, include_dir=False, conf=f"listen_addresses = '127.0.0.1'\nport = {remote.port}")
    try:
        answer = remote.kastune("undo", "1", "--yes")
        assert answer.status == 4 and "the server that answers" in answer.err, answer
    finally:
        other.remove()


def test_a_server_that_patroni_keeps_is_left_to_it(remote):
    remote.stop()
    given = "-c cluster_name=kaspa -c max_connections=100 -c max_prepared_transactions=0 -c wal_level=replica"
    remote.run("pg_ctl", "-D", remote.data, "-l", remote.log, "-w", "-o", given, "start")
    answer = remote.kastune("apply", "--yes", *MACHINE)
    assert answer.status == 5 and "kept by Patroni" in answer.err and remote.auto_conf() == [], answer


def test_a_start_cannot_be_tried_and_that_is_said(remote):
    plan = remote.kastune("plan", *MACHINE, "--json")
    assert plan.status == 0 and "could not be tried" in plan.json["untried"] and plan.json["taken_by_session"] >= 5, plan
    words = " ".join(remote.kastune("plan", *MACHINE).out.split())
    assert "Note: a start with these settings could not be tried" in words and "were set in a session for a moment" in words, words
    assert remote.auto_conf() == []
