# SPDX-License-Identifier: MIT
"""advise and config check: what a tired operator reads about machines and files that nobody expected."""
import pytest

from conftest import ROOT, kastune

MACHINES = ROOT / "tests/machines"
OPTIONS = ["--no-probe", "--reserve", "0"]


def advise(machine, *more):
    return kastune("advise", "--json", "--root", MACHINES / machine, "--pg-version", "17", *more).json


def findings(answer):
    return " ".join(finding["sentence"] for finding in answer["findings"])


def wanted(answer):
    return {row["name"]: row["wanted"] for row in answer["parameters"] if row["verdict"] == "change"}


@pytest.mark.parametrize("machine", sorted(path.parent.name for path in MACHINES.glob("*/machine.ini")))
@pytest.mark.parametrize("phase", ["steady", "initial-sync"])
def test_kastune_never_refuses_its_own_advice(machine, phase):
    assert [f for f in advise(machine, "--phase", phase)["findings"] if f["severity"] == "error"] == []


def test_a_full_disk_gets_no_files_to_keep():
    answer = advise("vps-512m-full")
    assert "min_wal_size" not in wanted(answer) and "max_wal_size" not in wanted(answer)
    assert "0 B of" in findings(answer)


def test_storage_that_betrays_is_named():
    assert "nobarrier" in findings(advise("md-lvm-crypt-nobarrier-16g"))
    assert "soft" in findings(advise("nfs-soft-16g"))
    assert "overlay" in findings(advise("container-overlay-32g"))


def test_swap_in_memory_keeps_its_swappiness():
    rows = {row["name"]: row for row in advise("arm-board-zram-1g")["kernel"]}
    assert rows["vm.swappiness"]["verdict"] == "left"


def test_newer_and_older_versions_say_what_is_known():
    assert "release notes" in findings(kastune("advise", "--json", "--root", MACHINES / "vps-2g", "--pg-version", "19").json)
    old = kastune("advise", "--root", MACHINES / "vps-2g", "--pg-version", "12")
    assert old.status == 5 and "upgrade PostgreSQL" in old.err


# -- configuration files -----------------------------------------------------------------------------------------------

def check(folder, content, *more):
    path = folder / "some.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return kastune("config", "check", path, "--json", "--root", MACHINES / "lvm-sata-ssd-16g", "--pg-version", "15", *more)


@pytest.mark.parametrize("content, said", [
    (b"\xef\xbb\xbfwork_mem = 8MB\n", "\\357\\273\\277work_mem"),
    ("shared_bufers = 1GB\n", "looks mistyped"),
    ("work_mem = 8MB\nwork_mem = 9MB\n", "some.conf:1: work_mem = 8MB has no effect"),
    ("log_line_prefix = '%m'\nsearch_path = public\n", "only a server knows them: log_line_prefix, search_path"),
    ("include 'gone.conf'\n", "gone.conf"),
    ("work_mem = '8MB\n", "check the quotes"),
])
def test_what_is_wrong_in_a_file_is_said(tmp_path, content, said):
    assert said in findings(check(tmp_path, content).json)


def test_an_ordinary_file_gives_no_noise(tmp_path):
    answer = check(tmp_path, "listen_addresses = '*'\r\nshared_buffers = 2GB\r\nport = 5433\r\n")
    assert answer.status == 0 and answer.json["findings"] == []


def test_a_line_repeated_ten_thousand_times_is_one_finding(tmp_path):
    answer = check(tmp_path, "".join(f"work_mem = {4 + i % 60}MB\n" for i in range(10000)))
    assert len(answer.json["findings"]) == 1


@pytest.mark.parametrize("content, said", [
    ("[set]\nwork_mem=lots\n", "it is not a number"),
    ("[set]\nshared_bufers=1GB\n", "did you mean shared_buffers?"),
    ("[profile]\nextends=./mine.conf\n", "in a circle"),
    ("work_mem=4MB\n", "[profile], [set] and [factor]"),
])
def test_what_is_wrong_in_a_profile_is_said(tmp_path, content, said):
    path = tmp_path / "mine.conf"
    path.write_text(content)
    answer = kastune("profile", "check", path, "--root", MACHINES / "vps-2g")
    assert answer.status in (1, 2) and said in answer.err


# -- a live server -----------------------------------------------------------------------------------------------------

def test_what_a_database_overrides_is_told_and_not_planned_for_ever(make_server):
    server = make_server(include_dir=True)
    server.sql("ALTER DATABASE postgres SET effective_cache_size = '1GB'")
    server.sql("ALTER ROLE ALL SET jit = on")
    assert server.kastune("apply", "--yes", *OPTIONS).status == 0
    answer = server.kastune("advise", "--json", *OPTIONS).json
    assert "ALTER DATABASE postgres gives its sessions effective_cache_size = 1GB" in findings(answer)
    assert "ALTER ROLE ALL gives its sessions jit = on" in findings(answer)
    assert server.kastune("plan", "--json", *OPTIONS).json["plan"]["steps"] == []
