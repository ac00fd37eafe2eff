"""kaspa-sim as a program: in the indexer's place, with its HTTP interface and its pruning."""
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import BUILD

SIM = BUILD / "src/kaspa-sim"


def sim(server, *args, timeout=120):
    return subprocess.run([SIM, *map(str, args)], env=server.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


class Indexer:
    """`kaspa-sim indexer` on a free port."""

    def __init__(self, server, *args, database="postgres"):
        url = f"host={server.base} user=postgres dbname={database}"
        self.process = subprocess.Popen([SIM, "indexer", "-d", url, "-l", "127.0.0.1:0", *map(str, args)], env=server.env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"listening on .*, port (\d+)", line)
            if found:
                self.port = int(found[1])
                return
        self.stop()
        raise AssertionError("".join(self.lines) + self.err)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def wait(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.2)
        raise AssertionError("it did not come to that")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out, self.err = self.process.communicate(timeout=60)
        self.lines.append(out)
        return self.process.returncode


@pytest.fixture
def indexer(server):
    made = []

    def start(*args, **kwargs):
        made.append(Indexer(server, *args, **kwargs))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.stop()


def test_health_and_metrics_of_a_run(server, indexer):
    run = indexer("--base-path=/ski/", "--sim-tps=50", "--disable=block_parent_table")
    run.wait(lambda: run.get("/ski/api/health")[0] == 200)
    status, headers, body = run.get("/ski/api/health")
    health = json.loads(body)
    assert headers["Cache-Control"] == "public, max-age=5" and headers["Content-Type"] == "application/json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert health["kaspad"]["isSynced"] is True and health["kaspad"]["virtualDaaScore"] > 479000000
    assert health["indexer"]["info"]["version"] == "v2.3.0"
    names = [detail["name"] for detail in health["indexer"]["details"]]
    assert names[-8:] == ["queue.blocks", "queue.transactions", "checkpoint", "component.block_fetcher", "component.block_processor",
                          "component.transaction_processor", "component.virtual_chain_processor", "component.db_pruner"]
    assert run.get("/api/health")[0] == 404 and run.get("/ski/")[0] == 404
    _, _, body = run.get("/ski/api/metrics")
    assert '"approximateRowCount" : 18446744073709551615' in body  # never analysed
    metrics = json.loads(body)
    tables = {table["name"]: table for table in metrics["database"]["tables"]}
    assert metrics["database"]["databaseName"] == "postgres" and metrics["database"]["schemaName"] == "public"
    assert {"vars", "blocks", "transactions"} <= set(tables)
    assert tables["blocks"]["totalSize"] >= tables["blocks"]["indexesSize"] > 0
    assert metrics["database"]["activeConnections"] > 10 and metrics["database"]["deadlocks"] == 0
    block = metrics["components"]["blockProcessor"]["lastBlock"]
    found = server.sql(f"SELECT daa_score, blue_score, \"timestamp\" FROM blocks WHERE hash = '\\x{block['hash']}'")
    assert found == f"{block['daaScore']}|{block['blueScore']}|{block['timestamp']}"
    before = block["daaScore"]
    run.wait(lambda: json.loads(run.get("/ski/api/metrics")[2])["components"]["blockProcessor"]["lastBlock"]["daaScore"] > before)
    assert run.stop() == 0, run.err


def test_pruning_shows_in_the_metrics(server, indexer):
    run = indexer("--prune-db=0 4 * * *", "--retention=5s", "--prune-batch-size=1000", "--sim-prune-interval=2s", "--sim-unthrottled")
    pruner = lambda: json.loads(run.get("/api/metrics")[2])["components"]["dbPruner"]
    run.wait(lambda: pruner()["completedSuccessfully"] and pruner()["results"].get("blocks", {}).get("rowsDeleted", 0) > 0)
    state = pruner()
    assert state["enabled"] is True and state["cron"] == "0 4 * * *"
    assert state["retention"] == {"block_parent": "5s", "transactions_acceptances": "5s", "blocks": "5s", "transactions": "5s",
                                  "addresses_transactions": "5s"}
    assert run.stop() == 0, run.err
    assert re.search(r"Pruned [1-9]\d* times, [1-9]\d* rows", "".join(run.lines))


def test_port_in_use_is_a_panic(server, indexer):
    run = indexer("--sim-tps=20")
    other = sim(server, "indexer", "-d", f"host={server.base} user=postgres dbname=template1", "-l", f"127.0.0.1:{run.port}")
    assert other.returncode == -signal.SIGABRT
    assert f"cannot listen on 127.0.0.1:{run.port}" in other.stderr
    server.sql("SELECT 1")


def test_prune_once(server):
    assert sim(server, "fill", "-q", "--transactions", "3000", "--no-vacuum").returncode == 0
    before = int(server.sql("SELECT count(*) FROM blocks"))
    done = sim(server, "prune", "--retention=10s", "--retention-blocks=15s", "--prune-batch-size=100", "--json")
    assert done.returncode == 0, done.stderr
    steps = {step["step"]: step for step in json.loads(done.stdout)["steps"]}
    assert list(steps) == ["block_parent", "transactions_acceptances (b)", "blocks", "transactions", "addresses_transactions"]
    assert int(server.sql("SELECT count(*) FROM blocks")) == before - steps["blocks"]["rows"]
    assert "Nothing to prune" in sim(server, "prune").stdout
    assert sim(server, "prune", "--retention=soon").returncode == 2


def test_cron_that_is_none_is_a_panic(server):
    done = sim(server, "indexer", "-d", f"host={server.base} user=postgres dbname=postgres", "-l", "127.0.0.1:0", "--prune-db=daily")
    assert done.returncode == -signal.SIGABRT
    assert "daily" in done.stderr


READS = ["address_transactions", "address_page", "address_count", "addresses_active", "search_ids", "search_scores", "previous_outputs",
         "transaction", "acceptance", "block", "blocks_from_score", "virtual_chain", "health"]


def test_reading(server):
    assert sim(server, "fill", "-q", "--transactions", "3000", "--no-vacuum").returncode == 0
    done = sim(server, "read", "-q", "--duration=2s", "--rate=200", "--connections=2", "--json")
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert list(read["queries"]) == READS and read["connections"] == 2
    assert 0 < read["total"]["requests"] <= 400  # no faster than asked
    assert read["total"]["requests"] == sum(query["requests"] for query in read["queries"].values())
    assert read["total"]["p50_ms"] <= read["total"]["p99_ms"] <= read["total"]["max_ms"] * 1.02
    text = sim(server, "read", "-q", "--duration=1s").stdout
    assert all(name in text for name in READS)
    assert sim(server, "read", "--connections=0").returncode == 2


def test_reading_beside_a_run(server):
    assert sim(server, "fill", "-q", "--transactions", "3000", "--no-vacuum").returncode == 0
    done = sim(server, "run", "-q", "--duration=2s", "--tps=100", "--read-rate=50", "--readers=1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reads"]["total"]["requests"] > 0
    assert "reads" not in json.loads(sim(server, "run", "-q", "--duration=1s", "--json").stdout)
