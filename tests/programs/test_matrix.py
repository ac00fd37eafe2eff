"""Every profile's settings start a real server of every supported version, and the checks know what each version refuses."""
import pytest

from conftest import Server, binaries

VERSIONS = list(binaries())
PROFILES = ["low-memory", "standard", "high-performance"]


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda v: f"PostgreSQL {v}")
def versioned(request):
    made = Server(version=request.param)
    yield made
    made.remove()


def test_all_supported_versions_are_here():
    assert [v for v in VERSIONS if 13 <= v <= 18] == [13, 14, 15, 16, 17, 18]


@pytest.mark.parametrize("phase", ["steady", "initial-sync"])
@pytest.mark.parametrize("profile", PROFILES)
def test_profile_starts(versioned, profile, phase):
    written = versioned.base / f"{profile}-{phase}.conf"
    options = ["--no-probe", "--profile", profile, "--phase", phase]
    assert versioned.kastune("config", "write", written, *options).status == 0
    assert "shared_buffers" in written.read_text()
    checked = versioned.kastune("config", "check", written, "--json", *options)
    assert checked.json["accepted"] is True, checked
    tried = versioned.kastune("config", "try", written, "--json", "--no-probe")
    assert tried.status == 0 and tried.json["started"] is True, tried


def test_apply_and_undo(versioned):
    before = versioned.setting("shared_buffers")
    done = versioned.kastune("apply", "--yes", "--no-probe", "--json")
    assert done.status == 0, done
    assert versioned.setting("shared_buffers") != before
    assert versioned.kastune("undo", "--yes").status == 0
    assert versioned.setting("shared_buffers") == before


@pytest.mark.parametrize("line, said", [
    ("min_wal_size = 2MB", "min_wal_size"),
    ("wal_level = minimal", "max_wal_senders"),
    ("superuser_reserved_connections = 200", "max_connections"),
    ("shared_buffers = 900GB", "PostgreSQL may use"),
    ("shared_bufers = 1GB", "shared_bufers"),
    ("work_mem = 1gb", "work_mem"),
    ("wal_compression = brotli", "wal_compression"),
    ("fsync = off", "fsync"),
])
def test_check_refuses_what_would_not_start_or_lose_data(versioned, line, said):
    conf = versioned.base / "bad.conf"
    conf.write_text(line + "\n")
    answer = versioned.kastune("config", "check", conf, "--json", "--no-probe")
    assert answer.status == 3, answer
    assert answer.json["accepted"] is False, answer
    assert any(said in f["sentence"] or said == f.get("parameter") for f in answer.json["findings"]), answer


@pytest.mark.parametrize("line", ["wal_level = minimal", "shared_preload_libraries = 'no_such_library'", "superuser_reserved_connections = 200",
                                  "shared_buffers = 900GB"])
def test_try_catches_what_only_a_start_shows(versioned, line):
    conf = versioned.base / "bad.conf"
    conf.write_text(line + "\n")
    answer = versioned.kastune("config", "try", conf, "--json", "--no-probe")
    assert answer.status == 3 and answer.json["started"] is False and answer.json["problem"], answer
