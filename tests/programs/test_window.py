"""What a reload can do at once, what needs a restart in a window or when nobody is at work; whoever is killed meanwhile."""
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from test_apply import OPTIONS
from test_confirm import guardians

APPLY = ["apply", "--yes", *OPTIONS, "--no-try"]


def clock(minutes):
    return (datetime.datetime.now() + datetime.timedelta(minutes=minutes)).strftime("%H:%M")


OPEN = f"{clock(-2)}-{clock(120)}"
LATER = f"{clock(180)}-{clock(240)}"


def edit(server, statement):
    with sqlite3.connect(server.state / "state.db") as db:
        db.execute(statement)


def states(server):
    return [change["state"] for change in server.kastune("history", "--json").json["changes"]]


def until(server, wanted, limit=120):
    """The limit is only against hanging."""
    end = time.monotonic() + limit
    while states(server) != wanted:
        assert time.monotonic() < end, states(server)
        time.sleep(0.2)


def gone(condition, limit=60):
    end = time.monotonic() + limit
    while condition():
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)


def until_guarded(server, limit=60):
    end = time.monotonic() + limit
    while len(guardians(server)) != 1:
        assert time.monotonic() < end, guardians(server)
        time.sleep(0.1)
    return guardians(server)[0]


@pytest.fixture
def server(make_server):
    made = make_server()
    yield made
    for pid in guardians(made):
        os.kill(pid, signal.SIGKILL)


def test_plan_says_what_comes_when(server):
    plan = server.kastune("plan", *OPTIONS, "--no-try", "--restart-at", "03:00-05:00", "--when-idle")
    words = " ".join(plan.out.split())
    assert plan.status == 0 and "follows between 03:00 and 05:00, when nobody is at work" in words, plan
    assert "without service)" in words and all(step["estimate_ms"] > 0 for step in
                                               server.kastune("plan", *OPTIONS, "--no-try", "--json").json["plan"]["steps"])


def test_reload_at_once_restart_in_the_window(server):
    pid, old = server.pid, server.setting("max_wal_size")
    answer = server.kastune(*APPLY, "--restart-at", LATER, "--detach", "--json")
    assert answer.status == 0, answer
    assert answer.json["change"]["state"] == "applied" and answer.json["scheduled"]["state"] == "scheduled"
    assert server.pid == pid and server.setting("max_wal_size") != old
    status = server.kastune("status")
    assert status.status == 0 and "restarts PostgreSQL between" in status.out, status
    refused = server.kastune("apply", "--yes", *OPTIONS, "--no-try")
    assert refused.status == 4 and "kastune undo 2 takes it off the schedule" in refused.err, refused


def test_open_window_begins_at_once_and_the_foreground_stays_for_it(server):
    pid = server.pid
    answer = server.kastune(*APPLY, "--restart-at", OPEN)
    assert answer.status == 0 and "which needed a restart, is applied" in answer.out, answer
    assert states(server) == ["applied", "applied"] and server.pid != pid
    assert server.kastune("undo", "2", "--yes").status == 0 and server.kastune("undo", "1", "--yes").status == 0


def test_killed_guardian_is_replaced_by_the_next_look(server):
    assert server.kastune(*APPLY, "--restart-at", LATER, "--detach").status == 0
    first = until_guarded(server)
    os.kill(first, signal.SIGKILL)
    gone(lambda: first in guardians(server))
    assert server.kastune("status").status == 0
    assert until_guarded(server) != first
    assert server.kastune("status").status == 0 and len(guardians(server)) == 1


def test_taken_off_the_schedule_nothing_happens(server):
    pid = server.pid
    assert server.kastune(*APPLY, "--restart-at", LATER, "--detach").status == 0
    assert server.kastune("undo", "--yes").status == 0
    assert states(server) == ["undone", "applied"] and server.pid == pid
    assert server.kastune("status", "--json").json["pending_restart"] == []


def test_waits_until_nobody_is_at_work(server):
    pid = server.pid
    busy = subprocess.Popen(["psql", "-XAtqc", "SELECT pg_sleep(600)"], env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        assert server.kastune(*APPLY, "--when-idle", "--detach").status == 0
        until_guarded(server)
        time.sleep(8)  # longer than the looks that are needed
        assert states(server) == ["scheduled", "applied"] and server.pid == pid
    finally:
        busy.kill()
        busy.wait()
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND pid <> pg_backend_pid()")
    until(server, ["applied", "applied"])
    assert server.pid != pid


def test_what_changed_since_is_off_the_schedule(server):
    assert server.kastune(*APPLY, "--when-idle", "--restart-at", LATER, "--detach").status == 0
    guard = until_guarded(server)
    os.kill(guard, signal.SIGKILL)
    with open(server.confd / "99-other.conf", "w") as f:
        f.write("shared_buffers = 24MB\n")
    server.stop()
    server.start()
    # Its hour has come: the journal is told so.
    edit(server, f"UPDATE change_set SET start_window = '{OPEN}' WHERE id = 2")
    answer = server.kastune("wait", "2")
    assert answer.status in (1, 4) and "shared_buffers" in answer.err, answer
    assert states(server) == ["undone", "applied"] and server.setting("shared_buffers") == "24MB"


def test_killed_while_it_restarts_goes_back_to_the_first_part(server):
    assert server.kastune(*APPLY, "--restart-at", LATER, "--detach").status == 0
    os.kill(until_guarded(server), signal.SIGKILL)
    old = server.setting("shared_buffers")
    edit(server, f"UPDATE change_set SET start_window = '{OPEN}' WHERE id = 2")
    listed = server.base / "points"
    assert server.kastune("wait", "2", env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    points = [line.split(" ", 1)[1] for line in listed.read_text().splitlines()]
    assert server.kastune("undo", "2", "--yes").status == 0
    wanted = points.index("runner: step 2 applied") + 1
    assert server.kastune(*APPLY, "--restart-at", OPEN, "--detach", env={"KASTUNE_CRASH_AT": str(wanted)}).status == 0
    until(server, ["running", "undone", "applied"])
    gone(lambda: guardians(server))
    first = server.setting("max_wal_size")
    assert server.kastune("undo", "--yes").status == 0
    assert states(server)[0] == "undone" and server.setting("shared_buffers") == old and server.setting("max_wal_size") == first


@pytest.mark.parametrize("words", [["--restart-at", "25:00"], ["--restart-at", "03:00", "--confirm-within", "5min"],
                                   ["--when-idle", "--no-restart"]])
def test_words_that_make_no_sense_are_refused(server, words):
    answer = server.kastune("apply", "--yes", *OPTIONS, *words)
    assert answer.status == 2 and states(server) == [], answer


def test_progress_is_told_as_lines_of_json(server):
    answer = server.kastune(*APPLY, "--json", "--progress")
    assert answer.status == 0 and answer.json["change"]["state"] == "applied", answer
    lines = [json.loads(line) for line in answer.err.splitlines()]
    steps = len(answer.json["change"]["steps"])
    assert [line["step"] for line in lines if line["what"].startswith("step ")] == list(range(1, steps + 1)), lines
    assert all(line["at_ms"] > 0 and line.get("steps", steps) == steps for line in lines)
    waiting = server.kastune("undo", "--yes", "--json", "--progress")
    assert any("taking back" in json.loads(line)["what"] for line in waiting.err.splitlines()), waiting
