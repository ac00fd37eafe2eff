"""What is known of the indexer itself: releases, uses, and what a command line of it does."""
import os

import pytest

from conftest import kastune


def test_releases_say_what_each_can_migrate():
    answer = kastune("indexer", "releases", "--json").json
    assert answer["newest_stable"] == "v2.3.0"
    rows = {row["tag"]: row for row in answer["releases"]}
    assert rows["v2.3.0"]["migrates_from"] == [6, 7, 8, 9, 10, 20, 21, 22]
    assert rows["v2.2.0"]["migrates_from"] == [21]
    text = kastune("indexer", "releases")
    assert text.status == 0 and "v2.0.0-beta1" in text.out and "Newest stable: v2.3.0" in text.out


def test_a_use_is_words_that_the_check_accepts():
    for use in kastune("indexer", "features", "--json").json["uses"]:
        answer = kastune("indexer", "check", "--json", "--", *use["arguments"])
        assert answer.json["accepted"], (use, answer)
        assert answer.status == 0, (use, answer)


def test_less_stored_is_less_disk():
    disk = {use["name"]: use["disk_bytes_per_day"] for use in kastune("indexer", "features", "--json").json["uses"]}
    assert disk["explorer"] > disk["explorer-scripts"] > disk["integrator"] > disk["k-social"] > 0


def test_what_a_release_rejects_is_said_with_what_it_knows():
    answer = kastune("indexer", "check", "--release", "v2.3.0", "--", "--disable=blocks_transactions_table")
    assert answer.status == 3 and "does not start (exit status 2)" in answer.out and "block_parent_table" in answer.out, answer
    assert kastune("indexer", "check", "--release", "v2.2.1", "--", "--disable=blocks_transactions_table").status == 0


def test_one_text_is_split_as_in_a_compose_file():
    answer = kastune("indexer", "check", "--json", "--", "-u --prune-db='0 4 * * *' --retention 7d --disable=block_parent_table")
    assert answer.json["accepted"] and answer.status == 0, answer
    assert kastune("indexer", "check", "--", "-u 'open").status == 2


def test_a_database_that_a_release_cannot_migrate():
    answer = kastune("indexer", "check", "--release", "v2.2.0", "--schema", "10", "--", "-u")
    assert answer.status == 3 and "rolls back" in answer.out, answer
    assert kastune("indexer", "check", "--release", "v2.3.0", "--schema", "10", "--", "-u").status == 0


@pytest.mark.parametrize("words, status", [(("check", "--release", "v9.9"), 2), (("check", "--release", "v1.0.0"), 5), (("features", "mining"), 2),
                                           (("features", "--disable", "nothing"), 2), (("features", "--exclude-fields", "block_hash"), 2),
                                           (("features", "--mapping", "scripts", "--disable", "address_transactions"), 2),
                                           (("features", "--start", "yesterday"), 2)])
def test_what_is_not_known_is_told(words, status):
    answer = kastune("indexer", *words)
    assert answer.status == status and "try:" in answer.err, answer


def features(*words):
    answer = kastune("indexer", "features", *words, "--json")
    assert answer.status == 0, answer
    return answer.json


@pytest.mark.parametrize("release", ["v1.6.3", "v2.0.0-beta1", "v2.0.0", "v2.1.2", "v2.2.1", "v2.3.0", "v2.3.1-beta1"])
@pytest.mark.parametrize("use", ["explorer", "explorer-scripts", "integrator", "wallet", "k-social"])
def test_a_combination_is_looked_at_as_a_whole(use, release):
    said = features(use, "--release", release, "--retention", "3d", *(["--k-indexer"] if use == "k-social" else []))
    assert said["valid"] and kastune("indexer", "check", "--release", release, "--", *said["arguments"]).status == 0, said
    assert said["configure"] == f"kastune indexer configure --for {use} --retention 3d --release {release}"
    assert said["needs"]["disk_bytes"] == pytest.approx(3 * said["needs"]["disk_bytes_per_day"], rel=1e-6)
    assert said["needs"]["disk_bytes_per_day"] <= said["everything"]["disk_bytes_per_day"]
    named = {value for word in said["arguments"] if word.startswith(("--disable=", "--exclude-fields=")) for value in word.split("=")[1].split(",")}
    assert named == {row["value"] for row in said["choices"]} and all(row["loses"] for row in said["choices"])
    assert said["needs"]["sources"]


def test_what_a_choice_saves_is_the_difference_that_the_planner_makes():
    with_it = kastune("bench", "size", "--json").json
    without = kastune("bench", "size", "--disable", "block_parent_table", "--json").json
    row, = features("--disable", "block_parent_table")["choices"]
    assert row["saves"]["disk_bytes_per_day"] == pytest.approx(with_it["disk_bytes_per_day"] - without["disk_bytes_per_day"], abs=2)


def test_a_combination_that_cannot_work_is_a_finding():
    answer = kastune("indexer", "features", "--disable", "transaction_processing")
    assert answer.status == 3 and "nothing sets it" in answer.out and "indexer configure" not in answer.out, answer
    assert kastune("indexer", "features", "k-social", "--exclude-fields", "tx_payload", "--k-indexer").status == 3


def test_mapping_says_how_the_api_server_must_be_started():
    by = {kind: features("--mapping", kind) for kind in ("addresses", "scripts", "none")}
    assert by["scripts"]["mapping"] == "scripts_transactions" and "USE_SCRIPT_FOR_ADDRESS=true" in by["scripts"]["api_settings"]
    assert by["none"]["needs"]["disk_bytes_per_day"] < by["scripts"]["needs"]["disk_bytes_per_day"] < by["addresses"]["needs"]["disk_bytes_per_day"]


def test_features_at_80_columns():
    text = kastune("indexer", "features", "integrator", "--start", "now", env={**os.environ, "COLUMNS": "80"}).out
    long = [line for line in text.splitlines() if len(line) > 80 and not line.startswith("    ")]
    assert not long and "    kastune indexer configure --for integrator --release v2.3.0" in text.splitlines(), text
    assert "--ignore-checkpoint=v" in text and "source: " in text, text
