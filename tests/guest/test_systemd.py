"""kastune on Debian's cluster under systemd, with control groups of version 2."""
import time

import pytest

from conftest import BUILD, UNIT

QUICK = ["--no-probe", "--reserve", "0", "--no-tables", "--no-try"]
SLICE = "system-postgresql.slice"


@pytest.fixture
def limit(guest):
    """Sets properties of a unit until the next start of the guest; they are taken back at the end."""
    touched = []

    def set_properties(unit, *properties):
        touched.append(unit)
        guest.run("systemctl", "set-property", "--runtime", unit, *properties, check=True)

    yield set_properties
    for unit in touched:
        guest.shell(f"systemctl revert {unit}")


def test_doctor_finds_all_that_apply_needs(cluster):
    answer = cluster.kastune("doctor", "--json")
    checks = {check["name"]: check for check in answer.json["checks"]}
    assert answer.status == 0 and answer.json["ready"] is True, answer
    assert checks["rights in the server"]["detail"] == "superuser"
    assert checks["configuration files"]["detail"] == "an own file in /etc/postgresql/15/main/conf.d takes effect"
    assert checks["control of the server"]["detail"] == "pg_ctlcluster 15 main restart"


def test_host_tells_the_machine(cluster):
    host = cluster.kastune("host", "--no-probe", "--json", check=True).json
    memory = int(cluster.shell("awk '/^MemTotal/ {print $2}' /proc/meminfo").out) * 1024
    assert host["memory"]["total_bytes"] == memory == host["memory_limit_bytes"]
    assert host["cgroup"]["version"] == 2 and "memory_limit_bytes" not in host["cgroup"]
    assert host["cpu"]["usable_cpus"] == 2 and host["kernel"]["container"] is False
    assert host["kernel"]["release"] == cluster.shell("uname -r").out.strip()
    data = host["volumes"][0]
    assert (data["role"], data["mount_point"], data["fs_type"], data["options"]) == ("data", "/", "ext4", "rw,noatime")
    assert [(device["name"], device["transport"]) for device in data["devices"]] == [("vda", "virtio")]


def test_smallest_limit_above_the_server_applies(cluster, limit):
    limit(SLICE, "MemoryMax=1200M", "CPUQuota=150%")
    folder = f"/sys/fs/cgroup/system.slice/{SLICE}"
    host = cluster.kastune("host", "--no-probe", "--json", check=True).json
    assert (host["memory_limit_bytes"], host["cgroup"]["memory_limit_path"]) == (1200 << 20, f"{folder}/memory.max")
    assert (host["cpu"]["usable_cpus"], host["cgroup"]["cpu_quota_path"]) == (1.5, f"{folder}/cpu.max")

    limit(UNIT, "MemoryMax=1400M", "MemoryHigh=900M", "AllowedCPUs=1")
    host = cluster.kastune("host", "--no-probe", "--json", check=True).json
    assert (host["memory_limit_bytes"], host["cgroup"]["memory_limit_path"]) == (900 << 20, f"{folder}/{UNIT}/memory.high")
    assert host["cpu"]["usable_cpus"] == 1


def test_without_a_server_the_own_limits_apply(guest):
    own = ["systemd-run", "--quiet", "--pipe", "--wait", "-p", "MemoryMax=300M", "-E", "PGHOST=/absent"]
    host = guest.run(*own, "kastune", "host", "--no-probe", "--json", check=True).json
    assert host["memory_limit_bytes"] == 300 << 20 and host["cgroup"]["memory_limit_path"].endswith(".service/memory.max")


def test_applies_through_systemd_and_goes_back(cluster, limit):
    limit(UNIT, "MemoryMax=1G")
    before, files, pid = cluster.settings(), cluster.files(), cluster.unit("MainPID")
    # With the trial: it has to fit into the limit of the server, in a group of its own.
    answer = cluster.kastune("apply", "--yes", "--no-probe", "--reserve", "0", "--json", timeout=300)
    assert answer.status == 0, answer
    assert answer.json["trial"]["limited"] is True and answer.json["trial"]["memory_limit_bytes"] == 1 << 30
    assert cluster.shell("find /sys/fs/cgroup -name 'kastune-*'").out == ""
    assert cluster.sql("SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"
    assert cluster.setting("jit") == "off" and cluster.settings() != before
    assert cluster.unit("MainPID") != pid
    cluster.assert_belongs_to_its_unit()
    assert cluster.kastune("status").status == 0

    undone = cluster.kastune("undo", "--yes")
    assert undone.status == 0, undone
    assert (cluster.settings(), cluster.files()) == (before, files)
    cluster.assert_belongs_to_its_unit()
    # Looking whether the server is back leaves no complaints about a role in its log.
    assert 'role "root"' not in cluster.shell("cat /var/log/postgresql/postgresql-15-main.log").out


def test_settings_that_do_not_start_within_the_limits_of_the_unit_go_back(cluster):
    """No trial can see a limit that only the unit's processes have."""
    before, files = cluster.settings(), cluster.files()
    cluster.shell(f"""mkdir -p /run/systemd/system/{UNIT}.d
                      printf '[Service]\\nLimitAS=400M\\n' >/run/systemd/system/{UNIT}.d/limit.conf
                      systemctl daemon-reload""")
    try:
        answer = cluster.kastune("apply", "--yes", *QUICK)
        assert answer.status == 1 and "could not map anonymous shared memory" in answer.err, answer
        assert cluster.newest_change() == "undone"
        assert (cluster.settings(), cluster.files()) == (before, files)
        cluster.assert_belongs_to_its_unit()
    finally:
        cluster.shell(f"rm -r /run/systemd/system/{UNIT}.d && systemctl daemon-reload")


def test_confirmation_outlived_by_nobody_goes_back_by_the_next_command(cluster):
    """systemd ends everything of a unit, the kastune in the background too."""
    before, files = cluster.settings(), cluster.files()
    cluster.run_unit("operator", "kastune", "apply", "--yes", *QUICK, "--confirm-within", "30s")
    until(lambda: cluster.newest_change() == "waiting", lambda: cluster.shell("journalctl --no-pager --lines=60").out)
    cluster.shell("systemctl kill --signal=KILL operator; systemctl reset-failed operator 2>/dev/null || true")
    until(lambda: cluster.shell("pidof kastune || true").out == "", lambda: cluster.shell("ps ax").out)
    assert cluster.newest_change() == "waiting" and cluster.settings() != before
    cluster.shell("sleep 30")
    assert cluster.newest_change() == "waiting"
    answer = cluster.kastune("status")
    assert answer.status == 0 and cluster.newest_change() == "undone", answer
    assert (cluster.settings(), cluster.files()) == (before, files)
    cluster.assert_belongs_to_its_unit()


def test_kernel_ends_a_trial_that_does_not_fit(guest):
    """The unit test of trials, which finds control groups of version 1 or none on most machines that build kastune."""
    guest.put(BUILD / "tests/unit/postgres_test_scratch", "/opt/test_scratch")
    answer = guest.run("/opt/test_scratch", "--tap", "-p", "/postgres/scratch/kill-by-the-kernel", "-p", "/postgres/scratch/limit-is-removed")
    assert answer.status == 0 and answer.out.count("\nok") == 2 and "SKIP" not in answer.out, answer


def until(holds, say, limit=120):
    """The limit is only against hanging; what `say` returns tells why."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, say()
        time.sleep(0.5)
