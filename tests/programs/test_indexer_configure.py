"""Options of an indexer in a compose file of kastune's own: what is written, what Compose and the release make of it, and crashes."""
import os
import shutil
import subprocess

import pytest

from conftest import ROOT, kastune
from test_indexer_show import COMPOSE, Indexer, compose, start  # noqa: F401: fixtures

SERVICES = {"light-integrator/docker-compose.yaml": "kaspa_indexer", "simply-kaspa-indexer/docker-compose.yaml": "simply_kaspa_indexer",
            "k-indexer/compose.yaml": "simply-kaspa-indexer", "all-in-one/docker-compose.yml": "simply-kaspa-indexer"}
LIGHT = "light-integrator/docker-compose.yaml"


class Project:
    def __init__(self, environment, name, folder):
        self.environment, self.folder = environment, folder / "project"
        shutil.copytree(COMPOSE / os.path.dirname(name), self.folder)
        (self.folder / "postgresql.conf").touch()
        self.file, self.own, self.state = self.folder / os.path.basename(name), self.folder / "compose.kastune.yaml", folder / "state"
        self.before = self.snapshot()

    def kastune(self, *words, **env):
        return kastune(*words, "--state", self.state, env={**self.environment, **env})

    def configure(self, *words, **env):
        return self.kastune("indexer", "configure", self.file, "--yes", "--json", *words, **env)

    def snapshot(self):
        return {path.name: path.read_text() for path in self.folder.iterdir()}

    def accepted(self):
        done = subprocess.run(["docker", "compose", "-f", self.file, "-f", self.own, "--profile", "*", "config", "-q"], env=self.environment,
                              capture_output=True, text=True, timeout=120)
        return done.returncode == 0, done.stderr


@pytest.fixture
def project(compose, tmp_path):  # noqa: F811
    return lambda name=LIGHT: Project(compose, name, tmp_path)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_written_is_taken_by_compose_and_by_the_release(project, name):
    made = project(name)
    done = made.configure()
    assert done.status == 0, done
    assert made.accepted() == (True, ""), made.own.read_text()
    shown = made.kastune("indexer", "show", made.file, made.own, "--json")
    row = [r for r in shown.json["indexers"] if r.get("service") == SERVICES[name] and str(made.own) in r.get("compose_files", [])]
    assert len(row) == 1 and row[0]["release"] == done.json["release"] and row[0]["image"].endswith(":" + done.json["release"]), shown
    assert not [f for f in shown.json["findings"] if f.get("parameter") == row[0]["place"] and f["severity"] == "error"], shown
    assert kastune("indexer", "check", "--release", done.json["release"], "--", *done.json["options"]).status == 0
    assert "a-secret" not in done.out and "a-secret" not in made.own.read_text()
    undone = made.kastune("undo", done.json["change"]["id"], "--yes")
    assert undone.status == 0 and made.snapshot() == made.before, undone


def test_a_use_says_what_it_saves_and_what_is_lost(project):
    made = project("simply-kaspa-indexer/docker-compose.yaml")
    done = made.kastune("indexer", "configure", made.file, "--for", "integrator", "--retention", "14d", "--dry-run", "--json")
    assert done.status == 0 and made.snapshot() == made.before, done
    assert done.json["after"]["disk_bytes_per_day"] < done.json["before"]["disk_bytes_per_day"] / 2, done
    assert done.json["after"]["wal_bytes_per_transaction"] < done.json["before"]["wal_bytes_per_transaction"], done
    assert "no histories by address" in done.json["loses"] and "--retention=14d" in done.json["options"], done
    text = made.kastune("indexer", "configure", made.file, "--for", "integrator", "--dry-run")
    assert "Rows that are there already stay" in text.out and "docker compose -f" in text.out, text


def test_single_tables_and_fields_are_chosen_from_what_is_stored_now(project):
    made = project()
    first = made.configure("--for", "integrator")
    more = made.configure("--keep", "tx_payload", "--disable", "blocks", "--retention", "2d")
    assert first.status == 0 and more.status == 0, more
    before, after = ({value for word in answer.json["options"] for value in word.partition("=")[2].split(",")} for answer in (first, more))
    assert after - before == {"blocks_table", "2d"} and "tx_payload" in before - after, (before, after)
    assert made.accepted() == (True, "")
    assert made.kastune("undo", more.json["change"]["id"], "--yes").status == 0


