"""Indexers as they are found: by their compose files, as processes on real PostgreSQL, over fresh, upgraded and interrupted schemas."""
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import BUILD, ROOT, kastune

COMPOSE = ROOT / "tests/compose"
SQL = ROOT / "sql/workload"
RELEASES = {"v1.6.3": 10, "v2.0.0-beta1": 20, "v2.0.0": 20, "v2.1.2": 21, "v2.2.1": 22, "v2.3.0": 23}


@pytest.fixture(scope="module")
def compose():
    """Compose 2, which Debian 12 does not have."""
    folder = subprocess.run([ROOT / "scripts/compose-plugin"], capture_output=True, text=True, timeout=600)
    assert folder.returncode == 0, folder.stderr
    return {**os.environ, "DOCKER_CONFIG": folder.stdout.strip()}


def of_file(answer, path):
    return [row for row in answer["indexers"] if str(path) in row.get("compose_files", [])]


FILES = {
    "light-integrator/docker-compose.yaml": (["simply-kaspa-indexer", "kaspa-rest-server"], "invalid value 'blocks_transactions_table'"),
    "simply-kaspa-indexer/docker-compose.yaml": (["simply-kaspa-indexer", "kaspa-rest-server"], "is not the newest"),
    "k-indexer/compose.yaml": (["simply-kaspa-indexer", "K-transaction-processor", "K-webserver", "K-database-cleaner"],
                               "invalid value 'blocks_transactions_table'"),
    "all-in-one/docker-compose.yml": (["simply-kaspa-indexer", "K-webserver", "kasia-indexer"], "no K-transaction-processor"),
}


@pytest.mark.parametrize("name", FILES)
def test_compose_files_as_they_really_are(compose, name):
    kinds, finding = FILES[name]
    answer = kastune("indexer", "show", COMPOSE / name, "--json", env=compose)
    assert [row["kind"] for row in of_file(answer.json, COMPOSE / name)] == kinds, answer
    assert any(finding in row["sentence"] for row in answer.json["findings"]), answer
    assert "a-secret-of" not in answer.out + answer.err and "postgres:postgres@" not in answer.out, answer
    text = kastune("indexer", "show", COMPOSE / name, env=compose)
    assert text.status == answer.status and "a-secret-of" not in text.out + text.err, text


def test_compose_file_that_is_none(compose, tmp_path):
    (tmp_path / "bad.yaml").write_text("services:\n  x:\n    imagine: a\n")
    answer = kastune("indexer", "show", tmp_path / "bad.yaml", env=compose)
    assert answer.status == 1 and "imagine" in answer.err, answer


@pytest.mark.parametrize("name, release", [("metrics-v2.3.1-beta1.json", "v2.3.1-beta1"), ("metrics-v1.6.3.json", "v1.6.3"), ("health-down.json", "v2.3.0")])
def test_kept_documents(name, release):
    row = kastune("indexer", "show", "--document", ROOT / "tests/indexers" / name, "--json").json["indexers"][0]
    assert row["release"] == release and row["versions"][0]["source"] == "its API", row


class Indexer:
    """kaspa-sim under the indexer's name with nothing but the indexer's options, and an API on a port of its own."""

    def __init__(self, server, release, *words):
        self.server, self.link = server, server.base / "simply-kaspa-indexer"
        if not self.link.exists():
            self.link.symlink_to(BUILD / "src/kaspa-sim")
        self.env = {**server.env, "KASPA_SIM_OPTIONS": f"--sim-release={release} --sim-tps=20"}
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            self.log = open(server.base / "indexer.log", "w+")
            words = [self.link, "-d", f"postgres://postgres:a-secret@/postgres?host={server.base}", "-l", f"127.0.0.1:{self.port}", *words]
            self.process = subprocess.Popen([str(w) for w in words], env=self.env, stdout=self.log, stderr=self.log)
            if self.answers():
                return
            # Somebody else took the port meanwhile.
            assert "in use" in (server.base / "indexer.log").read_text(), (server.base / "indexer.log").read_text()
            words = words[5:]
        raise AssertionError("no free port")

    def answers(self):
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def show(self):
        answer = self.server.kastune("indexer", "show", "--json", env=self.env)
        rows = [row for row in answer.json["indexers"] if row.get("pid") == self.process.pid]
        assert len(rows) == 1, answer
        place = rows[0]["place"]
        return rows[0], answer.json["database"], [f for f in answer.json["findings"] if f.get("parameter", place) == place or "process" not in f["parameter"]], answer

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)
        self.log.close()


@pytest.fixture
def start(server):
    made = []

    def one(*args):
        made.append(Indexer(server, *args))
        return made[-1]

    yield one
    for indexer in made:
        if indexer.process.poll() is None:
            indexer.process.kill()
            indexer.process.wait()


def fill(server, schema):
    words = [BUILD / "src/kaspa-sim", "fill", "-d", f"host={server.base} user=postgres dbname=postgres", "--schema", schema, "--transactions", "2000", "--layout", "fresh"]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("release", RELEASES)
def test_a_running_process_of_each_release(start, release):
    words = ["--prune-db", "--retention=7d", "--disable=block_parent_table"]
    row, database, findings, answer = start(release, *words).show()
    assert row["kind"] == "simply-kaspa-indexer" and row["release"] == release and row["schema"] == RELEASES[release], answer
    # Asked alone, without our environment, the stand-in is v2.3.0: as if its file had been replaced since it started.
    assert [v["value"] for v in row["versions"]] == [release, "v2.3.0"], row["versions"]
    replaced = [f for f in findings if f.get("remedy", "").startswith("its file was replaced since it started")]
    assert bool(replaced) == (release != "v2.3.0"), findings
    assert row["status"] in ("UP", "WARN", "DOWN") and row["node_version"] == "1.1.0" and row["network"] == "mainnet", row
    assert row["settings"]["disable"] == "block_parent_table" and row["settings"]["retention"] == "7days", row
    assert row["settings"]["mapping"] == "addresses_transactions", row
    assert database["schema_version"] == database["schema_of_tables"] == RELEASES[release] and "leftovers" not in database, database
    assert not [f for f in findings if f["severity"] == "error"], findings
    assert "a-secret" not in answer.out


