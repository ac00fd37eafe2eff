# SPDX-License-Identifier: MIT
"""A cluster is moved while somebody else is at it, too: they start the server in the one instant in which nobody should, go their own way with
what was moved, or do not mount it again. No row is lost to that, and nothing is removed that may hold one."""
import os
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD
from test_move import kept_by, listed_points, move, new_place, undo, writable


def stopped_at(server, point, act, *words):
    """Runs the program to this point of its own, acts as somebody else there, and lets it go on. (exit status, what it said)"""
    with subprocess.Popen([BUILD / "src/kastune", *map(str, words), "--state", server.state], env={**server.env, "KASTUNE_STOP_AT": point},
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        _, status = os.waitpid(program.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), program.stderr.read()
        try:
            act()
        finally:
            program.send_signal(signal.SIGCONT)
        said = program.stderr.read()
    return program.returncode, said


def state_of(server):
    return server.kastune("history", "--json").json["changes"][0]["state"]


@pytest.mark.parametrize("still_runs", [True, False], ids=["still runs", "has stopped again"])
@pytest.mark.parametrize("back", [False, True], ids=["on the way", "on the way back"])
def test_somebody_starts_the_server_between_stop_and_switch(server, back, still_runs):
    """What they write is in the one place only that nobody starts again."""
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    words = ["undo", "--yes"] if back else ["storage", "move", "--to", place, "--yes"]
    # Once without them, to learn the points.
    if back:
        assert move(server, place).status == 0
        server.sql("INSERT INTO t VALUES (2)")
    points = {name: number for number, name in listed_points(server, *words)}
    if not back:
        assert undo(server).status == 0
    shutil.rmtree(place)
    if back:
        assert move(server, place).status == 0
    server.sql("INSERT INTO t VALUES (3)")
    rows = int(server.sql("SELECT count(*) FROM t"))

    def act():
        server.start()
        server.sql("INSERT INTO t VALUES (4)")
        if not still_runs:
            server.stop()

    status, said = stopped_at(server, points["move: copy stopped"], act, *words)
    assert status == 4 and "somebody else started PostgreSQL" in said, said
    assert server.running and server.sql("SELECT count(*) FROM t") == str(rows + 1)
    assert writable(server, place) == {place if back else server.data}
    assert state_of(server) == ("stuck" if back else "undone")
    if back:
        again = undo(server)
        assert again.status == 0, again
        assert server.sql("SELECT count(*) FROM t") == str(rows + 1) and writable(server, place) == {server.data}
    else:
        assert not place.exists()


@pytest.mark.parametrize("back", [False, True], ids=["on the way", "on the way back"])
def test_somebody_starts_the_server_while_its_log_is_copied(server, back):
    """It would go on in files that are nobody's log any more."""
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    there = ["storage", "move", "--wal-to", place, "--yes"]
    points = {name: number for number, name in listed_points(server, *there)}
    if back:
        points = {name: number for number, name in listed_points(server, "undo", "--yes")}
        assert server.kastune(*there, timeout=600).status == 0
    else:
        assert undo(server).status == 0

    def act():
        server.start()
        server.sql("INSERT INTO t VALUES (2)")

    status, said = stopped_at(server, points["move: log copied back" if back else "move: log copied"], act, *(["undo", "--yes"] if back else there))
    assert status == 4 and "somebody else started PostgreSQL" in said, said
    server.sql("INSERT INTO t VALUES (3)")
    server.stop("immediate")
    server.start()
    assert server.sql("SELECT sum(n) FROM t") == "6"
    assert (server.data / "pg_wal").is_symlink() == back and not (server.data / "kastune-moved").exists()
    if back:
        assert undo(server).status == 0
        assert server.sql("SELECT sum(n) FROM t") == "6" and not place.exists()


def moved_with_rows(server):
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    assert move(server, place).status == 0
    server.sql("INSERT INTO t VALUES (2)")
    server.stop()
    return place


def test_a_cluster_that_became_a_standby_is_not_thrown_away(server):
    """As after a failover: its rows are those of its new primary."""
    place = moved_with_rows(server)
    (place / "standby.signal").touch()
    server.start()
    answer = undo(server)
    assert answer.status != 0 and "standby of another server" in answer.err, answer
    assert server.running and server.sql("SELECT sum(n) FROM t") == "3" and os.readlink(server.data) == str(place)
    [kept] = kept_by(server)
    assert not (kept / "global/pg_control").exists()


def test_what_was_left_is_not_woken_when_the_path_leads_elsewhere(server):
    """The operator made another arrangement: then to start what was left would be to go back to the day of the move."""
    place = moved_with_rows(server)
    server.data.unlink()
    answer = undo(server)
    assert answer.status != 0 and "life of its own" in answer.err, answer
    [kept] = kept_by(server)
    assert not server.data.exists() and not (kept / "global/pg_control").exists() and (place / "global/pg_control").exists()
    server.data.symlink_to(place)
    server.start()
    assert undo(server).status == 0 and server.sql("SELECT sum(n) FROM t") == "3"


def test_an_undo_that_fails_leaves_the_server_running_where_it_is(server):
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    assert move(server, place).status == 0
    server.sql("INSERT INTO t VALUES (2)")
    [kept] = kept_by(server)
    (place / "mine.conf").write_text("# mine\n")
    (kept / "mine.conf").mkdir()
    answer = undo(server)
    assert answer.status == 1 and "mine.conf" in answer.err, answer
    assert server.running and writable(server, place) == {place}
    server.sql("INSERT INTO t VALUES (3)")
    (kept / "mine.conf").rmdir()
    assert undo(server).status == 0
    assert server.sql("SELECT sum(n) FROM t") == "6" and (server.data / "mine.conf").read_text() == "# mine\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_place_that_a_boot_did_not_mount_is_not_filled(server):
    """The folder below would take the whole cluster, on a file system that was never meant for it."""
    place = new_place(server).parent
    mount = ["mount", "-t", "tmpfs", "-o", f"size=300m,mode=700,uid={place.stat().st_uid}", "none", place]
    subprocess.run(mount, check=True)
    try:
        points = {name: number for number, name in listed_points(server, "storage", "move", "--to", place, "--yes", "--no-space-check")}
        assert undo(server).status == 0
        subprocess.run(["umount", place], check=True)
        subprocess.run(mount, check=True)
        killed = move(server, place, "--no-space-check", env={"KASTUNE_CRASH_AT": points["move: copied"]})
        assert killed.status == -signal.SIGKILL, killed
    finally:
        subprocess.run(["umount", place], check=True)
    resumed = server.kastune("resume", "--yes", timeout=600)
    assert resumed.status == 4 and "not mounted" in resumed.err, resumed
    assert server.running and os.listdir(place) == [] and writable(server, place) == {server.data}


@pytest.mark.parametrize("name", ["it's here", 'with "quotes"', "back\\slash and $HOME", "two\nlines=1"])
def test_odd_names(server, name):
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server).parent / name
    moved = move(server, place)
    assert moved.status == 0 and moved.json["moved"]["to"] == str(place), moved
    server.sql("INSERT INTO t VALUES (2)")
    assert server.kastune("status").status == 0
    assert undo(server).status == 0
    assert server.sql("SELECT sum(n) FROM t") == "3" and writable(server, place) == {server.data}