@pytest.mark.parametrize("words, status, says", [
    (("--for", "mining"), 2, "there is no use mining"),
    (("--mapping", "both"), 2, "both"),
    (("--disable", "nothing"), 2, "there is no table"),
    (("--release", "v9.9"), 2, "there is no release v9.9"),
    (("--release", "v1.0.0"), 5, "not known well enough"),
    (("--service", "nobody"), 1, "there is no such"),
])
def test_wrong_words(project, words, status, says):
    made = project()
    answer = made.kastune("indexer", "configure", made.file, "--yes", *words)
    assert answer.status == status and says in answer.err and made.snapshot() == made.before, answer


def test_k_indexer_is_not_starved(project):
    made = project("k-indexer/compose.yaml")
    answer = made.kastune("indexer", "configure", made.file, "--for", "integrator", "--yes")
    assert answer.status == 4 and "K-indexer" in answer.err and made.snapshot() == made.before, answer
    assert made.configure("--for", "k-social").status == 0


def test_variable_of_somebodys_shell_is_not_guessed(project):
    made = project("k-indexer/compose.yaml")
    (made.folder / ".env").write_text((made.folder / ".env").read_text().replace("DB_PASSWORD=a-secret-of-k\n", ""))
    answer = made.kastune("indexer", "configure", made.file, "--yes")
    assert answer.status == 4 and "DB_PASSWORD" in answer.err and not made.own.exists(), answer


def test_file_of_somebody_under_our_name_is_left_alone(project, tmp_path):
    made = project()
    (tmp_path / "elsewhere").write_text("mine\n")
    made.own.symlink_to(tmp_path / "elsewhere")
    refused = made.configure()
    assert refused.status == 4 and "did not write it" in refused.err + refused.out and "--file" in refused.err + refused.out, refused
    made.own.unlink()
    made.own.write_text("services:\n  kaspa_indexer:\n    mem_limit: 1g\n")
    before = made.snapshot()
    assert made.configure().status == 4 and made.snapshot() == before
    assert made.configure("--file", made.folder / "compose.kastune-mine.yaml").status == 0


def test_link_that_comes_meanwhile_is_not_followed(project, tmp_path):
    made = project()
    assert made.configure().status == 0
    written = made.own.read_text()
    (tmp_path / "elsewhere").write_text(written)
    made.own.unlink()
    made.own.symlink_to(tmp_path / "elsewhere")
    assert made.configure("--for", "wallet").status == 0
    assert (tmp_path / "elsewhere").read_text() == written and not made.own.is_symlink()


TWO = """services:
  one:
    image: supertypo/simply-kaspa-indexer:v2.3.0
    command: ["-d", "postgres://u:a-secret@db/one", "--dsn=postgres://u:a-secret@db/one"]
  two:
    image: supertypo/simply-kaspa-indexer:v2.3.0
    command: ["-d", "postgres://u:a-secret@db/two"]
"""


def test_two_indexers_of_a_project_do_not_take_each_others_options(project):
    made = project()
    made.file.write_text(TWO)
    assert made.configure("--service", "one", "--for", "integrator").status == 0
    first = made.own.read_text()
    refused = made.configure("--service", "two", "--for", "wallet")
    assert refused.status == 4 and "compose.kastune-two.yaml" in refused.err + refused.out and made.own.read_text() == first, refused
    assert made.configure("--service", "two", "--for", "wallet", "--file", made.folder / "compose.kastune-two.yaml").status == 0
    assert made.own.read_text() == first


def test_password_in_a_wrong_place_is_shown_and_kept_nowhere(project):
    made = project()
    made.file.write_text(TWO)
    answers = [made.kastune("indexer", "show", made.file), made.kastune("indexer", "show", made.file, "--json"),
               made.configure("--service", "one", "--dry-run"), made.configure("--service", "one")]
    assert answers[-1].status == 0 and "a-secret" not in "".join(answer.out + answer.err for answer in answers), answers
    assert "--dsn" in answers[-1].out
    assert not [path for path in made.state.rglob("*") if path.is_file() and b"a-secret" in path.read_bytes()]


