"""kaspa-sim in the indexer's place before a database of another schema: what it says, how it ends, what it leaves."""
import signal
import subprocess

import pytest

from conftest import wait_for
from test_kaspa_sim import SIM, sim


def start(server, release, *args):
    return ["indexer", "-d", f"host={server.base} user=postgres dbname=postgres", "-l", "127.0.0.1:0", f"--sim-release={release}",
            "--sim-duration=1s", *args]


def fill(server, schema):
    done = sim(server, "fill", "-q", "--transactions", "2000", "--no-vacuum", "--replace", "--schema", schema)
    assert done.returncode == 0, done.stderr


def schema(server):
    return int(server.sql("SELECT value FROM vars WHERE key = 'schema_version'"))


def test_upgrade_from_10_to_23(server):
    fill(server, 10)
    refused = sim(server, *start(server, "v2.3.0"))
    assert refused.returncode == -signal.SIGABRT and schema(server) == 10
    script, message = refused.stderr.rstrip().rsplit("\n", 1)
    assert "ALTER TABLE transactions RENAME TO transactions_old;" in script
    assert message == "Found outdated schema v10. Set flag '-u' to upgrade, or apply manually ^"
    done = sim(server, *start(server, "v2.3.0", "-u"))
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "schema" in line.lower() and not line.startswith("-- ")]
    said = [line for line in said if "schema_version" not in line]
    step = "Schema upgrade completed successfully"
    assert said == ["Upgrading schema from v10 to v20. ^", step, "Upgrading schema from v20 to v21. ^", step,
                    "Upgrading schema from v21 to v22. ^", step, "Upgrading schema from v22 to v23. ^", step, "Schema v23 is up to date"]
    again = sim(server, *start(server, "v2.3.0", "-u"))
    assert again.returncode == 0 and "Upgrading" not in again.stdout


def test_newer_and_unknown_schemas(server):
    fill(server, 23)
    newer = sim(server, *start(server, "v2.2.1", "-u"))
    assert newer.returncode == -signal.SIGABRT and "Found newer & unsupported schema v23" in newer.stderr
    server.sql("UPDATE vars SET value = '15' WHERE key = 'schema_version'")
    unknown = sim(server, *start(server, "v2.3.0", "-u"))
    assert unknown.returncode == -signal.SIGABRT and "Found old & unsupported schema v15" in unknown.stderr


@pytest.mark.parametrize("found, words", [(10, "VACUUM cannot"), (20, "invalid transaction termination")])
def test_images_that_send_the_script_whole(server, found, words):
    fill(server, found)
    before = server.sql("SELECT count(*) FROM transactions")
    done = sim(server, *start(server, "v2.2.0", "-u"))
    assert done.returncode == -signal.SIGABRT
    assert "Unable to create schema" in done.stderr and words in done.stderr
    assert schema(server) == found and server.sql("SELECT count(*) FROM transactions") == before
    # The next release can.
    done = sim(server, *start(server, "v2.2.1", "-u"))
    assert done.returncode == 0 and schema(server) == 22, done.stderr


def locked(server, table):
    """A session that holds a table until it is told to let go."""
    holder = subprocess.Popen(["psql", "-XAtq"], env=server.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    holder.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE;\n")
    holder.stdin.flush()
    wait_for(lambda: server.sql(f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND granted") != "0")
    return holder


def waiting(server):
    return server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kaspa-sim' AND wait_event_type = 'Lock'") == "1"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_within_the_step_to_20(server, number):
    fill(server, 10)
    holder = locked(server, "transactions_outputs")
    run = subprocess.Popen([SIM, *start(server, "v2.3.0", "-u")], env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    wait_for(lambda: waiting(server))
    run.send_signal(number)
    assert run.wait(30) == -number  # no handler stands before the schema does
    # The server finishes the statement it was given, and no more.
    holder.communicate("COMMIT;\n")
    wait_for(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kaspa-sim'") == "0")
    assert schema(server) == 20
    assert server.sql("SELECT format_type (atttypid, -1) FROM pg_attribute WHERE attrelid = 'transactions_outputs'::regclass"
                      " AND attname = 'script_public_key_address'") == "text"
    assert server.sql("SELECT to_regclass ('utxos') IS NOT NULL AND to_regclass ('transactions_old') IS NULL") == "t"
    # v2.0.0 takes it for complete; v2.3.0 stumbles.
    accepted = sim(server, *start(server, "v2.0.0", "-u"))
    assert "Schema v20 is up to date" in accepted.stdout and "Upgrading" not in accepted.stdout
    failed = sim(server, *start(server, "v2.3.0", "-u"))
    assert failed.returncode == -signal.SIGABRT and "Unable to create schema" in failed.stderr


def test_killed_within_the_step_to_23(server):
    fill(server, 22)
    holder = locked(server, "transactions")
    run = subprocess.Popen([SIM, *start(server, "v2.3.0", "-u")], env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    wait_for(lambda: waiting(server))  # DROP TABLE transactions
    run.kill()
    run.wait(30)
    holder.communicate("COMMIT;\n")
    wait_for(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kaspa-sim'") == "0")
    assert schema(server) == 22
    left = "SELECT concat_ws (' ', to_regclass ('transactions'), to_regclass ('transactions_new'), to_regclass ('blocks_transactions_dedup'))"
    assert server.sql(left) == "transactions_new blocks_transactions_dedup"
    again = sim(server, *start(server, "v2.3.0", "-u"))
    assert again.returncode == -signal.SIGABRT and '"blocks_transactions_dedup" already exists' in again.stderr
    assert server.sql(left) == "transactions_new blocks_transactions_dedup"


def test_flags_that_went_with_their_tables(server):
    off = "--disable=blocks_transactions_table,block_parent_table"
    done = sim(server, *start(server, "v2.2.1", off, "--sim-unthrottled"))
    assert done.returncode == 0, done.stderr
    done = sim(server, *start(server, "v2.3.0", "-u", "--disable=block_parent_table"))
    assert done.returncode == 0 and schema(server) == 23, done.stderr
    # Nobody had noted which block was first.
    assert server.sql("SELECT count(*) > 0 FROM transactions WHERE block_hash IS NULL") == "t"
    other = sim(server, *start(server, "v2.3.0"))
    assert other.returncode == 4 and "other --disable" in other.stderr
