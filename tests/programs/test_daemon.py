"""The daemon: what was scheduled or is not confirmed comes to its end although nobody types anything."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import BUILD
from test_apply import OPTIONS, files_of, settings_of
from test_confirm import WAITING, guardians, start, state_of, until
from test_window import APPLY, LATER, OPEN, edit, gone, states
from test_window import until as until_states

ROW = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (error|warning|notice|info): "


class Daemon:
    def __init__(self, server, *words, env=None):
        self.server, self.log = server, server.base / f"daemon-{time.monotonic_ns()}"
        with open(self.log, "w") as log:
            self.program = subprocess.Popen([BUILD / "src/kastune", "daemon", "--state", server.state, *words], env={**server.env, **(env or {})},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.until("looks after the change sets in")

    @property
    def said(self):
        return self.log.read_text()

    def until(self, words, limit=120):
        """The limit is only against hanging."""
        end = time.monotonic() + limit
        while words not in self.said:
            assert self.program.poll() is None and time.monotonic() < end, self.said
            time.sleep(0.05)

    def end(self, number=signal.SIGTERM):
        self.program.send_signal(number)
        return self.program.wait(120)


@pytest.fixture
def server(make_server):
    made = make_server()
    yield made
    for pid in guardians(made):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def daemon(server):
    made = []

    def one(*words, **kwargs):
        made.append(Daemon(server, *words, **kwargs))
        return made[-1]

    yield one
    for each in made:
        if each.program.poll() is None:
            each.program.kill()
            each.program.wait()


def kill_everybody(server, *programs):
    for program in programs:
        program.kill()
        program.communicate()
    for pid in guardians(server):
        os.kill(pid, signal.SIGKILL)
    gone(lambda: guardians(server))


def let_time_pass(server):
    """Both clocks say that the two minutes to confirm it are over."""
    edit(server, "UPDATE change_set SET waiting_since = waiting_since - 120000, waiting_since_boot = waiting_since_boot - 120000")


def actors(server, id):
    return [event["actor"] for event in server.kastune("history", id, "--json").json["events"]]


def test_killed_in_the_wait_the_daemon_takes_it_back(server, daemon):
    before, files = settings_of(server), files_of(server)
    kill_everybody(server, start(server, "2min"))
    served = daemon()
    served.until("is waiting: looked after")
    let_time_pass(server)
    until(server, "undone")
    assert settings_of(server) == before
    assert {k: v for k, v in files_of(server).items() if "auto" not in k.name} == {k: v for k, v in files.items() if "auto" not in k.name}
    served.until("change set 1: undone")
    assert "change set 1: undoing, by root, daemon: not confirmed within 2 min" in served.said, served.said
    assert actors(server, 1)[-1].endswith(", daemon")
    assert all(re.match(ROW, line) for line in served.said.splitlines()), served.said


def test_time_that_was_over_before_it_started(server, daemon):
    before = settings_of(server)
    kill_everybody(server, start(server, "1s"))
    time.sleep(1)
    daemon()
    until(server, "undone")
    assert settings_of(server) == before


def test_killed_under_the_daemon_it_is_taken_back_as_well(server, daemon):
    """The journal tells it of a change set that began later."""
    before = settings_of(server)
    served = daemon()
    program = start(server, "2min")
    served.until("change set 1: waiting")
    served.until("is waiting: looked after")
    program.kill()
    program.communicate()
    let_time_pass(server)
    until(server, "undone")
    assert settings_of(server) == before


def test_scheduled_restart_is_the_daemons(server, daemon):
    pid, old = server.pid, server.setting("shared_buffers")
    schedule(server)
    assert states(server) == ["scheduled", "applied"]
    served = daemon()
    until_states(server, ["applied", "applied"])
    assert server.pid != pid and server.setting("shared_buffers") != old
    assert actors(server, 2)[-1].endswith(", daemon")
    served.until("change set 2: applied, by")
    assert served.end() == 0


def test_status_says_who_wakes_it(server, daemon):
    assert server.kastune(*APPLY, "--restart-at", LATER, "--detach").status == 0
    status = server.kastune("status", "--json").json
    assert status["waiter"] == "background"
    kill_everybody(server)
    served = daemon()
    served.until("is scheduled: looked after")
    status = server.kastune("status")
    assert status.status == 0 and "The daemon looks after it" in status.out, status
    assert served.end() == 0
    assert states(server)[0] == "scheduled"
    kill_everybody(server)
    # Without /proc no other kastune can be started.
    alone = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    done = subprocess.run([*alone, BUILD / "src/kastune", "status", "--state", server.state], env=server.env, capture_output=True, text=True)
    assert done.returncode == 3 and "NOBODY wakes it" in done.stdout, done


def test_second_daemon_is_refused(server, daemon):
    first = daemon()
    answer = server.kastune("daemon")
    assert answer.status == 4 and f"process {first.program.pid}" in answer.err and "serves" in answer.err, answer
    first.end(signal.SIGKILL)
    assert daemon().end() == 0


def test_ends_between_two_steps(server, daemon):
    """It goes back first, as it does on a Ctrl-C."""
    old = server.setting("shared_buffers")
    schedule(server)
    first = server.setting("max_wal_size")
    served = daemon()
    served.until("change set 2, step 1")
    assert served.end() == 0
    assert states(server)[0] in ("undone", "applied") and guardians(server) == []
    if states(server)[0] == "undone":
        assert server.setting("shared_buffers") == old
    assert server.setting("max_wal_size") == first


def schedule(server):
    """The number of a change set whose hour has come and that nobody waits for."""
    assert server.kastune(*APPLY, "--restart-at", LATER, "--detach").status == 0
    kill_everybody(server)
    edit(server, f"UPDATE change_set SET start_window = '{OPEN}' WHERE state = 'scheduled'")
    return server.kastune("history", "--json").json["changes"][0]["id"]


def test_killed_in_its_restart_the_daemon_takes_it_back(server, daemon):
    first, old = schedule(server), server.setting("shared_buffers")
    listed = server.base / "points"
    assert server.kastune("wait", first, env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    points = [line.split(" ", 1)[1] for line in listed.read_text().splitlines()]
    assert server.kastune("undo", first, "--yes").status == 0
    second = schedule(server)
    killed = server.kastune("wait", second, env={"KASTUNE_CRASH_AT": str(points.index("runner: step 2 applied") + 1)})
    assert killed.status == -9 and states(server)[0] == "running" and server.setting("shared_buffers") != old
    served = daemon()
    served.until(f"change set {second}: undone")
    assert server.setting("shared_buffers") == old and states(server)[0] == "undone"


def test_interrupted_by_hand_is_left_to_the_operator(server, daemon):
    """Whether to go back or on is not the daemon's to say."""
    listed = server.base / "points"
    apply = ["apply", "--yes", *OPTIONS, "--no-try"]
    assert server.kastune(*apply, env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    assert server.kastune("undo", "--yes").status == 0
    points = [line.split(" ", 1)[1] for line in listed.read_text().splitlines()]
    server.kastune(*apply, env={"KASTUNE_CRASH_AT": str(points.index("runner: step 2 applied") + 1)})
    assert state_of(server) == "running"
    served = daemon()
    served.until("is interrupted in the middle and left to you: kastune undo 2 takes it back, kastune resume carries it out")
    assert served.end() == 0 and state_of(server) == "running"


def test_tells_a_service_manager(server, daemon):
    path = server.base / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.settimeout(60)
        served = daemon(env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"})

        def until_heard(words):
            while not (said := heard.recv(200).decode()).startswith(words):
                assert said == "WATCHDOG=1"

        until_heard("READY=1")
        until_heard("WATCHDOG=1")
        served.program.send_signal(signal.SIGHUP)
        until_heard("RELOADING=1\nMONOTONIC_USEC=")
        until_heard("READY=1")
        served.program.send_signal(signal.SIGTERM)
        until_heard("STOPPING=1")
    assert served.program.wait(60) == 0


def test_rereads_its_configuration(server, daemon):
    conf = server.base / "kastune.conf"
    conf.write_text("[kastune]\n")
    served = daemon("--config", conf)
    served.program.send_signal(signal.SIGHUP)
    served.until("kastune.conf is read again")
    conf.write_text("[kastune]\nstaet=/x\n")
    served.program.send_signal(signal.SIGHUP)
    served.until("unknown key staet")
    assert served.end() == 0


def test_journal_that_was_set_aside_is_not_served_on(server, daemon):
    served = daemon()
    server.state.rename(server.base / "aside")
    assert served.program.wait(60) == 1 and "is not the journal any more" in served.said
