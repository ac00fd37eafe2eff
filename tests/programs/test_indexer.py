"""What is known of the indexer itself: releases, uses, and what a command line of it does."""
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


@pytest.mark.parametrize("words, status", [(("check", "--release", "v9.9"), 2), (("check", "--release", "v1.0.0"), 5), (("features", "mining"), 2)])
def test_what_is_not_known_is_told(words, status):
    answer = kastune("indexer", *words)
    assert answer.status == status and "try:" in answer.err, answer