def test_upgraded_database_keeps_the_old_layout(start, server):
    fill(server, 10)
    indexer = start("v2.3.0", "-u", "--prune-db", "--retention=7d")
    _, database, findings, answer = indexer.show()
    words = " ".join(f["sentence"] + " -> " + f.get("remedy", "") for f in findings)
    assert database["schema_version"] == database["schema_of_tables"] == 23 and "leftovers" not in database, answer
    assert "before v2.2.0" in words and "CREATE INDEX CONCURRENTLY ON addresses_transactions (block_time DESC)" in words, words
    server.sql("CREATE INDEX ON addresses_transactions (block_time DESC)")
    assert "CONCURRENTLY ON addresses_transactions" not in json.dumps(indexer.show()[2])


def test_older_release_on_a_newer_schema_is_refused(start, server, compose, tmp_path):
    start("v2.3.0").stop()
    (tmp_path / "compose.yaml").write_text("services:\n  i:\n    image: supertypo/simply-kaspa-indexer:v2.2.1\n")
    answer = server.kastune("indexer", "show", tmp_path / "compose.yaml", "--json", env={"DOCKER_CONFIG": compose["DOCKER_CONFIG"]})
    assert answer.status == 3 and any("refuses this database of schema 23" in f["sentence"] for f in answer.json["findings"]), answer


def statements(script):
    """As they end, outside comments and bodies."""
    text = re.sub(r"^--.*\n", "", script, flags=re.M)
    return [part.strip() + ";" for part in re.findall(r"((?:\$\$.*?\$\$|[^;$])+);", text, flags=re.S)]


# Alone they change nothing that stays.
HARMLESS = ("SET ", "ANALYZE ")


@pytest.mark.parametrize("schema, beyond", [(10, 20), (20, 21), (21, 22), (22, 23)])
def test_migration_that_ended_after_any_statement_is_seen(server, schema, beyond):
    fill(server, schema)
    all_of_it = statements((SQL / f"migrate-{schema}-{beyond}.sql").read_text())
    for done in range(len(all_of_it) + 1):
        server.run("psql", "-Xq", "-h", server.base, "-U", "postgres", "-d", "template1", "-c", "CREATE DATABASE trial TEMPLATE postgres")
        part = server.base / "part.sql"
        part.write_text("\n".join(all_of_it[:done]))
        server.run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", server.base, "-U", "postgres", "-d", "trial", "-f", part)
        answer = server.kastune("indexer", "show", "--json", env={"PGDATABASE": "trial"})
        errors = [f for f in answer.json["findings"] if f["severity"] == "error" and f["parameter"] in ("migration", "schema", "vars")]
        whole = done == len(all_of_it) or all(s.startswith(HARMLESS) for s in all_of_it[:done])
        # What is done at the end of the step from 10 to 20 is only tidying.
        whole = whole or all(s.startswith(("VACUUM",) + HARMLESS) for s in all_of_it[done:])
        assert bool(errors) != whole, (done, all_of_it[done - 1] if done else None, answer)
        if done == len(all_of_it):
            assert answer.json["database"]["schema_version"] == answer.json["database"]["schema_of_tables"] == beyond, answer
        server.run("psql", "-Xq", "-h", server.base, "-U", "postgres", "-d", "template1", "-c", "DROP DATABASE trial")


def test_k_indexers_trigger_goes_with_the_table_and_the_remedy_brings_it_back(start, server):
    fill(server, 22)
    server.sql("""CREATE TABLE k_vars (key varchar(255) PRIMARY KEY, value text NOT NULL);
                  CREATE TABLE k_contents (id bigserial PRIMARY KEY, base64_encoded_message text);
                  CREATE FUNCTION notify_transaction() RETURNS trigger LANGUAGE plpgsql AS
                    $$BEGIN PERFORM pg_notify('transaction_channel', encode(NEW.transaction_id, 'hex')); RETURN NEW; END$$;
                  CREATE TRIGGER transaction_notify_trigger AFTER INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION notify_transaction()""")

    def lost():
        answer = server.kastune("indexer", "show", "--json")
        return [f for f in answer.json["findings"] if f.get("parameter") == "K-indexer"]

    assert not lost()
    start("v2.3.0", "-u").stop()
    found = lost()
    assert len(found) == 1 and found[0]["severity"] == "error" and found[0]["remedy"].startswith("CREATE TRIGGER"), found
    server.sql(found[0]["remedy"])
    assert not lost()


def test_database_without_an_indexer_and_with_foreign_notes(server):
    answer = server.kastune("indexer", "show", "--json")
    assert any("holds no tables of an indexer" in note for note in answer.json["notes"]), answer
    server.sql("CREATE TABLE vars (name text, setting text)")
    answer = server.kastune("indexer", "show", "--json")
    assert answer.status == 3 and any("vars is not the indexer's" in f["sentence"] for f in answer.json["findings"]), answer


def test_role_that_may_not_read_is_told_the_grant(start, server):
    start("v2.3.0").stop()
    server.sql("CREATE ROLE guest LOGIN")
    answer = server.kastune("indexer", "show", "--json", env={"PGUSER": "guest"})
    assert any(f.get("remedy") == "GRANT SELECT ON public.vars" for f in answer.json["findings"]), answer
    assert "schema_version" not in answer.json["database"], answer
