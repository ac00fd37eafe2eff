# SPDX-License-Identifier: MIT
"""Settings of a real machine: its kernel, udev, systemd and fstab. The cluster's files lie on an ext4 of their own, in a folder with a blank in its name."""
import pytest

from conftest import BUILD, DATA, long, UNIT

pytestmark = long

DISK = "/dev/disk/by-id/virtio-scratch1"
HOME = "/srv/my pg"
QUICK = ["--no-probe", "--reserve", "0", "--no-tables", "--no-try"]
FILES = "/etc/fstab /etc/fstab.before-kastune /etc/sysctl.d /etc/tmpfiles.d /etc/udev/rules.d /etc/modprobe.d"
VALUES = """for file in /proc/sys/vm/{nr_hugepages,swappiness,overcommit_memory,overcommit_ratio,dirty_bytes,dirty_ratio,dirty_background_bytes,\
dirty_background_ratio} /sys/kernel/mm/transparent_hugepage/enabled /sys/block/vdc/queue/{scheduler,read_ahead_kb}; do
  echo "$file $(cat $file)"
done"""


@pytest.fixture
def home(guest):
    """The machine as an administrator left it: relatime, bfq or mq-deadline, huge pages always, comments in fstab."""
    guest.shell(f"""systemctl stop {UNIT}
                    mkfs.ext4 -q -F {DISK}
                    mkdir -p '{HOME}'
                    cp /etc/fstab /root/fstab 2>/dev/null || touch /root/fstab
                    printf '# the data\\n{DISK}\\t/srv/my\\\\040pg  ext4 \\tnosuid,relatime  0\\t2\\n' >>/etc/fstab
                    mount '{HOME}'
                    cp -a {DATA} '{HOME}/main'
                    pg_conftool 15 main set data_directory '{HOME}/main'
                    echo mq-deadline >/sys/block/vdc/queue/scheduler
                    echo always >/sys/kernel/mm/transparent_hugepage/enabled""")
    yield guest
    guest.shell(f"""systemctl stop {UNIT}
                    pg_conftool 15 main set data_directory {DATA}
                    umount '{HOME}'
                    cat /root/fstab >/etc/fstab""")


@pytest.fixture
def at_home(home, cluster):
    assert cluster.data == f"{HOME}/main"
    return cluster


def files(guest):
    return guest.shell(f"find {FILES} -type f -exec stat -c '%n %a %U' {{}} + -exec md5sum {{}} + 2>/dev/null || true").out


def options(guest):
    return guest.shell(f"findmnt -no OPTIONS '{HOME}'").out.strip().split(",")


def test_settings_are_in_force_survive_a_boot_and_are_taken_back(at_home):
    guest = at_home.guest
    before, values = files(guest), guest.shell(VALUES).out
    assert "relatime" in options(guest)

    advice = at_home.kastune("host", "advise", "--no-probe", "--json")
    wanted = {row["name"]: row["wanted"] for row in advice.json["rows"] if row["verdict"] == "change"}
    assert advice.status == 3 and wanted["noatime on /srv/my pg"] == "noatime", advice
    assert wanted["scheduler of vdc"] == "none" and wanted["transparent huge pages"] == "madvise"
    assert "by_hand" not in advice.json and files(guest) == before

    applied = at_home.kastune("apply", "--yes", "--host-settings", "--json", *QUICK, timeout=300)
    assert applied.status == 0 and applied.json["host_left"] == [], applied

    def assert_in_force():
        assert guest.shell("cat /proc/sys/vm/dirty_background_bytes").out.strip() == wanted["vm.dirty_background_bytes"]
        assert guest.shell("cat /sys/block/vdc/queue/scheduler").out.startswith("[none]")
        assert "[madvise]" in guest.shell("cat /sys/kernel/mm/transparent_hugepage/enabled").out
        assert {"noatime", "nosuid"} <= set(options(guest))

    assert_in_force()
    status = at_home.kastune("status", "--json")
    assert status.status == 0 and all(step["as_planned"] for step in status.json["steps"]), status
    assert "virtio-scratch1\t/srv/my\\040pg  ext4 \tnosuid,noatime  0\t2\n" in guest.shell("cat /etc/fstab").out

    # What a boot does, with the values of the kernel before it.
    guest.shell(f"""systemctl stop {UNIT}
                    umount '{HOME}'
                    sysctl -q vm.dirty_ratio=20 vm.dirty_background_ratio=10
                    echo always >/sys/kernel/mm/transparent_hugepage/enabled
                    echo mq-deadline >/sys/block/vdc/queue/scheduler
                    /lib/systemd/systemd-sysctl
                    systemd-tmpfiles --create --boot
                    udevadm control --reload
                    udevadm trigger --action=add --subsystem-match=block --settle
                    mount '{HOME}'
                    systemctl start {UNIT}""", timeout=300)
    assert_in_force()

    undone = at_home.kastune("undo", "--yes", "--json", timeout=300)
    assert undone.status == 0 and undone.json["change"]["state"] == "undone", undone
    assert files(guest) == before
    assert guest.shell(VALUES).out == values
    assert "relatime" in options(guest) and "noatime" not in options(guest)


def test_udev_reads_the_rule(at_home):
    guest = at_home.guest
    assert at_home.kastune("apply", "--yes", "--host-settings", *QUICK, timeout=300).status == 0
    said = guest.shell("udevadm test --action=add /sys/block/vdc 2>&1").out
    assert "90-kastune.rules" in said and "invalid" not in said.lower(), said
    assert "ATTR '/sys/devices" in said and "writing 'none'" in said, said
    other = guest.shell("udevadm test --action=add /sys/block/vdb 2>&1").out
    assert "writing 'none'" not in other, other
    assert at_home.kastune("undo", "--yes", timeout=300).status == 0


def test_huge_pages_are_what_the_kernel_gave(guest):
    guest.put(BUILD / "tests/unit/host_test_kernel", "/root/host_test_kernel")
    before = guest.shell("cat /proc/sys/vm/nr_hugepages").out
    answer = guest.shell("KASTUNE_TEST_OWN_KERNEL=1 /root/host_test_kernel --tap", check=False)
    assert answer.status == 0 and "not ok" not in answer.out and "SKIP" not in answer.out, answer
    assert guest.shell("cat /proc/sys/vm/nr_hugepages").out == before


def test_a_kill_in_the_middle_is_taken_back(at_home):
    guest = at_home.guest
    before, values = files(guest), guest.shell(VALUES).out
    for point in (12, 25, 40):
        killed = guest.shell(f"KASTUNE_CRASH_AT={point} kastune apply --yes --host-settings {' '.join(QUICK)} --no-restart", check=False, timeout=300)
        assert killed.status in (-9, 137), killed
        at_home.kastune("undo", "--yes", timeout=300)
        assert files(guest) == before and guest.shell(VALUES).out == values and "relatime" in options(guest), point
