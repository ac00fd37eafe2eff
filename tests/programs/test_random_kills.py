"""kill -9 at random times during applies and undos, of kastune, of the server, or of both; then whatever command comes next.

The points that kastune knows of are enumerated in test_faults; these kills also land where nobody thought of. 25 of them during applies
unless KT_KILLS says how many; KT_SEED repeats a run.
"""
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import BUILD
from test_apply import OPTIONS, files_of, settings_of

KILLS = int(os.environ.get("KT_KILLS", "25"))
VICTIMS = ["kastune"] * 6 + ["server", "both"]
ROWS = 1000


class Trials:
    """What a server was before, and what happened so far."""

    def __init__(self, server, more, chance):
        self.server, self.chance, self.told = server, chance, ""
        self.words = {"apply": ("apply", "--yes", *OPTIONS, "--no-try", *more), "undo": ("undo", "--yes")}
        self.seconds = {}
        server.sql(f"CREATE TABLE blocks AS SELECT i, sha256(i::text::bytea) AS hash FROM generate_series(1, {ROWS}) i")
        self.before = self.look()
        self.run("apply")
        self.check("applied")
        self.run("undo")
        self.check("undone")

    def look(self):
        return settings_of(self.server), files_of(self.server)

    def run(self, verb):
        began = time.monotonic()
        answer = self.server.kastune(*self.words[verb])
        self.seconds[verb] = time.monotonic() - began
        assert answer.status == 0, f"{self.told}: {answer}"

    def newest(self):
        changes = self.server.kastune("history", "--json").json["changes"]
        return (changes[0]["id"], changes[0]["state"]) if changes else (0, "undone")

    def kill_server(self):
        try:
            os.kill(self.server.pid, signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            pass  # it is being restarted just now

    def killed(self, verb):
        """Was it killed, or over before?"""
        victim = self.chance.choice(VICTIMS)
        after = self.chance.uniform(0, 1.1 * self.seconds[verb])
        self.told = f"{verb}, {victim} killed after {after:.3f} s"
        program = subprocess.Popen([BUILD / "src/kastune", *self.words[verb], "--state", self.server.state], env=self.server.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        alive = program.poll() is None
        if victim != "kastune" and alive:
            self.kill_server()
        if victim != "server":
            program.kill()
        status = program.wait(timeout=120)
        return alive if victim == "server" else status == -signal.SIGKILL

    def make_it_run(self):
        """As its unit does: no change set is in work, so kastune leaves a server alone that is down."""
        end = time.monotonic() + 60
        while self.server.sql("SELECT 1", check=False) != "1":
            assert time.monotonic() < end, f"{self.told}: the server does not start\n{self.server.log.read_text()[-2000:]}"
            try:
                self.server.start()
            except subprocess.CalledProcessError:
                time.sleep(0.2)  # what is left of the killed one still holds the memory, or it is starting already

    def next_command(self):
        """Whatever an operator does first. The state it ends in."""
        number, state = self.newest()
        assert state in ("running", "undoing", "stuck", "applied", "undone"), f"{self.told}: {state}"
        if state in ("running", "undoing", "stuck"):
            status = self.server.kastune("status")
            assert status.status in (1, 3), f"{self.told}: {status}"
            way = self.chance.choice(["resume", "undo", "apply"] if state == "running" else ["undo", "apply"])
            self.told += f"; {state}, then {way}"
            words = {"resume": ("resume", str(number), "--yes"), "undo": ("undo", str(number), "--yes"), "apply": self.words["apply"]}[way]
            # Resume and apply ask the server first.
            if way != "undo":
                self.make_it_run()
            answer = self.server.kastune(*words)
            state = self.newest()[1]
            # What the server's log tells of its own death may make the health check go back: said, and with another status.
            outcomes = [(0, "undone")] if way == "undo" else [(0, "applied"), (1, "undone")]
            assert (answer.status, state) in outcomes, f"{self.told}: {state}, {answer}"
        self.make_it_run()
        return state

    def check_planned(self):
        """All that the journal names of the change set runs with these values, and nothing else differs from before."""
        steps = self.server.kastune("history", str(self.newest()[0]), "--json").json["change"]["steps"]
        planned = {s["name"]: s["value"] for step in steps for s in step["args"].get("write", {}).get("settings", [])}
        rows = self.server.sql("SELECT name, setting, applied, error FROM pg_file_settings WHERE sourcefile ~ '90-kastune.conf$'").splitlines()
        assert sorted(rows) == sorted(f"{name}|{value}|t|" for name, value in planned.items()), self.told
        mine = "sourcefile ~ '90-kastune.conf$' AND NOT pending_restart"
        assert set(self.server.sql(f"SELECT name FROM pg_settings WHERE {mine}").split()) == set(planned), self.told
        settings, files = self.look()
        kept = [self.other(settings, planned), self.other(self.before[0], planned)]
        assert planned and kept[0] == kept[1], self.told
        assert {path for path in files if path not in self.before[1]} == {self.server.confd / "90-kastune.conf"}, self.told
        assert all(files[path] == content for path, content in self.before[1].items()), self.told
        assert self.server.kastune("status").status == 0, self.told

    @staticmethod
    def other(settings, planned):
        return [line for line in settings.splitlines() if line.split("|")[0] not in planned and not line.startswith("pg_stat_statements.")]

    def check(self, state):
        if state == "applied":
            self.check_planned()
        else:
            settings, files = self.look()
            assert settings == self.before[0], self.told
            assert files.keys() == self.before[1].keys() and all(files[path] == content for path, content in self.before[1].items()), self.told
        sums = "SELECT count(*) FROM blocks WHERE hash = sha256(i::text::bytea)"
        assert self.server.sql(sums) == str(ROWS), self.told
        assert not [path for path in self.server.confd.iterdir() if "kastune-new" in path.name], self.told


@pytest.mark.parametrize("more, kills", [(["--no-restart"], KILLS - KILLS * 2 // 5), ([], KILLS * 2 // 5)], ids=["reload", "restart"])
def test_killed_at_random_times_it_is_as_before_or_as_planned(server, more, kills):
    seed = int(os.environ.get("KT_SEED", random.randrange(1 << 32)))
    print(f"KT_SEED={seed}")
    trials, done, outcomes = Trials(server, more, random.Random(seed)), 0, {}
    for _ in range(20 * kills):
        if done == kills:
            break
        done += trials.killed("apply")
        state = trials.next_command()
        outcomes[state] = outcomes.get(state, 0) + 1
        trials.check(state)
        if state == "applied":
            if trials.chance.random() < 0.5:
                trials.killed("undo")
                trials.check(state := trials.next_command())
            if state == "applied":
                trials.run("undo")
                trials.check("undone")
    print(f"{done} kills during an apply: {outcomes}")
    assert done == kills and server.kastune("status").status == 0
