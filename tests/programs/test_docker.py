"""PostgreSQL in a container of a real Docker Engine: the container is the machine, the Engine restarts it, the volume holds its settings."""
import os
import signal
import subprocess

import pytest

from conftest import BUILD
from docker_engine import Container, Engine

COMPOSE = ["com.docker.compose.project=kaspa", "com.docker.compose.service=db",
           "com.docker.compose.project.config_files=/opt/kaspa/docker-compose.yml"]


@pytest.fixture(scope="module")
def engine():
    made = Engine()
    yield made
    made.stop()


@pytest.fixture
def make(engine):
    made = []

    def one(*args, **kwargs):
        made.append(Container(engine, *args, **kwargs))
        return made[-1]

    yield one
    for container in made:
        container.remove()


def test_the_container_is_the_machine(make):
    db = make(memory="600m")
    host = db.kastune("host", "--json")
    assert host.json["cgroup"]["memory_limit_bytes"] == 600 * 1024 * 1024, host
    answer = db.kastune("advise", "--json", "--all")
    rows = {row["name"]: row for row in answer.json["parameters"]}
    assert "shared_buffers" in rows, answer
    words = db.kastune("advise")
    assert words.status == 0 and "128 MB" not in words.err, words


def test_apply_restarts_the_container_and_undo_brings_all_back(make):
    db = make(labels=COMPOSE)
    before, started, old = db.auto_conf(), db.inspect()["State"]["StartedAt"], db.setting("shared_buffers")
    plan = db.kastune("plan")
    assert plan.status == 0 and f"docker restart --time 600 {db.name}" in plan.out and "by ALTER SYSTEM" in plan.out, plan
    applied = db.kastune("apply", "--yes")
    assert applied.status == 0, applied
    assert db.setting("shared_buffers") != old and db.inspect()["State"]["StartedAt"] != started
    assert db.inspect()["State"]["ExitCode"] == 0
    status = db.kastune("status", "--json")
    assert status.status == 0 and status.json["pending_restart"] == [] and all(s["as_planned"] for s in status.json["steps"]), status
    undone = db.kastune("undo", "--yes")
    assert undone.status == 0 and db.auto_conf() == before and db.setting("shared_buffers") == old, undone


def test_setting_on_the_command_line_is_said_with_its_place_and_left_alone(make):
    db = make(command=["-c", "shared_buffers=64MB", "-c", "work_mem=3MB"], labels=COMPOSE)
    advice = db.kastune("advise")
    assert "command of service db of /opt/kaspa/docker-compose.yml" in " ".join(advice.out.split()), advice
    assert db.kastune("apply", "--yes").status == 0
    assert not any(line.startswith(("shared_buffers", "work_mem")) for line in db.auto_conf())
    assert db.setting("work_mem") == "3MB" and db.setting("shared_buffers") == "64MB"


def test_stop_time_signal_and_restart_policy_are_judged(make):
    db = make("--stop-timeout", "1", "--stop-signal", "SIGTERM", labels=COMPOSE)
    words = " ".join(db.kastune("advise").out.split())
    assert "stop_grace_period" in words and "is killed 1 s after" in words and "stop_signal: SIGINT" in words and "unless-stopped" in words, words
    good = make("--stop-timeout", "300", "--restart", "unless-stopped")
    words = good.kastune("advise").out
    assert "stop_grace_period" not in words and "stop_signal" not in words and "unless-stopped" not in words, words


def test_small_shared_memory_folder_is_said(make):
    words = " ".join(make("--shm-size", "64m", memory="4g").kastune("advise").out.split())
    assert "/dev/shm has 64 MB" in words, words


@pytest.mark.parametrize("policy", ["no", "always"])
def test_server_that_cannot_start_on_its_settings_gets_the_old_ones(make, policy):
    db = make("--restart", policy, memory="2g")
    before, old = db.auto_conf(), db.setting("shared_buffers")
    # The plan preloads it; only a start finds out that it cannot be loaded.
    library = "/usr/lib/postgresql/15/lib/pg_stat_statements.so"
    db.engine.docker("exec", "-u", "0", db.name, "sh", "-c", f"cp {library} {library}.good; echo spoilt > {library}")
    answer = db.kastune("apply", "--yes")
    assert answer.status == 1 and "undone, the system is as before" in answer.err and "pg_stat_statements" in answer.err, answer
    db.wait()
    assert db.auto_conf() == before and db.setting("shared_buffers") == old
    assert db.inspect()["State"]["Status"] == "running"
    assert db.kastune("history", "--json").json["changes"][0]["state"] == "undone"


def test_signal_that_a_script_ignores_is_not_waited_for(make):
    """As process 1 before it has set up its signals: what was sent is lost, and the server would run on until it is killed."""
    db = make("--restart", "always", memory="2g")
    before, old = db.auto_conf(), db.setting("shared_buffers")
    library = "/usr/lib/postgresql/15/lib/pg_stat_statements.so"
    db.engine.docker("exec", "-u", "0", db.name, "sh", "-c", f"cp {library} {library}.good; echo spoilt > {library}; "
                     "printf '#!/bin/sh\\ntrap \"\" INT\\nsleep 3\\nexec \"$@\"\\n' > /entrypoint.sh")
    # Whether the container is found between two starts or during one is chance.
    for _ in range(3):
        answer = db.kastune("apply", "--yes")
        assert answer.status == 1 and "undone, the system is as before" in answer.err, answer
        db.wait()
        assert db.auto_conf() == before and db.setting("shared_buffers") == old


