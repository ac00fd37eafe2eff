"""The words of the command line: help, usage errors, JSON, exit statuses. No server is needed."""
import json
import os
import subprocess

import pytest

from conftest import BUILD, ROOT, kastune

NOWHERE = {"PATH": os.environ["PATH"], "PGHOST": "/nonexistent", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def quiet(*args, **kwargs):
    return kastune(*args, env=NOWHERE, **kwargs)


def operations():
    """Command names as the overview lists them."""
    lines = quiet("--help").out.splitlines()
    return [line[2:].split("  ")[0].strip() for line in lines if line.startswith("  ") and not line.startswith("   ")]


def test_overview_lists_commands_and_exit_statuses():
    answer = quiet("--help")
    assert answer.status == 0
    for word in ("advise", "apply", "undo", "config check", "profile pick", "Exit status"):
        assert word in answer.out


def test_without_words_shows_help_and_fails_as_usage():
    answer = quiet()
    assert answer.status == 2 and "usage: kastune" in answer.err and answer.out == ""


@pytest.mark.parametrize("command", ["advise", "config try", "undo", "host"])
def test_every_command_explains_itself(command):
    answer = quiet(*command.split(), "--help")
    assert answer.status == 0
    assert answer.out.startswith(f"usage: kastune {command}")
    assert "--json" in answer.out


def test_help_of_all_commands_fits_80_columns():
    names = operations()
    assert len(names) >= 15
    for name in names:
        out = kastune(*name.split(), "--help", env={**NOWHERE, "COLUMNS": "80"}).out
        assert max(len(line) for line in out.splitlines()) <= 80, name


def test_version():
    answer = quiet("--version")
    assert answer.status == 0 and answer.out.startswith("kastune ")


@pytest.mark.parametrize("words, said", [
    (["advize"], "did you mean “advise”?"),
    (["advise", "--profil", "x"], "did you mean --profile?"),
    (["config", "chek"], "unknown command"),
    (["advise", "--reserve", "much"], "“much” cannot be used"),
    (["advise", "--reserve"], "needs a value"),
    (["advise", "--all=yes"], "takes no value"),
    (["advise", "--phase", "sleeping"], "known are steady, initial-sync"),
    (["explain"], "explain needs PARAMETER"),
    (["explain", "work_mem", "shared_buffers"], "one word too many"),
    (["undo", "-1"], "unknown option -1"),
    (["advise", "--pg-version", "seventeen"], "cannot be used"),
])
def test_usage_errors_name_the_word_and_a_way_out(words, said):
    answer = quiet(*words)
    assert answer.status == 2, answer
    assert said in answer.err, answer
    assert "try:" in answer.err
    assert answer.out == ""


def test_group_without_its_second_word_lists_the_group():
    answer = quiet("profile")
    assert answer.status == 2 and "profile pick" in answer.err and "advise" not in answer.err.replace("--profile", "")


def test_errors_are_json_when_asked():
    answer = quiet("advise", "--json")
    assert answer.status == 1
    error = answer.json["error"]
    assert error["code"] == "connect" and error["exit_status"] == 1 and error["hint"]
    assert answer.err == ""


def test_no_server_says_what_to_do(tmp_path):
    answer = quiet("advise", "--state", tmp_path)
    assert answer.status == 1
    assert "detail:" in answer.err and "try:" in answer.err


def test_password_in_dsn_appears_nowhere(tmp_path):
    answer = quiet("advise", "--dsn", "postgresql://someone:verysecret@/db?host=/nonexistent", "--state", tmp_path)
    assert answer.status == 1 and "verysecret" not in answer.out + answer.err


def test_broken_dsn_is_a_usage_error():
    answer = quiet("advise", "--dsn", "host")
    assert answer.status == 2 and "connection string" in answer.err


def test_unknown_configuration_key_names_file_group_and_key(tmp_path):
    conf = tmp_path / "kastune.conf"
    conf.write_text("[server main]\nconninfo=host=/nonexistent\ncolour=blue\n")
    answer = quiet("advise", "--config", conf, "--state", tmp_path)
    assert answer.status == 2
    assert str(conf) in answer.err and "[server main]" in answer.err and "colour" in answer.err


def test_unknown_server_lists_the_known(tmp_path):
    conf = tmp_path / "kastune.conf"
    conf.write_text("[server main]\nconninfo=host=/nonexistent\n")
    answer = quiet("advise", "--config", conf, "--server", "spare", "--state", tmp_path)
    assert answer.status == 2 and "main" in answer.err


def test_profiles_can_be_listed_and_shown():
    listed = quiet("profile", "list", "--json").json["profiles"]
    assert [p["name"] for p in listed] == ["low-memory", "standard", "high-performance"]
    for profile in listed:
        shown = quiet("profile", "show", profile["name"])
        assert shown.status == 0 and profile["hardware"].split()[0] in shown.out


@pytest.mark.parametrize("text, said", [
    ("[profile]\nextends=standart\n", "extends"),
    ("[profile]\nextends=standard\ncolour=blue\n", "colour"),
    ("[profile]\nextends=standard\n[set]\nshared_bufers=1GB\n", "shared_bufers"),
    ("[profile]\nextends=standard\n[set]\nwork_mem=1gb\n", "work_mem"),
    ("[profile]\nextends=standard\n[factor]\nwork_mem=lots\n", "work_mem"),
    ("[profil]\n", "profil"),
    ("[profile]\nextends=standard\n[set]\nfsync=off\n", "fsync"),
    ("no group\n", "group"),
])
def test_broken_profiles_name_file_and_key(tmp_path, text, said):
    profile = tmp_path / "mine.conf"
    profile.write_text(text)
    answer = quiet("profile", "show", profile)
    assert answer.status == 2, answer
    assert str(profile) in answer.err + str(profile) and said in answer.err, answer


def test_absent_profile():
    answer = quiet("profile", "show", "/nonexistent/p.conf")
    assert answer.status in (1, 2) and "/nonexistent/p.conf" in answer.err


def test_recorded_machine_needs_no_server(tmp_path):
    machine = next(p for p in sorted((ROOT / "tests/machines").iterdir()) if (p / "machine.ini").exists())
    answer = quiet("advise", "--root", machine, "--pg-version", "17", "--json", "--state", tmp_path)
    assert answer.status == 0, answer
    assert any(row["name"] == "shared_buffers" for row in answer.json["parameters"])


def test_not_a_recorded_machine(tmp_path):
    answer = quiet("host", "--root", tmp_path)
    assert answer.status == 1 and "not a recorded machine" in answer.err


def test_unknown_postgresql_version(tmp_path):
    answer = quiet("advise", "--pg-version", "9", "--state", tmp_path)
    assert answer.status == 5, answer


def test_closed_output_is_an_error_not_a_crash(tmp_path):
    program = subprocess.run(["bash", "-c", f"{BUILD}/src/kastune profile list >/dev/full"], env=NOWHERE, capture_output=True, text=True)
    assert program.returncode == 1 and "cannot write" in program.stderr


def test_host_is_one_document(tmp_path):
    answer = quiet("host", "--path", tmp_path, "--no-probe", "--json", "--state", tmp_path / "state")
    assert answer.status == 0, answer
    document = answer.json
    assert document["memory"]["total_bytes"] > 0
    assert document["memory_for_postgresql"]["postgresql_bytes"] <= document["memory"]["total_bytes"]
    assert json.dumps(document)


def test_probe_leaves_nothing_and_is_remembered(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    first = quiet("host", "--path", place, "--json", "--state", tmp_path / "state").json["volumes"][0]
    assert list(place.iterdir()) == []
    if first["class"] == "memory":
        return
    assert first["probe"]["read_1_per_s"] > 0
    again = quiet("host", "--path", place, "--json", "--state", tmp_path / "state").json["volumes"][0]
    assert again["probe"]["taken_at_unix_s"] == first["probe"]["taken_at_unix_s"]
    assert "probe" not in quiet("host", "--path", place, "--no-probe", "--json", "--state", tmp_path / "state").json["volumes"][0]


@pytest.mark.parametrize("table", ["parameters", "commands"])
def test_reference_page_is_fresh(table):
    """scripts/update-reference writes it."""
    assert (ROOT / f"docs/reference/{table}.md").read_text() == quiet("reference", table).out


def test_timescaledb_and_the_indexers_role_can_be_named(tmp_path):
    machine = ROOT / "tests/machines/lvm-sata-ssd-16g"
    plain = quiet("advise", "--root", machine, "--pg-version", "16", "--json", "--state", tmp_path).json
    named = quiet("advise", "--root", machine, "--pg-version", "16", "--timescaledb", "--indexer-role", "kaspa", "--json", "--state", tmp_path).json
    wanted = {row["name"]: row.get("wanted") for row in named["parameters"]}
    before = {row["name"]: row.get("wanted") for row in plain["parameters"]}
    assert before.get("timescaledb.max_background_workers") is None and wanted["timescaledb.max_background_workers"]
    assert any("ALTER ROLE kaspa" in row["statement"] for row in named["roles"])