def test_undo_and_status_know_of_an_indexer_beside_a_server(project, server):
    made = project()
    made.state = server.state
    tuned = server.kastune("apply", "--yes", "--json", "--no-probe", "--reserve", "0")
    assert tuned.status == 0, tuned
    change = made.configure("--for", "integrator").json["change"]["id"]
    status = server.kastune("status", "--json", env=made.environment | server.env)
    assert status.json["change"]["id"] == change and [row["id"] for row in status.json["others"]] == [tuned.json["change"]["id"]], status
    text = server.kastune("status", env=made.environment | server.env)
    assert "Also in force" in text.out and "service kaspa_indexer" in text.out, text
    undone = server.kastune("undo", "--yes", env=made.environment | server.env)
    assert undone.status == 0 and "the indexer is started as before it" in undone.out and made.snapshot() == made.before, undone
    # A server that is named is meant alone.
    again = made.configure("--for", "integrator").json["change"]["id"]
    named = server.kastune("undo", "--yes", "--dsn", f"host={server.base}")
    assert named.status == 0 and f"Change set {tuned.json['change']['id']} is undone" in named.out, named
    assert made.own.exists() and made.kastune("undo", again, "--yes").status == 0


def points_in(listing):
    """Numbers of the points, without those inside the state database's own commits."""
    return [line.split(" ", 1)[0] for line in listing.read_text().splitlines() if not line.split(" ", 1)[1].startswith("state:")]


def test_kill_at_any_point_of_a_change_ends_as_before_or_as_planned(project, tmp_path):
    made = project()
    assert made.configure().status == 0
    first, listing = made.snapshot(), tmp_path / "points"
    done = made.configure("--for", "wallet", KASTUNE_CRASH_LIST=str(listing))
    assert done.status == 0, done
    planned = made.snapshot()
    assert planned["compose.kastune.yaml"] != first["compose.kastune.yaml"]
    for point in points_in(listing):
        assert made.kastune("undo", "--yes").status == 0 and made.snapshot() == first, point
        assert made.configure("--for", "wallet", KASTUNE_CRASH_AT=point).status == -9, point
        # On to the end; where nothing had begun, or all was done, there is nothing to resume.
        resumed = made.kastune("resume", "--yes")
        if made.snapshot() == first:
            assert "there is no change set" in resumed.err and made.configure("--for", "wallet").status == 0, (point, resumed)
        assert made.snapshot() == planned, (point, resumed)


def test_kill_at_any_point_of_an_undo_is_carried_on_with(project, tmp_path):
    made = project()
    assert made.configure().status == 0
    first, listing = made.snapshot(), tmp_path / "points"
    change = made.configure("--for", "wallet").json["change"]["id"]
    assert made.kastune("undo", change, "--yes", KASTUNE_CRASH_LIST=str(listing)).status == 0
    for point in points_in(listing):
        change = made.configure("--for", "wallet").json["change"]["id"]
        assert made.kastune("undo", change, "--yes", KASTUNE_CRASH_AT=point).status == -9, point
        again = made.kastune("undo", change, "--yes")
        assert again.status in (0, 4) and made.snapshot() == first, (point, again)


def test_process_without_compose_files_is_told_its_new_options(start, server, compose):  # noqa: F811
    indexer = start("v2.3.0", "--disable=block_parent_table")
    words = ("indexer", "configure", "--service", indexer.process.pid, "--json")
    answer = server.kastune(*words, "--for", "explorer-scripts")
    assert answer.status == 0 and "plan" not in answer.json, answer
    assert "--exclude-fields=tx_out_script_public_key_address" in answer.json["options"] and "a-secret" not in answer.out, answer
    other = server.kastune(*words[:-1], "--release", "v2.2.1")
    assert other.status == 4 and "that is an upgrade" in other.err, other
    assert indexer.process.poll() is None
