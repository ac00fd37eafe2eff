"""Confirm or go back, on real servers: what happens when nobody confirms, and whoever is killed meanwhile."""
import os
import signal
import subprocess
import time

import pytest

from conftest import BUILD
from test_apply import OPTIONS, files_of, settings_of

WAITING = ["apply", "--yes", *OPTIONS, "--no-try", "--confirm-within"]


def state_of(server):
    return server.kastune("history", "--json").json["changes"][0]["state"]


def until(server, state, limit=120):
    """The limit is only against hanging."""
    end = time.monotonic() + limit
    while state_of(server) != state:
        assert time.monotonic() < end, state_of(server)
        time.sleep(0.1)


def guardians(server):
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = open(f"/proc/{entry}/cmdline", "rb").read().split(b"\0")
        except OSError:
            continue
        if b"wait" in words and str(server.state).encode() in words:
            found.append(int(entry))
    return found


def start(server, *more):
    program = subprocess.Popen([BUILD / "src/kastune", *WAITING, *more, "--state", server.state], env=server.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in program.stderr:
        if "waits for" in line:
            return program
    pytest.fail(f"it never waited: {program.wait()}")


@pytest.fixture
def server(make_server):
    made = make_server()
    yield made
    for pid in guardians(made):
        os.kill(pid, signal.SIGKILL)


def test_detached_goes_back_by_itself(server):
    before, files = settings_of(server), files_of(server)
    answer = server.kastune(*WAITING, "3s", "--detach", "--json")
    assert answer.status == 0 and answer.json["change"]["confirm_within_ms"] == 3000, answer
    until(server, "undone")
    assert settings_of(server) == before
    assert {k: v for k, v in files_of(server).items() if "auto" not in k.name} == {k: v for k, v in files.items() if "auto" not in k.name}
    assert "not confirmed within 3 s" in server.kastune("history", "1").out


def test_confirmed_stays_and_the_guardian_ends(server):
    assert server.kastune(*WAITING, "10min", "--detach").status == 0
    status = server.kastune("status")
    assert status.status == 3 and "kastune confirm 1" in status.out, status
    confirmed = server.kastune("confirm")
    assert confirmed.status == 0 and "stays" in confirmed.out, confirmed
    assert state_of(server) == "applied" and server.kastune("status").status == 0
    end = time.monotonic() + 60
    while guardians(server) and time.monotonic() < end:
        time.sleep(0.1)
    assert guardians(server) == []


def test_foreground_waits_and_ends_with_the_confirmation(server):
    program = start(server, "10min")
    assert server.kastune("confirm").status == 0
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 0 and "applied and verified" in out


def test_foreground_goes_back_when_nobody_confirms(server):
    before = settings_of(server)
    answer = server.kastune(*WAITING, "1s")
    assert answer.status == 1 and "not kept" in answer.err and "not confirmed within 1 s" in answer.err, answer
    assert state_of(server) == "undone" and settings_of(server) == before


def test_interrupt_while_waiting_goes_back_at_once(server):
    before = settings_of(server)
    program = start(server, "10min")
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 130 and "undone, the system is as before" in err, err
    assert state_of(server) == "undone" and settings_of(server) == before


def test_kill_of_the_foreground_leaves_it_to_the_guardian(server):
    before = settings_of(server)
    program = start(server, "5s")
    program.kill()
    program.communicate()
    until(server, "undone")
    assert settings_of(server) == before


@pytest.mark.parametrize("command, status", [(["status"], 0), (["undo", "--yes"], 0), (["confirm", "1"], 1), (["wait", "1"], 1)])
def test_kill_of_everybody_leaves_it_to_the_next_kastune(server, command, status):
    before = settings_of(server)
    program = start(server, "2s")
    for pid in [program.pid, *guardians(server)]:
        os.kill(pid, signal.SIGKILL)
    program.communicate()
    assert state_of(server) == "waiting"
    time.sleep(2)
    answer = server.kastune(*command)
    assert answer.status == status, answer
    assert state_of(server) == "undone" and settings_of(server) == before


def test_what_somebody_changed_meanwhile_is_not_confirmed(server):
    assert server.kastune(*WAITING, "10min", "--detach").status == 0
    server.sql("ALTER SYSTEM SET work_mem = '99MB'")
    server.sql("SELECT pg_reload_conf()")
    answer = server.kastune("confirm")
    assert answer.status in (1, 4) and "not confirmed" in answer.err, answer
    assert state_of(server) == "waiting"
    server.sql("ALTER SYSTEM RESET work_mem")
    server.sql("SELECT pg_reload_conf()")
    assert server.kastune("confirm").status == 0


def test_words_that_make_no_sense_are_refused(server):
    for words in (["--confirm-within", "0"], ["--detach"]):
        answer = server.kastune("apply", "--yes", *OPTIONS, *words)
        assert answer.status == 2 and "--confirm-within" in answer.err, answer
    assert server.kastune("confirm").status == 1
