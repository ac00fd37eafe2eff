"""PostgreSQL as a service of a real docker compose project: found, advised within its limits, changed, and made anew by compose."""
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from docker_engine import IMAGE, Container, Engine

PROJECT = """
services:
  db:
    image: {image}
    command: postgres -c listen_addresses=* {more}
    ports: ["127.0.0.1:{port}:5432"]
    volumes: ["data:/var/lib/postgresql/data"]
    mem_limit: {memory}
    shm_size: 96m
    stop_grace_period: 5m
    stop_signal: SIGINT
    restart: unless-stopped
volumes:
  data: {{}}
"""


class Service(Container):
    """The service db of a project in a folder of its own."""

    count = 0

    def __init__(self, engine, more="", memory="2g"):
        Service.count += 1
        assert shutil.which("docker-compose"), "docker-compose is missing: scripts/setup test"
        self.engine, self.port, self.project = engine, 16000 + Service.count, f"kaspa{Service.count}"
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="state-", dir=engine.base))
        self.file = self.state / "docker-compose.yml"
        self.write(more, memory)
        self.compose("up", "-d")
        self.wait()

    def write(self, more="", memory="2g"):
        self.file.write_text(PROJECT.format(image=IMAGE, port=self.port, more=more, memory=memory))

    def compose(self, *args):
        done = subprocess.run(["docker-compose", "-p", self.project, *args], cwd=self.state, capture_output=True, text=True, timeout=600,
                              env={**self.engine.env, "COMPOSE_HTTP_TIMEOUT": "240"})
        assert done.returncode == 0, f"docker-compose {args}: {done.stdout}{done.stderr}"

    @property
    def name(self):
        return self.engine.docker("ps", "-a", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={self.project}")

    @property
    def volume(self):
        return self.engine.docker("volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={self.project}")

    def take_down(self):
        """What compose down leaves: the volume. Through the Engine, which needs no patience."""
        self.engine.docker("rm", "-f", self.name, check=False)

    def remove(self):
        self.take_down()
        self.engine.docker("volume", "rm", self.volume, check=False)
        shutil.rmtree(self.state, ignore_errors=True)


@pytest.fixture(scope="module")
def engine():
    made = Engine()
    yield made
    made.stop()


@pytest.fixture
def make(engine):
    made = []

    def one(**kwargs):
        made.append(Service(engine, **kwargs))
        return made[-1]

    yield one
    for service in made:
        service.remove()


def words_of(answer):
    return " ".join(answer.out.split())


def as_planned(db):
    status = db.kastune("status", "--json")
    return status.status == 0 and all(step["as_planned"] for step in status.json["steps"])


def test_project_service_and_limits_are_found(make):
    db = make(memory="600m")
    host = db.kastune("host", "--json").json
    assert host["memory_limit_bytes"] == 600 << 20, host
    advice = db.kastune("advise", "--json", "--all").json
    wanted = {row["name"]: row.get("wanted") for row in advice["parameters"]}
    assert "shared_buffers" in wanted
    words = words_of(db.kastune("advise"))
    assert "stop_grace_period" not in words and "stop_signal" not in words and "unless-stopped" not in words, words


def test_settings_survive_that_compose_makes_the_container_anew(make):
    db = make()
    before, old, volume, first = db.auto_conf(), db.setting("shared_buffers"), db.volume, db.inspect()["Id"]
    applied = db.kastune("apply", "--yes")
    assert applied.status == 0, applied
    new = db.setting("shared_buffers")
    assert new != old and db.inspect()["Id"] == first and as_planned(db)

    db.compose("up", "-d", "--force-recreate")
    db.wait()
    assert db.inspect()["Id"] != first and db.volume == volume
    assert db.setting("shared_buffers") == new and as_planned(db)

    undone = db.kastune("undo", "--yes")
    assert undone.status == 0 and db.auto_conf() == before and db.setting("shared_buffers") == old, undone


def test_setting_of_the_command_is_named_with_service_and_file(make):
    db = make(more="-c shared_buffers=64MB -c work_mem=3MB")
    words = words_of(db.kastune("advise"))
    assert f"command of service db of {db.file}" in words, words
    assert db.kastune("apply", "--yes").status == 0
    assert not any(line.startswith(("shared_buffers", "work_mem")) for line in db.auto_conf())
    assert (db.setting("shared_buffers"), db.setting("work_mem")) == ("64MB", "3MB")

    # As the advice says: taken out there, compose makes the container anew, and then it is kastune's to set.
    db.write()
    db.compose("up", "-d")
    db.wait()
    assert db.kastune("apply", "--yes").status == 0
    assert db.setting("shared_buffers") not in ("64MB", "128MB") and f"service db of {db.file}" not in words_of(db.kastune("advise"))
    assert as_planned(db)


def test_taken_down_and_up_again_it_can_still_be_undone(make):
    db = make()
    before, old = db.auto_conf(), db.setting("shared_buffers")
    assert db.kastune("apply", "--yes").status == 0
    db.take_down()
    answer = db.kastune("undo", "1", "--yes")
    assert answer.status == 1 and "docker compose up -d" in answer.err, answer
    db.compose("up", "-d")
    db.wait()
    undone = db.kastune("undo", "1", "--yes")
    assert undone.status == 0 and db.auto_conf() == before and db.setting("shared_buffers") == old, undone
