"""kastune on a real OpenZFS: a pool of one disk, and Debian's cluster on a dataset of it."""
import pytest

from conftest import DATA, UNIT

ZFS_DATA = "/srv/pg/main"


@pytest.fixture(scope="module")
def dataset(guest):
    """The cluster's files, copied onto a dataset while it is down."""
    guest.shell(f"""systemctl stop {UNIT}
                    modprobe zfs
                    zpool create -o ashift=12 -O atime=off tank /dev/disk/by-id/virtio-scratch0
                    zfs create -o recordsize=16k -o compression=zstd -o mountpoint=/srv/pg tank/pg
                    cp -a {DATA} {ZFS_DATA}
                    pg_conftool 15 main set data_directory {ZFS_DATA}""")
    yield "tank/pg"
    guest.shell(f"systemctl stop {UNIT}; pg_conftool 15 main set data_directory {DATA}; zpool destroy tank")


@pytest.fixture
def on_zfs(dataset, cluster):
    assert cluster.data == ZFS_DATA
    return cluster


def test_host_tells_dataset_and_pool(on_zfs):
    host = on_zfs.kastune("host", "--no-probe", "--json", check=True).json
    data, wal = host["volumes"]
    assert (data["fs_type"], data["zfs_dataset"], data["mount_point"]) == ("zfs", "tank/pg", "/srv/pg")
    assert data["copy_on_write"] is True and wal["zfs_dataset"] == "tank/pg"
    # The pool's disk, seen through the partition that zpool makes on it.
    assert [(device["name"], device["kind"]) for device in data["devices"]] == [("vdb1", "partition"), ("vdb", "disk")]
    zfs = host["zfs"]
    assert zfs["tools"] is True and zfs["module"] is True
    assert zfs["version"] == on_zfs.shell("cat /sys/module/zfs/version").out.strip()
    assert [(pool["name"], pool["health"]) for pool in zfs["pools"]] == [("tank", "ONLINE")]
    assert str(zfs["pools"][0]["size_bytes"]) == on_zfs.shell("zpool get -Hp -o value size tank").out.strip()
    assert str(zfs["arc_max_bytes"]) == on_zfs.shell("awk '$1 == \"c_max\" {print $3}' /proc/spl/kstat/zfs/arcstats").out.strip()


@pytest.mark.parametrize("recordsize, verdict, status", [("16384", "as wanted", None), ("131072", "change", 3)])
def test_storage_show_judges_real_properties(on_zfs, recordsize, verdict, status):
    on_zfs.shell(f"zfs set recordsize={recordsize} tank/pg")
    answer = on_zfs.kastune("storage", "show", "--no-probe", "--json")
    on_zfs.shell("zfs set recordsize=16384 tank/pg")
    assert status is None or answer.status == status, answer
    [dataset], [pool] = answer.json["datasets"], answer.json["pools"]
    properties = {row["property"]: row for row in dataset["properties"]}
    assert (dataset["name"], dataset["holds"], pool["name"], pool["state"]) == ("tank/pg", "data and WAL", "tank", "ONLINE")
    assert (properties["recordsize"]["running"], properties["recordsize"]["verdict"]) == (recordsize, verdict)
    assert properties["atime"]["origin"] == "inherited from tank" and dataset["compressratio"] > 1


def test_probe_does_not_take_the_cache_of_zfs_for_the_disk(on_zfs):
    answer = on_zfs.kastune("host", "--probe", "--json", check=True)
    data = answer.json["volumes"][0]
    assert data["probe"]["direct"] is False and data["probe"]["fdatasync_us"] > 0
    assert data["class"] == data["flags_class"] and "a cache answered" in data["class_reason"], data
    assert on_zfs.shell("ls -A /srv/pg").out.split() == ["main"]


def test_probe_on_ext4_measures_the_disk(guest):
    guest.shell("""mkfs.ext4 -q /dev/disk/by-id/virtio-scratch1
                   mkdir -p /mnt/ext4
                   mount /dev/disk/by-id/virtio-scratch1 /mnt/ext4""")
    try:
        volume = guest.run("kastune", "host", "--probe", "--path", "/mnt/ext4", "--json", check=True).json["volumes"][0]
        assert (volume["fs_type"], volume["mount_point"], volume["devices"][0]["name"]) == ("ext4", "/mnt/ext4", "vdc")
        assert volume["probe"]["direct"] is True and volume["class_reason"].startswith("measured: "), volume
        assert guest.shell("ls -A /mnt/ext4").out.split() == ["lost+found"]
    finally:
        guest.shell("umount /mnt/ext4")


def test_advice_follows_the_storage_and_applies(on_zfs):
    before = on_zfs.settings()
    advice = on_zfs.kastune("advise", "--no-probe", "--json", check=True).json
    wanted = {row["name"]: row.get("wanted") for row in advice["parameters"]}
    assert wanted["wal_init_zero"] == "off" and wanted["wal_recycle"] == "off"
    assert "zfs_arc_max" in [row["name"] for row in advice["kernel"]]

    answer = on_zfs.kastune("apply", "--yes", "--no-probe", "--no-tables", "--no-try", "--json")
    assert answer.status == 0, answer
    assert on_zfs.setting("wal_init_zero") == "off" and on_zfs.setting("wal_recycle") == "off"
    # Redundant on such a dataset, and still nobody has asked for it.
    assert on_zfs.setting("full_page_writes") == "on" and on_zfs.setting("fsync") == "on"
    on_zfs.assert_belongs_to_its_unit()
    assert on_zfs.kastune("status").status == 0
    assert on_zfs.kastune("undo", "--yes").status == 0
    assert on_zfs.settings() == before
