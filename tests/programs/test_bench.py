"""kastune bench: comparisons on private servers, a live server under load, results that are kept."""
import os
import pathlib
import signal
import subprocess
import tempfile
import xml.dom.minidom

import pytest

from conftest import BUILD, kastune

SHORT = ("--fill", "4k", "--duration", "2s", "--warm-up", "0s", "--checkpoints", "0")


@pytest.fixture(scope="module")
def place():
    """Data sets are made once; the state beside them."""
    with tempfile.TemporaryDirectory(prefix="kt-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def bench(place, *args, **kwargs):
    env = {"PATH": os.environ["PATH"], "PGHOST": "/nonexistent", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    return kastune("bench", *args, "--state", str(place / "state"), env={**env, **kwargs})


def private_folders(place):
    return [p.name for p in (place / "work").glob("kastune-scratch-*")]


def test_comparison_is_told_kept_and_reported(place):
    (place / "small.conf").write_text("shared_buffers = 16MB\n")
    report = place / "report.html"
    answer = bench(place, "compare", "defaults", "kastune", str(place / "small.conf"), "--rounds", "2", *SHORT,
                   "--folder", str(place / "work"), "--html", str(report))
    assert answer.status == 0, answer
    assert all(len(line) <= 80 for line in answer.out.splitlines()), answer
    for word in ("defaults", "kastune", "small", "WAL B/tx", "tx/s", "95 % interval"):
        assert word in answer.out
    page = report.read_text()
    assert "http" not in page and "<script" not in page
    xml.dom.minidom.parseString(page[page.index("<body>"):page.index("</html>")])
    assert private_folders(place) == []

    listed = bench(place, "list", "--json").json["results"]
    assert [r["title"] for r in listed] == ["defaults, kastune, small on this machine"]
    shown = bench(place, "show", str(listed[0]["id"]), "--json").json
    assert [len(c["runs"]) for c in shown["configurations"]] == [2, 2, 2]
    small = shown["configurations"][2]
    assert small["settings"]["shared_buffers"] == "16MB"
    assert small["summary"]["wal_bytes_per_tx"]["value"] > 100
    # The interval of two runs is wide, and there is one.
    rate = small["summary"]["transactions_per_s"]
    assert rate["low"] < rate["value"] < rate["high"]

    same = bench(place, "show", str(listed[0]["id"]), "--baseline", str(listed[0]["id"]))
    assert same.status == 0 and "against result 1" in same.out, same


def test_baseline_of_other_conditions_is_refused(place):
    """And what was measured is kept all the same."""
    words = ("compare", "defaults", "--rounds", "1", *SHORT, "--folder", str(place / "work"), "--json")
    first = bench(place, *words)
    assert first.status == 0, first
    other = bench(place, *words, "--cold", "--baseline", str(first.json["id"]))
    assert other.status == 4 and "--cold" in other.out and "no baseline" in other.out, other
    kept = bench(place, "show", str(first.json["id"] + 1), "--json").json
    assert kept["state"] == "complete" and kept["configurations"][0]["counts"]
    (place / "named.conf").write_text("work_mem = 5MB\n")
    named = bench(place, "compare", str(place / "named.conf"), "--rounds", "1", *SHORT, "--folder", str(place / "work"), "--json").json
    answer = bench(place, "show", str(named["id"]), "--baseline", str(first.json["id"]))
    assert answer.status == 1 and "no configuration of these names" in answer.err, answer


def test_settings_that_do_not_start_are_told_and_the_others_measured(place):
    (place / "broken.conf").write_text("shared_buffers = 1parsec\n")
    answer = bench(place, "compare", "defaults", str(place / "broken.conf"), "--rounds", "1", *SHORT, "--folder", str(place / "work"))
    assert answer.status == 0, answer
    assert "broken: the server does not start with these settings" in " ".join(answer.out.split())
    alone = bench(place, "compare", str(place / "broken.conf"), *SHORT, "--folder", str(place / "work"))
    assert alone.status == 1 and "not one of the configurations" in alone.err, alone


@pytest.mark.parametrize("words, said", [
    (("compare", "--host", "4G,fast"), "“fast” does not describe a machine"),
    (("compare", "nonsense"), "no such configuration"),
    (("compare", "--batch-scale", "11"), "--batch-scale goes from 0.1 to 10"),
    (("compare", "--disable", "everything"), "everything"),
    (("compare", "--host", "4G", "--regime", "indexes-fit"), "in place of --fill"),
    (("compare", "--resume", "99"), "there is no result 99"),
    (("show", "99"), "there is no result 99"),
    (("compare", "current"), "No such file or directory"),
])
def test_wrong_words_are_told(place, words, said):
    fill = () if words[0] == "show" or "--resume" in words else (*SHORT, "--folder", str(place / "work"))
    answer = bench(place, *words, *fill)
    assert answer.status != 0 and said in answer.err, answer


def test_running_server_is_measured_and_watched(server):
    fill = subprocess.run([BUILD / "src/kaspa-sim", "fill", "--transactions", "4k", "--quiet"], env=server.env, capture_output=True, text=True)
    assert fill.returncode == 0, fill.stderr
    answer = server.kastune("bench", "run", "--duration", "2s", "--warm-up", "0s", "--json")
    assert answer.status == 0, answer
    run = answer.json["configurations"][0]["runs"][0]
    assert run["transactions"] > 0 and run["metrics"]["commit_p99_ms"] > 0
    assert run["metrics"]["cpu_us_per_tx"] > 0
    watched = server.kastune("bench", "run", "--observe", "--duration", "1s", "--json", "--baseline", str(answer.json["id"])).json
    assert watched["configurations"][0]["runs"][0]["transactions"] == 0
    assert watched["baseline"]["id"] == answer.json["id"]


def test_database_of_an_indexer_is_never_written_to(server):
    answer = server.kastune("bench", "run", "--duration", "1s")
    assert answer.status == 1 and "kaspa-sim" in answer.err, answer


def test_interrupted_comparison_leaves_nothing(place):
    bench(place, "compare", "defaults", "--rounds", "1", *SHORT, "--folder", str(place / "work"))
    run = subprocess.Popen([BUILD / "src/kastune", "bench", "compare", "defaults", "--fill", "4k", "--duration", "5min", "--warm-up", "5min",
                            "--folder", place / "work", "--state", place / "state"],
                           env={"PATH": os.environ["PATH"], "PGHOST": "/nonexistent"}, stderr=subprocess.PIPE, text=True)
    for line in run.stderr:
        if "warm-up" in line:
            break
    assert private_folders(place) != []
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 130
    assert private_folders(place) == []


def test_killed_comparison_goes_on(place):
    """kill -9 in the second run: the first one is kept, what lies around is removed, and --resume does the rest."""
    (place / "odd.conf").write_text("work_mem = 5MB\nfrom_the_future = on\n")
    words = ("compare", "defaults", str(place / "odd.conf"), "--rounds", "2", *SHORT, "--folder", str(place / "work"))
    run = subprocess.Popen([BUILD / "src/kastune", "bench", *words, "--state", place / "state"],
                           env={"PATH": os.environ["PATH"], "PGHOST": "/nonexistent"}, stderr=subprocess.PIPE, text=True)
    for line in run.stderr:
        if "odd: measuring" in line:
            break
    run.kill()
    run.wait()
    assert private_folders(place) != []
    newest = bench(place, "list", "--json").json["results"][0]
    assert newest["state"] == "unfinished"
    assert "unfinished" in bench(place, "list").out
    assert f"--resume {newest['id']}" in bench(place, "show", str(newest["id"])).out.replace("\n", " ")
    other = bench(place, "compare", "--resume", str(newest["id"]), "--fill", "5k")
    assert other.status == 2 and "goes on with what it was begun with" in other.err, other
    (place / "odd.conf").unlink()  # its words are in the result
    begun = bench(place, "show", str(newest["id"]), "--json").json
    answer = bench(place, "compare", "--resume", str(newest["id"]), "--json").json
    assert answer["id"] == newest["id"] and answer["state"] == "complete" and answer["bin_directory"] == begun["bin_directory"]
    assert [[r["round"] for r in c["runs"]] for c in answer["configurations"]] == [[1, 2], [1, 2]]
    assert answer["configurations"][1]["left_out"] == ["from_the_future is not known to this version of PostgreSQL"]
    assert private_folders(place) == []
    more = bench(place, "compare", "--resume", str(newest["id"]), "--rounds", "3", "--json").json
    assert [len(c["runs"]) for c in more["configurations"]] == [3, 3]
    same = bench(place, "compare", "--resume", str(newest["id"]), "--rounds", "3", "--within", "1s", "--json").json
    assert same["notes"] == more["notes"]  # no word of a time that was over: nothing was left to measure


def test_folder_of_configurations_is_taken_by_size(place):
    folder = place / "peers"
    folder.mkdir()
    for name in ("any", "one-1gb", "two-2gb"):
        (folder / f"{name}.conf").write_text("work_mem = 5MB\n")
    (folder / "README.md").write_text("no configuration")
    answer = bench(place, "compare", str(folder), "--rounds", "1", *SHORT, "--folder", str(place / "work"), "--json").json
    assert [c["name"] for c in answer["configurations"]] == ["any", "one-1gb", "two-2gb"]
    limited = bench(place, "compare", str(folder), "--host", "1G", "--rounds", "1", *SHORT, "--folder", str(place / "work"), "--json").json
    assert [c["name"] for c in limited["configurations"]] == ["any", "one-1gb"]


def test_runs_without_their_checkpoints_are_said_not_to_count(place):
    """And a time that is over begins no further round."""
    answer = bench(place, "compare", "defaults", "--fill", "4k", "--duration", "2s", "--warm-up", "0s", "--rounds", "9", "--within", "1s",
                   "--pruned", "--folder", str(place / "work"))
    assert answer.status == 0, answer
    words = " ".join(answer.out.split())
    assert "not counted: 0 of the 2 checkpoint cycles" in words and "1 of the 9 rounds" in words


def test_interrupted_search_goes_on(place):
    """Ctrl-C keeps what was measured; with no time left the search ends with what it knows."""
    words = ("tune", *SHORT, "--budget", "20min", "--folder", str(place / "work"))
    run = subprocess.Popen([BUILD / "src/kastune", "bench", *words, "--state", place / "state"],
                           env={"PATH": os.environ["PATH"], "PGHOST": "/nonexistent"}, stderr=subprocess.PIPE, text=True)
    for line in run.stderr:
        if "round 1, max_wal_size" in line:
            break
    run.send_signal(signal.SIGINT)
    rest = run.stderr.read()
    assert run.wait() == 130 and "bench tune --resume" in rest, rest
    assert private_folders(place) == []
    newest = bench(place, "list", "--json").json["results"][0]
    assert (newest["kind"], newest["state"]) == ("tune", "unfinished")
    assert "Unfinished" in bench(place, "show", str(newest["id"])).out
    written = place / "measured.conf"
    answer = bench(place, "tune", "--resume", str(newest["id"]), "--budget", "1s", "--write", str(written), "--html", str(place / "tune.html"))
    assert answer.status == 0 and "Nothing was shown to be better" in answer.out, answer
    assert not written.exists()
    assert "shared_buffers" in (place / "tune.html").read_text()
    shown = bench(place, "show", str(newest["id"]), "--json").json
    assert shown["state"] == "complete" and len(shown["configurations"][0]["runs"]) == 1
    other = bench(place, "compare", "--resume", str(newest["id"]))
    assert other.status == 2 and "nothing that bench compare can go on with" in other.err, other


def test_needs_are_told_without_a_server():
    def size(*args):
        return kastune("bench", "size", *args, "--json", env={"PATH": os.environ["PATH"]}).json

    full, light = size("--retention", "7d"), size("--retention", "7d", "--features", "light")
    assert full["disk_bytes"] == pytest.approx(7 * full["disk_bytes_per_day"], rel=1e-6)
    assert full["hot_bytes"] > 4 * light["hot_bytes"]
    assert [t["name"] for t in light["tables"]] == ["blocks", "transactions", "transactions_acceptances"]
    assert size("--rate", "200")["wal_bytes_per_day"] > 1.5 * full["wal_bytes_per_day"]
    assert "disk_bytes" not in size()
    text = kastune("bench", "size", "--retention", "30d", "--features", "scripts", env={"PATH": os.environ["PATH"], "COLUMNS": "80"})
    assert text.status == 0 and "scripts_transactions" in text.out and all(len(line) <= 80 for line in text.out.splitlines()), text
    assert kastune("bench", "size", "--rate", "0").status == 2


def test_before_and_after_of_a_change_set(server):
    absent = server.kastune("bench", "compare", "before", "current", "--fill", "4k", "--folder", server.base / "bench")
    assert absent.status != 0 and "no change set" in absent.err, absent
    assert server.kastune("apply", "--yes", "--no-probe").status == 0
    answer = server.kastune("bench", "compare", "before", "current", *SHORT, "--rounds", "1", "--folder", server.base / "bench", "--json")
    assert answer.status == 0, answer
    before, current = answer.json["configurations"]
    assert before["settings"].get("max_wal_size") == "1GB"
    assert current["settings"]["max_wal_size"] == server.setting("max_wal_size") != "1GB"
