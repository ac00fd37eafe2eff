"""Settings of a server in a container are started before in a container of the same image and limits, of which nothing stays."""
import json
import os
import signal
import subprocess

import pytest

from conftest import BUILD
from docker_engine import IMAGE, Container, Engine

LABEL = "io.github.kastune.scratch"


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


def scratches(engine):
    return engine.docker("ps", "-aq", "--no-trunc", "--filter", f"label={LABEL}").split()


def volumes(engine):
    return set(engine.docker("volume", "ls", "-q").split())


def build_folder(db, more):
    folder = db.state / "image"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {IMAGE}\n{more}\n")
    return folder


def try_conf(db, text):
    conf = db.state / "try.conf"
    conf.write_text(text)
    return db.kastune("config", "try", conf, "--json")


def test_good_settings_start_and_nothing_is_left(make, engine):
    db = make(memory="600m")
    before = volumes(engine)
    answer = try_conf(db, "shared_buffers = 100MB\nwork_mem = 5MB\n")
    assert answer.status == 0 and answer.json["started"] is True, answer
    assert answer.json["limited"] is True and answer.json["memory_limit_bytes"] == 600 << 20
    assert answer.json["shared_memory_bytes"] > 100 << 20 and answer.json["container"] == db.name
    assert scratches(engine) == [] and volumes(engine) == before
    assert db.kastune("config", "try").status == 0


@pytest.mark.parametrize("text, words", [
    ("shared_buffers = 900MB\n", "memory limit of 600 MB"),
    ("max_connections = many\n", "max_connections"),
    ("shared_preload_libraries = 'not_there'\n", "not_there"),
])
def test_settings_that_cannot_start_are_told_with_the_reason(make, engine, text, words):
    db = make(memory="600m")
    answer = try_conf(db, text)
    assert answer.status == 3 and answer.json["started"] is False and words in answer.json["problem"], answer
    assert scratches(engine) == []


def test_plan_tries_and_apply_refuses_what_does_not_start(make, engine):
    db = make(memory="2g")
    plan = db.kastune("plan")
    assert plan.status == 0 and "Tried: a scratch server in a container" in plan.out, plan
    # What somebody else has written and not yet made it read would come with our restart.
    db.sql("ALTER SYSTEM SET min_dynamic_shared_memory = '4GB'")
    refused = db.kastune("apply", "--yes")
    assert refused.status == 4 and "larger than the memory limit of 2 GB" in refused.err, refused
    assert db.kastune("history", "--json").json["changes"] == [] and scratches(engine) == []


def test_image_without_what_it_takes_is_said(make, engine):
    context = build_folder(make(), 'USER 0\nRUN ["/bin/rm", "/usr/lib/postgresql/15/bin/psql"]\nUSER 999')
    engine.docker("build", "-q", "-t", "kastune-tests/no-psql", context)
    without = make(image="kastune-tests/no-psql")
    answer = without.kastune("config", "try")
    assert answer.status == 5 and "there is no psql in the image" in answer.err and "--no-try" in answer.err, answer
    assert without.kastune("plan", "--no-try").status == 0 and scratches(engine) == []


def test_refusal_of_the_engine_is_told_in_its_words(make, engine):
    """The image of a running container cannot be removed; that of a stopped one can, and it starts all the same."""
    context = build_folder(make(), "LABEL removed=soon")
    engine.docker("build", "-q", "-t", "kastune-tests/removed", context)
    db = make(image="kastune-tests/removed")
    engine.docker("stop", "-t", "60", db.name)
    engine.docker("rmi", "-f", "kastune-tests/removed")
    engine.docker("start", db.name)
    db.wait()
    answer = db.kastune("config", "try")
    assert answer.status == 1 and "No such image" in answer.err and "--no-try" in answer.err, answer
    assert db.kastune("plan").status == 1 and db.kastune("plan", "--no-try").status == 0


def test_killed_in_a_trial_the_next_one_clears_up(make, engine):
    db = make("--shm-size", "96m", memory="700m")
    conf = db.state / "try.conf"
    conf.write_text("work_mem = 5MB\n")
    words = ["nsenter", "-t", str(engine.program.pid), "-n", "--", str(BUILD / "src/kastune"), "config", "try", str(conf), "--state", str(db.state / "state")]
    program = subprocess.Popen(words, env={**engine.env, **db.env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while program.poll() is None and not scratches(engine):
        pass
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    left = scratches(engine)
    assert len(left) == 1
    like = json.loads(engine.docker("inspect", left[0]))[0]
    host = like["HostConfig"]
    assert (host["Memory"], host["ShmSize"], host["NetworkMode"]) == (700 << 20, 96 << 20, "none"), host
    assert like["Image"] == db.inspect()["Image"] and not any(mount.get("Name") == db.volume for mount in like["Mounts"])
    assert try_conf(db, "work_mem = 5MB\n").status == 0
    assert scratches(engine) == []
