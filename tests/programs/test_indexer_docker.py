"""Indexers in real containers of a real Compose project: found, explained, put right, and taken back."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, ROOT, Answer
from docker_engine import IMAGE, Engine

INDEXER = "supertypo/simply-kaspa-indexer"


def build_indexer(engine, tag, release):
    """kaspa-sim and its libraries over the image with PostgreSQL, started as the indexer's image starts it."""
    context = pathlib.Path(engine.base) / f"indexer-{tag}"
    root = context / "root"
    (root / "usr/local/bin").mkdir(parents=True)
    shutil.copy2(BUILD / "src/kaspa-sim", root / "usr/local/bin/simply-kaspa-indexer")
    listed = subprocess.run(["ldd", BUILD / "src/kaspa-sim"], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"=> (/\S+)", listed):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(os.path.realpath(library), target)
    (context / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY root/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin VERSION={release} KASPA_SIM_OPTIONS='--sim-release={release} --sim-tps=20'\n"
                                        'ENTRYPOINT ["simply-kaspa-indexer"]\nCMD ["--help"]\n')
    engine.docker("build", "-q", "-t", f"{INDEXER}:{tag}", context)


@pytest.fixture(scope="module")
def engine():
    plugin = subprocess.run([ROOT / "scripts/compose-plugin"], capture_output=True, text=True, timeout=600)
    assert plugin.returncode == 0, plugin.stderr
    made = Engine()
    try:
        made.plugin = plugin.stdout.strip()
        build_indexer(made, "latest", "v2.3.0")
        made.docker("tag", f"{INDEXER}:latest", f"{INDEXER}:v2.3.0")
        yield made
    finally:
        made.stop()


class Project:
    """A database and an indexer whose options its image does not take, as people have it after a pull of :latest."""

    def __init__(self, engine, folder):
        self.engine, self.folder, self.file, self.own = engine, folder, folder / "docker-compose.yml", folder / "compose.kastune.yaml"
        (folder / ".env").write_text("DB_PASSWORD=a-secret\n")
        self.file.write_text(f"""services:
  kaspa_db:
    image: {IMAGE}
  kaspa_indexer:
    image: {INDEXER}:latest
    restart: unless-stopped
    command: >
      -u -d postgres://postgres:${{DB_PASSWORD}}@kaspa_db:5432/postgres -l 0.0.0.0:8500
      --disable=block_parent_table,blocks_transactions_table --retention=7d --prune-db='0 4 * * *'
    depends_on: [kaspa_db]
""")
        self.file.chmod(0o640)
        self.before = self.file.read_text()
        self.compose("up", "-d")

    def run(self, *argv):
        return self.engine.inside(*argv, env={"DOCKER_CONFIG": self.engine.plugin})

    def compose(self, *argv):
        done = self.run("docker", "compose", "-f", self.file, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kastune(self, *argv):
        return Answer(self.run(BUILD / "src/kastune", *argv, "--state", self.folder / "state"))

    def container(self):
        listed = self.compose("ps", "-a", "-q", "kaspa_indexer").split()
        assert len(listed) == 1, listed
        return json.loads(self.engine.docker("inspect", listed[0]))[0]

    def show(self):
        answer = self.kastune("indexer", "show", "--json")
        row = [row for row in answer.json["indexers"] if row.get("service") == "kaspa_indexer"]
        assert len(row) == 1, answer
        return row[0], [f for f in answer.json["findings"] if f.get("parameter") == row[0]["place"]], answer

    def wait(self, what):
        end = time.monotonic() + 120
        while not what():
            assert time.monotonic() < end, self.show()[2]
            time.sleep(0.2)

    def remove(self):
        self.compose("down", "-v", "-t", "1")


@pytest.fixture
def project(engine, tmp_path):
    made = Project(engine, tmp_path)
    yield made
    made.remove()


def test_container_that_starts_again_for_ever_is_explained_put_right_and_taken_back(project):
    project.wait(lambda: project.container()["RestartCount"] >= 3)
    row, findings, answer = project.show()
    words = " ".join(f["sentence"] for f in findings)
    assert answer.status == 3 and row["release"] == "v2.3.0" and row["versions"][0] == {"value": "v2.3.0", "source": "its image"}, answer
    assert "invalid value 'blocks_transactions_table'" in words and "it rejects its options" in words and "named latest" in words, words

    # Only looking changes nothing.
    looked = project.kastune("indexer", "configure", "--service", "kaspa_indexer", "--dry-run", "--json")
    assert looked.status == 0 and looked.json["dry_run"] and not project.own.exists(), looked
    asked = project.kastune("indexer", "configure", "--service", "kaspa_indexer")
    assert asked.status == 4 and not project.own.exists(), asked

    done = project.kastune("indexer", "configure", "--service", "kaspa_indexer", "--yes", "--json")
    assert done.status == 0, done
    first = done.json["change"]["id"]
    assert done.json["change"]["state"] == "applied" and project.file.read_text() == project.before, done
    text = project.own.read_text()
    assert "${DB_PASSWORD}" in text and "a-secret" not in text and "blocks_transactions_table" not in text and f"{INDEXER}:v2.3.0" in text, text
    assert project.own.stat().st_mode & 0o777 == 0o640
    assert project.run("docker", "compose", "-f", project.file, "-f", project.own, "config", "-q").returncode == 0
    container = project.container()
    assert container["State"]["Status"] == "running" and container["Config"]["Image"] == f"{INDEXER}:v2.3.0", container
    # It answers once it has made its tables.
    project.wait(lambda: project.show()[0].get("status") is not None)
    row, findings, answer = project.show()
    assert row["versions"][0] == {"value": "v2.3.0", "source": "its API"} and not [f for f in findings if f["severity"] == "error"], answer
    assert row["settings"]["disable"] == "block_parent_table" and "block_transaction_ids" in row["settings"]["exclude_fields"], row
    assert project.kastune("indexer", "configure", "--service", "kaspa_indexer", "--yes", "--json").json["plan"]["steps"] == []

    # What does not stay up goes back to what was before it: this stand-in refuses to store other fields than it began with.
    started, kept = container["State"]["StartedAt"], project.own.read_text()
    failed = project.kastune("indexer", "configure", "--service", "kaspa_indexer", "--for", "integrator", "--yes")
    assert failed.status == 1 and "does not stay up" in failed.err and "undone, the system is as before" in failed.err, failed
    assert "a-secret" not in failed.err + failed.out
    assert project.own.read_text() == kept and list(project.folder.glob("*.before-*")) == []
    project.wait(lambda: project.container()["State"]["Status"] == "running")
    assert project.container()["State"]["StartedAt"] != started and "--disable=block_parent_table" in project.container()["Args"]

    undone = project.kastune("undo", first, "--yes")
    assert undone.status == 0 and not project.own.exists() and project.file.read_text() == project.before, undone
    assert project.container()["Config"]["Image"] == f"{INDEXER}:latest"
    for path in (project.folder / "state").iterdir():
        assert b"a-secret" not in path.read_bytes(), path


def test_files_of_somebody_else_are_not_written_over(project):
    done = project.kastune("indexer", "configure", "--service", "kaspa_indexer", "--yes", "--json")
    assert done.status == 0, done
    project.own.write_text(project.own.read_text() + "# mine\n")
    undone = project.kastune("undo", done.json["change"]["id"], "--yes")
    assert undone.status == 4 and "somebody else changed" in undone.err and "# mine" in project.own.read_text(), undone
