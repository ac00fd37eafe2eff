"""Datasets made and adopted by kastune on a real OpenZFS: a mirror of two disks."""
import pytest

from conftest import BUILD, long

DISKS = [f"/dev/disk/by-id/virtio-scratch{number}" for number in range(2)]
KILLED = -9


@pytest.fixture(scope="module")
def pool(guest):
    guest.put(BUILD / "src/kastune", "/usr/bin/kastune")
    guest.shell(f"modprobe zfs; zpool create -o ashift=12 tank mirror {' '.join(DISKS)}")
    yield "tank"
    guest.shell(f"zpool destroy tank; for disk in {' '.join(DISKS)}; do wipefs -qa $disk; done; udevadm settle")


class Storage:
    """kastune on a pool, and what is there."""

    def __init__(self, guest, pool):
        self.guest, self.shell, self.pool = guest, guest.shell, pool

    def kastune(self, *words, env=(), **kwargs):
        return self.guest.run("env", "PGHOST=/absent", *env, "kastune", *words, **kwargs)

    def prepare(self, *words, **kwargs):
        return self.kastune("storage", "prepare", "tank/kaspa", "--mount-point", "/srv/kaspa", "--json", *words, **kwargs)

    def get(self, dataset, *properties):
        return self.shell(f"zfs get -Hp -o value {','.join(properties)} {dataset}").out.split("\n")[:-1]

    def look(self):
        """Everything that a change set may touch."""
        return self.shell("""zfs get -Hp -r -t all -s local,received,inherited -o name,property,value,source all tank
                             ls -ld --time-style=+ /srv /srv/* /srv/kaspa/* 2>/dev/null || true
                             awk '$3 == "zfs" {print $1, $2}' /proc/mounts""").out

    def newest(self):
        return self.kastune("history", "--json", check=True).json["changes"][0]


@pytest.fixture
def storage(guest, pool):
    guest.shell("rm -rf /var/lib/kastune")
    yield Storage(guest, pool)
    guest.shell("zfs list -H -o name -d 1 tank | tail -n +2 | xargs -r -n 1 zfs destroy -R; rm -rf /srv/kaspa /var/lib/kastune")


def test_datasets_are_made_with_their_properties_and_go_again(storage):
    before = storage.look()
    shown = storage.prepare("--dry-run")
    assert shown.status == 0 and [row["name"] for row in shown.json["datasets"]] == ["tank/kaspa/data", "tank/kaspa/wal"], shown
    assert storage.look() == before
    answer = storage.prepare("--yes")
    assert answer.status == 0 and answer.json["change"]["state"] == "applied", answer
    properties = "recordsize", "compression", "atime", "redundant_metadata", "mountpoint", "mounted"
    assert storage.get("tank/kaspa/data", *properties) == ["16384", "zstd-5", "off", "most", "/srv/kaspa/data", "yes"]
    assert storage.get("tank/kaspa/wal", *properties) == ["131072", "lz4", "off", "most", "/srv/kaspa/wal", "yes"]
    assert storage.get("tank/kaspa", "mountpoint", "canmount") == ["none", "off"]
    assert storage.shell("stat -c '%U %a' /srv/kaspa/data /srv/kaspa/wal").out == "postgres 700\n" * 2
    assert storage.kastune("status").status == 0
    storage.shell("zfs set atime=on tank/kaspa/data")
    status = storage.kastune("status")
    assert status.status == 3 and "atime of tank/kaspa/data is on" in status.out, status
    storage.shell("zfs set atime=off tank/kaspa/data")
    assert storage.kastune("undo", "--yes").status == 0
    assert storage.look() == before


def test_wishes_of_the_user(storage):
    assert storage.prepare("--yes", "--recordsize", "32k", "--compression", "zstd-3", check=True)
    assert storage.get("tank/kaspa/data", "recordsize", "compression") == ["32768", "zstd-3"]
    assert storage.get("tank/kaspa/wal", "recordsize", "compression") == ["131072", "lz4"]


@pytest.mark.parametrize("made, told", [
    ("touch /srv/kaspa/data/precious", "there are files in /srv/kaspa/data"),
    ("zfs snapshot tank/kaspa/wal@mine", "tank/kaspa/wal@mine"),
    ("zfs create -o mountpoint=none tank/kaspa/other", "tank/kaspa/other"),
])
def test_what_others_put_there_is_not_destroyed(storage, made, told):
    storage.prepare("--yes", check=True)
    storage.shell(made)
    before = storage.look()
    answer = storage.kastune("undo", "--yes")
    assert answer.status == 4 and told in answer.err and "try:" in answer.err, answer
    assert storage.look() == before and storage.newest()["state"] == "applied"


@pytest.mark.parametrize("prepared, status, told", [
    ("zfs create tank/kaspa", 4, "exists already"),
    ("mkdir -p /srv/kaspa/data; touch /srv/kaspa/data/x", 4, "/srv/kaspa/data is not empty"),
    ("mkdir -p /mnt/real; ln -s /mnt/real /srv/kaspa", 4, "symbolic link"),
    ("mkdir -p /srv/kaspa; chown nobody /srv/kaspa", 4, "belongs to somebody else"),
    ("zpool offline tank virtio-scratch1", 4, "pool tank is DEGRADED"),
    ("zpool export tank; zpool import -o readonly=on tank", 4, "pool tank is read-only"),
])
def test_refusals(storage, prepared, status, told):
    storage.shell(prepared)
    before = storage.look()
    try:
        answer = storage.prepare("--yes")
        assert answer.status == status and told in answer.json["error"]["message"] and storage.look() == before, answer
    finally:
        storage.shell("""zpool export tank; zpool import tank
                         zpool online tank virtio-scratch1
                         until zpool status -x tank | grep -q healthy; do zpool clear tank; sleep 0.5; done
                         rm -rf /srv/kaspa/data /srv/kaspa /mnt/real""")


def test_without_root_nothing_is_tried(storage):
    answer = storage.guest.run("runuser", "-u", "nobody", "--", "kastune", "storage", "prepare", "tank/kaspa", "--yes", "--state", "/tmp/nobody")
    assert answer.status == 1 and "only root can make datasets" in answer.err, answer


@long
def test_killed_between_any_two_steps(storage):
    before = storage.look()
    storage.prepare("--yes", env=["KASTUNE_CRASH_LIST=/tmp/points"], check=True)
    lines = [line.split(" ", 1) for line in storage.shell("cat /tmp/points; rm /tmp/points").out.splitlines()]
    points = [number for number, name in lines if name.startswith("storage:") or name.endswith("prepared")]
    assert len(points) == 6, lines
    storage.kastune("undo", "--yes", check=True)
    for point in points:
        killed = storage.prepare("--yes", env=[f"KASTUNE_CRASH_AT={point}"])
        assert killed.status == KILLED, killed
        answer = storage.kastune("undo", "--yes")
        assert answer.status == 0, (point, answer)
        assert storage.look() == before, point
