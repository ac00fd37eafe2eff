"""kastune.service under a real systemd: it is ready, it is supervised, and it finishes what a reboot interrupted."""
import pytest

from conftest import BUILD, UNIT, long
from test_systemd import QUICK
from test_systemd import until as until_within

SERVICE = "kastune.service"
FILE = f"/etc/systemd/system/{SERVICE}"


def until(holds, say):
    """Emulated, under systemd, with two programs at work: the limit is only against hanging."""
    until_within(holds, say, limit=900)


def until_change(cluster, service, state, never):
    """The newest change set comes to `state`. What it only leaves by somebody's hand is not waited out."""
    def come():
        now = cluster.newest_change()
        assert now not in never, service.stand()
        return now == state
    until(come, service.stand)


class Service:
    def __init__(self, guest):
        self.shell = guest.shell

    def show(self, name):
        return self.shell(f"systemctl show --value --property={name} {SERVICE}").out.strip()

    def said(self, *more):
        return self.shell(f"journalctl --no-pager --output=cat --unit={SERVICE} {' '.join(more)}").out

    def stand(self):
        """All that tells why something does not happen."""
        return self.shell(f"""date; cat /proc/uptime /proc/sys/kernel/random/boot_id
                              systemctl is-system-running || true
                              systemctl list-jobs --no-pager || true
                              systemctl status --no-pager --lines=0 {SERVICE} {UNIT} || true
                              kastune history || true
                              journalctl --no-pager --boot --lines=80""", check=False).out


@pytest.fixture
def service(guest, cluster):
    """Begins with the machine, as `systemctl enable` would have it on one with more than the target of tests."""
    guest.put(BUILD / "data/kastune.service", FILE)
    # On the disk before anything happens: a unit that a power cut leaves empty is one that systemd takes for masked. What kastune
    # writes afterwards it has to bring there itself.
    guest.shell(f"""mkdir -p /usr/local/bin && ln -sf /usr/bin/kastune /usr/local/bin/kastune
                    systemctl daemon-reload
                    systemctl --quiet add-wants guest.target {SERVICE} postgresql.service
                    sync
                    systemctl start {SERVICE}""")
    yield Service(guest)
    guest.shell(f"""systemctl stop {SERVICE} || true
                    rm -f {FILE} /usr/local/bin/kastune /etc/systemd/system/guest.target.wants/{SERVICE} \\
                      /etc/systemd/system/guest.target.wants/postgresql.service
                    systemctl daemon-reload""")


def test_unit_is_sound_and_ready(service):
    assert service.shell(f"systemd-analyze verify {FILE} 2>&1 || true").out == ""
    assert (service.show("ActiveState"), service.show("SubState"), service.show("Type")) == ("active", "running", "notify")
    first = service.show("MainPID")
    refused = service.shell("kastune daemon", check=False)
    assert refused.status == 4 and f"process {first}" in refused.err, refused
    service.shell(f"systemctl reload {SERVICE}")
    until(lambda: "kastune.conf is read again" in service.said("--priority=notice"), service.said)
    service.shell(f"systemctl kill --signal=KILL --kill-whom=main {SERVICE}")
    until(lambda: service.show("MainPID") not in ("0", first) and service.show("SubState") == "running", service.said)
    service.shell(f"systemctl stop {SERVICE}")
    assert (service.show("Result"), service.show("ExecMainStatus")) == ("success", "0"), service.said()


@long
def test_reboot_in_the_wait_for_a_confirmation(service, cluster):
    """Everything of before is gone with the power: kastune in front, in the background, and the daemon."""
    before, files = cluster.settings(), cluster.files()
    cluster.run_unit("operator", "kastune", "apply", "--yes", *QUICK, "--confirm-within", "1h")
    until_change(cluster, service, "waiting", never=("undone", "stuck"))
    assert cluster.settings() != before
    # As if the machine was off for two hours: until it starts again another clock decides.
    cluster.guest.run("python3", "-c", "import sqlite3\nwith sqlite3.connect('/var/lib/kastune/state.db') as db:\n"
                      "    db.execute('UPDATE change_set SET waiting_since = waiting_since - 7200000')", check=True)
    assert cluster.newest_change() == "waiting"
    cluster.guest.reset()
    assert service.show("LoadState") == "loaded", service.stand()
    until_change(cluster, service, "undone", never=("applied", "stuck"))
    assert "by root, daemon: not confirmed within 1 h" in service.said("--boot"), service.said()
    assert (cluster.settings(), cluster.files()) == (before, files)
    cluster.assert_belongs_to_its_unit()


@long
def test_scheduled_restart_is_done_within_its_sandbox(service, cluster):
    pid = cluster.unit("MainPID")
    # systemd ends what it leaves in the background: the daemon is the only one to do it.
    cluster.run_unit("operator", "kastune", "apply", "--yes", *QUICK, "--when-idle", "--detach")
    until(lambda: cluster.newest_change() == "applied" and cluster.unit("MainPID") != pid, service.said)
    cluster.assert_belongs_to_its_unit()
    newest = cluster.kastune("history", "--json").json["changes"][0]["id"]
    assert cluster.kastune("history", newest, "--json").json["events"][-1]["actor"] == "root, daemon"
    assert cluster.sql("SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"
