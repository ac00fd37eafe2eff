"""What the data would shrink to on ZFS: a sample of real tables against all of them, and what stands in the way."""
import json
import pathlib
import shutil

import pytest

from conftest import kastune

MACHINES = pathlib.Path(__file__).resolve().parents[1] / "machines"


@pytest.fixture(scope="module")
def filled(shared_server):
    server = shared_server
    server.sql("CREATE TABLE words AS SELECT i, repeat('a kaspa block ', 12) AS text FROM generate_series(1, 30000) i")
    server.sql("CREATE TABLE hashes AS SELECT sha512(i::text::bytea) AS hash FROM generate_series(1, 40000) i")
    server.sql("CREATE INDEX hashes_hash ON hashes (hash)")
    server.sql("CHECKPOINT")
    return server


def estimate(server, *words):
    answer = server.kastune("storage", "estimate", "--json", *words)
    assert answer.status == 0, answer
    return answer.json


def ratio(result, name):
    return next(thing["ratio"] for thing in result["things"] if thing["name"] == name)


def test_a_sample_says_what_the_whole_says(filled):
    sample, whole = estimate(filled, "--sample", "1M"), estimate(filled, "--sample", "1G")
    assert whole["sampled_bytes"] == whole["bytes"] > 8 << 20
    assert sample["sampled_bytes"] < whole["bytes"] / 3
    for part, all_of_it in zip(sample["combinations"], whole["combinations"]):
        assert part["record_bytes"] == all_of_it["record_bytes"] and part["compression"] == all_of_it["compression"]
        assert abs(part["ratio"] / all_of_it["ratio"] - 1) < 0.1
    assert ratio(whole, "public.words") > 3 > 1.7 > ratio(whole, "public.hashes")


def test_what_was_asked_for_stands_first(filled):
    first = estimate(filled, "--compression", "zstd-1", "--record", "64k")["combinations"][0]
    assert (first["compression"], first["record_bytes"]) == ("zstd-1", 64 << 10)


def test_small_sectors_lose_less(filled):
    fine, coarse = (estimate(filled, "--record", "8k", "--sector", sector)["combinations"][0]["ratio"] for sector in ("512", "4k"))
    assert fine > coarse


def test_pages_that_were_never_written_do_not_count_as_holes(filled):
    filled.sql("CREATE TABLE fresh AS SELECT sha512(i::text::bytea) AS hash FROM generate_series(1, 20000) i")
    result = estimate(filled, "--sample", "1G")
    assert result["unwritten_percent"] > 0
    assert all(thing["ratio"] < 1.7 for thing in result["things"] if thing["name"] in ("public.fresh", "public.hashes"))
    filled.sql("CHECKPOINT")
    assert estimate(filled, "--sample", "1G")["unwritten_percent"] == 0


@pytest.mark.parametrize("words", [("--compression", "gzip"), ("--compression", "off"), ("--record", "12k"), ("--record", "1M"), ("--sector", "16k")])
def test_what_cannot_be_estimated_is_told(filled, words):
    answer = filled.kastune("storage", "estimate", *words)
    assert answer.status == 2 and "try:" in answer.err, answer


def test_an_ordinary_role_is_told_the_grant(filled):
    filled.sql("CREATE ROLE reader LOGIN")
    answer = filled.kastune("storage", "estimate", env={"PGUSER": "reader"})
    assert answer.status == 1 and "GRANT EXECUTE ON FUNCTION pg_read_binary_file" in answer.err, answer


def test_an_empty_database(filled):
    filled.sql("CREATE DATABASE empty")
    answer = filled.kastune("storage", "estimate", env={"PGDATABASE": "empty"})
    assert answer.status == 1 and "nothing to estimate" in answer.err, answer


def test_a_machine_without_zfs_is_told_how_to_get_it(filled):
    answer = filled.kastune("storage", "show", "--json", "--no-probe")
    # A disk that is nearly full is a finding, here too.
    assert answer.status == (3 if answer.json["findings"] else 0), answer
    assert answer.json["datasets"] == [] and answer.json["pools"] == []
    assert {volume["role"] for volume in answer.json["volumes"]} >= {"data"}
    assert "zfsutils-linux" in answer.json["zfs"] or "module" in answer.json["zfs"]
    assert str(filled.base) in filled.kastune("storage", "show", "--no-probe").out


def test_space_inodes_and_devices_are_told_on_any_file_system(filled):
    answer = filled.kastune("storage", "show", "--json", "--no-probe", "--seconds", "1").json
    for volume in answer["volumes"]:
        assert 0 < volume["available_bytes"] <= volume["size_bytes"]
        assert volume.get("inodes_free", 0) <= volume.get("inodes", 0)
    for device in answer["devices"]:
        assert "data" in device["holds"] and device["kind"] != "partition"
        activity = device.get("activity")
        assert activity is None or 0 <= activity["busy_percent"] <= 100
    assert "activity" not in json.dumps(filled.kastune("storage", "show", "--json", "--no-probe", "--seconds", "0").json["devices"])


@pytest.mark.skipif(shutil.which("zpool") is not None, reason="there are ZFS tools on this machine")
@pytest.mark.parametrize("words", [("prepare", "tank/kaspa", "--yes"), ("adopt", "--yes", "--no-probe", "--no-try")])
def test_what_needs_zfs_is_refused_without_it(filled, words):
    answer = filled.kastune("storage", *words)
    assert answer.status == 5 and "try:" in answer.err, answer
    assert filled.kastune("history", "--json").json["changes"] == []


@pytest.mark.parametrize("words", [("prepare", "tank/a b"), ("prepare", "tank/kaspa", "--recordsize", "4k"), ("prepare", "tank/kaspa", "--compression", "gzip")])
def test_slips_are_told_before_anything_is_looked_at(filled, words):
    answer = filled.kastune("storage", *words)
    assert answer.status == 2 and "try:" in answer.err, answer


def test_recordings_hold_no_properties():
    answer = kastune("storage", "show", "--root", MACHINES / "zfs-mirror-64g")
    assert answer.status == 5 and "recording" in answer.err, answer
