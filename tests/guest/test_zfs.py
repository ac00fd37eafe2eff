"""kastune on a real OpenZFS: a pool of one disk, and Debian's cluster on a dataset of it."""
import pytest

from conftest import DATA, long, UNIT

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
    assert pool["since_import"]["write_bytes"] > 0 and pool["since_import"]["write_wait_ns"] > 0 and pool["last_second"]["write_ops"] >= 0
    assert 0 < answer.json["arc"]["size_bytes"] <= answer.json["arc"]["limit_bytes"] * 2 and 0 < answer.json["arc"]["hit_percent"] <= 100


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


# ------------------------------------------------------------------------------------------------------------------ adopt

ADOPT = ["storage", "adopt", "--yes", "--no-probe", "--no-try", "--json"]
LOOK = """zfs get -Hp -s local,inherited,default -o name,property,value,source recordsize,compression,logbias,primarycache,redundant_metadata,xattr tank/pg
          zpool get -Hp -o property,value failmode,autotrim tank
          cat /sys/module/zfs/parameters/zfs_arc_max; awk '$1 == "c_max"' /proc/spl/kstat/zfs/arcstats
          ls /etc/modprobe.d"""


@pytest.fixture
def untuned(on_zfs):
    """A value of its own, an inherited one, a default, and a pool that would panic."""
    on_zfs.shell("zfs set logbias=throughput tank/pg; zfs set primarycache=metadata tank; zpool set failmode=panic tank")
    yield on_zfs
    on_zfs.shell("zfs inherit logbias tank/pg; zfs inherit primarycache tank; zpool set failmode=wait tank; rm -f /etc/modprobe.d/*kastune*")


def test_adopt_brings_properties_settings_and_cache_together(untuned):
    before, settings = untuned.shell(LOOK).out, untuned.settings()
    shown = untuned.kastune("storage", "adopt", "--dry-run", "--no-probe", "--no-try")
    assert "logbias: throughput -> latency" in shown.out and "set zfs/zfs_arc_max = " in shown.out, shown
    assert untuned.shell(LOOK).out == before
    answer = untuned.kastune(*ADOPT, timeout=600)
    assert answer.status == 0, answer
    assert [setting["name"] for setting in answer.json["settings"]] == ["wal_init_zero", "wal_recycle"]
    kinds = [step["kind"] for step in answer.json["change"]["steps"]]
    assert kinds == ["configuration-backup", "zfs-properties", "zfs-properties", "kernel-settings", "postgres-settings", "server-health"]
    assert untuned.setting("wal_recycle") == "off" and untuned.setting("full_page_writes") == "on"
    value = untuned.shell("zfs get -Hp -o value,source logbias,primarycache,redundant_metadata tank/pg; zpool get -H -o value failmode tank").out
    assert value.split() == ["latency", "local", "all", "local", "most", "local", "wait"]
    limit = next(s["value"] for step in answer.json["change"]["steps"] if step["kind"] == "kernel-settings" for s in step["args"]["settings"])
    assert untuned.shell("""awk '$1 == "c_max" {print $3}' /proc/spl/kstat/zfs/arcstats""").out.strip() == limit
    assert untuned.shell("modprobe -c | grep '^options zfs '").out == f"options zfs zfs_arc_max={limit}\n"
    assert untuned.kastune("status").status == 0
    again = untuned.kastune(*ADOPT)
    assert again.status == 0 and again.json["plan"]["steps"] == [], again
    untuned.shell("zfs set primarycache=none tank/pg")
    drift = [finding["sentence"] for finding in untuned.kastune("storage", "show", "--no-probe", "--json").json["findings"]]
    assert "primarycache of tank/pg is none; change set 1 of kastune made it all" in drift, drift
    refused = untuned.kastune("undo", "--yes")
    assert refused.status == 4 and "somebody else changed primarycache of tank/pg" in refused.err, refused
    untuned.shell("zfs set primarycache=all tank/pg")
    assert untuned.kastune("undo", "--yes").status == 0
    assert untuned.shell(LOOK).out == before and untuned.settings() == settings


def test_full_page_writes_go_off_only_where_records_hold_whole_pages(on_zfs):
    on_zfs.shell("zfs set recordsize=4k tank/pg")
    refused = on_zfs.kastune(*ADOPT, "--full-page-writes-off")
    on_zfs.shell("zfs set recordsize=16k tank/pg")
    assert refused.status == 4 and "smaller than a page" in refused.json["error"]["message"], refused
    on_zfs.shell("install -d -o postgres -m 0700 /mnt/elsewhere")
    on_zfs.sql("CREATE TABLESPACE elsewhere LOCATION '/mnt/elsewhere'")
    refused = on_zfs.kastune(*ADOPT, "--full-page-writes-off")
    on_zfs.sql("DROP TABLESPACE elsewhere")
    assert refused.status == 4 and "lies on ext4" in refused.json["error"]["message"], refused
    answer = on_zfs.kastune(*ADOPT, "--full-page-writes-off", "--no-arc")
    assert answer.status == 0 and on_zfs.setting("full_page_writes") == "off", answer
    assert on_zfs.kastune("undo", "--yes").status == 0 and on_zfs.setting("full_page_writes") == "on"


@long
def test_adopt_killed_between_any_two_changes_of_zfs_and_its_undo_too(untuned):
    before = untuned.shell(LOOK).out

    def points(*words):
        untuned.guest.run("env", "KASTUNE_CRASH_LIST=/tmp/points", "kastune", *words, check=True, timeout=600)
        lines = untuned.shell("cat /tmp/points; rm /tmp/points").out.splitlines()
        return [line.split(" ", 1)[0] for line in lines if " storage:" in line]

    adopting, undoing = points(*ADOPT), points("undo", "--yes")
    assert len(adopting) >= 4 and len(undoing) >= 4
    for point in adopting:
        killed = untuned.guest.run("env", f"KASTUNE_CRASH_AT={point}", "kastune", *ADOPT)
        assert killed.status == -9, killed
        assert untuned.kastune("undo", "--yes").status == 0 and untuned.shell(LOOK).out == before, point
    untuned.kastune(*ADOPT, check=True, timeout=600)
    killed = untuned.guest.run("env", f"KASTUNE_CRASH_AT={undoing[1]}", "kastune", "undo", "--yes")
    assert killed.status == -9, killed
    assert untuned.kastune("undo", "--yes").status == 0 and untuned.shell(LOOK).out == before