def test_container_that_stops_by_sigterm_does_not_wait_for_its_clients(make):
    db = make("--stop-signal", "SIGTERM")
    old = db.setting("shared_buffers")
    words = ["nsenter", "-t", str(db.engine.program.pid), "-n", "--", "psql", "-XAtqc", "SELECT pg_sleep(600)"]
    client = subprocess.Popen(words, env={**db.engine.env, **db.env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    applied = db.kastune("apply", "--yes")
    assert applied.status == 0 and db.setting("shared_buffers") != old, applied
    assert client.wait(60) != 0
    assert "was not properly shut down" not in db.engine.inside("docker", "logs", db.name).stderr


def test_port_that_another_container_publishes_everywhere_is_not_taken_for_it(make):
    db = make()
    make("-p", "5432:5432")
    address = db.inspect()["NetworkSettings"]["IPAddress"]
    answer = db.kastune("advise", "--json", env={"PGHOST": address, "PGPORT": "5432"})
    assert answer.status == 0 and "does not run in container" not in answer.out, answer


def test_other_container_of_the_same_name_is_left_alone(make):
    db = make()
    assert db.kastune("apply", "--yes").status == 0
    db.engine.docker("rm", "-f", db.name)
    db.engine.docker("run", "-d", "--name", db.name, "-p", f"127.0.0.1:{db.port}:5432", "-v", f"{db.volume}-2:/var/lib/postgresql/data", "-m", "4g",
                     "kastune-tests/postgres:15")
    db.wait()
    started = db.inspect()["State"]["StartedAt"]
    undone = db.kastune("undo", "1", "--yes")
    assert undone.status != 0 and db.inspect()["State"]["StartedAt"] == started, undone
    assert "another" in undone.err, undone
    db.engine.docker("rm", "-f", db.name)
    db.engine.docker("volume", "rm", f"{db.volume}-2")


def test_data_outside_of_a_volume_are_not_touched(make):
    db = make("-e", "PGDATA=/tmp/data")
    assert db.kastune("advise").status == 0
    answer = db.kastune("apply", "--yes")
    assert answer.status == 5 and "in no volume" in answer.err, answer


def points_of(db):
    listed = db.state / "points"
    assert db.kastune("apply", "--yes", env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    assert db.kastune("undo", "--yes").status == 0
    return [line.split(" ", 1)[1] for line in listed.read_text().splitlines()]


def test_killed_in_the_middle_the_next_kastune_goes_back(make):
    db = make()
    before, old = db.auto_conf(), db.setting("shared_buffers")
    points = points_of(db)
    written = [n for n, name in enumerate(points, 1) if name.startswith("settings:")]
    applied = next(n for n, name in enumerate(points, 1) if name == "runner: step 2 applied")
    for n in (written[0], written[-1], applied):
        killed = db.kastune("apply", "--yes", env={"KASTUNE_CRASH_AT": str(n)})
        assert killed.status in (-9, 137) and db.auto_conf() != before, (points[n - 1], killed)
        undone = db.kastune("undo", "--yes")
        assert undone.status == 0, (points[n - 1], undone)
        assert db.auto_conf() == before and db.setting("shared_buffers") == old


def test_killed_during_the_restart_the_next_kastune_goes_back(make):
    db = make()
    before, old, started = db.auto_conf(), db.setting("shared_buffers"), db.inspect()["State"]["StartedAt"]
    words = ["nsenter", "-t", str(db.engine.program.pid), "-n", "--", str(BUILD / "src/kastune"), "apply", "--yes", "--state", str(db.state / "state")]
    program = subprocess.Popen(words, env={**db.engine.env, **db.env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in program.stderr:
        if "docker restart" in line:
            break
    os.kill(program.pid, signal.SIGKILL)
    program.communicate()
    undone = db.kastune("undo", "1", "--yes")
    assert undone.status == 0 and db.auto_conf() == before, undone
    db.wait()
    assert db.setting("shared_buffers") == old


def test_stopped_container_is_started_by_the_undo(make):
    db = make()
    before, old = db.auto_conf(), db.setting("shared_buffers")
    assert db.kastune("apply", "--yes").status == 0
    db.engine.docker("stop", "-t", "60", db.name)
    undone = db.kastune("undo", "1", "--yes")
    assert undone.status == 0 and db.auto_conf() == before and db.setting("shared_buffers") == old, undone


def test_named_container_must_be_the_one_that_answers(make):
    one, other = make(), make()
    assert one.kastune("advise", "--container", one.name).status == 0
    answer = one.kastune("advise", "--container", other.name)
    assert answer.status == 4 and "does not run in container" in answer.err, answer
    answer = one.kastune("advise", "--container", "nothing-of-that-name")
    assert answer.status == 1 and "nothing-of-that-name" in answer.err, answer


def test_container_that_is_gone_is_said_and_undone_when_it_is_back(make):
    db = make()
    before = db.auto_conf()
    assert db.kastune("apply", "--yes").status == 0
    db.engine.docker("rm", "-f", db.name)
    answer = db.kastune("undo", "1", "--yes")
    assert answer.status == 1 and "there is no container" in answer.err, answer
    db.engine.docker("run", "-d", "--name", db.name, "-p", f"127.0.0.1:{db.port}:5432", "-v", f"{db.volume}:/var/lib/postgresql/data", "-m", "4g",
                     "kastune-tests/postgres:15")
    db.wait()
    undone = db.kastune("undo", "1", "--yes")
    assert undone.status == 0 and db.auto_conf() == before, undone
