"""Backups as snapshots of real datasets: data, log and a tablespace each on one of its own, in a pool of one disk."""
import json

import pytest

from conftest import DATA, long, UNIT

pytestmark = long

ROWS = 5000
CATALOGUE = "/var/lib/kastune/backups"
SERVER = "runuser -u postgres -- /usr/lib/postgresql/15/bin/pg_ctl -w"


@pytest.fixture(scope="module")
def pool(guest):
    """The cluster's files, copied onto datasets while it is down."""
    guest.shell(f"""systemctl stop {UNIT}
                    modprobe zfs
                    zpool create -o ashift=12 -O atime=off -O mountpoint=none tank /dev/disk/by-id/virtio-scratch0
                    zfs create -o recordsize=16k -o mountpoint=/srv/pg tank/pg
                    zfs create -o mountpoint=/srv/wal tank/wal
                    zfs create -o mountpoint=/srv/space tank/space
                    cp -a {DATA} /srv/pg/main
                    mv /srv/pg/main/pg_wal /srv/wal/15
                    ln -s /srv/wal/15 /srv/pg/main/pg_wal
                    chown postgres /srv/space
                    pg_conftool 15 main set data_directory /srv/pg/main
                    systemctl start {UNIT}""", timeout=900)
    sql = guest.run("runuser", "-u", "postgres", "--", "psql", "-Xq", "-v", "ON_ERROR_STOP=1", input=f"""
        CREATE TABLESPACE far LOCATION '/srv/space';
        CREATE TABLE blocks AS SELECT i, sha256(i::text::bytea) AS hash FROM generate_series(1, {ROWS}) i;
        CREATE TABLE distant TABLESPACE far AS SELECT generate_series(1, 777) AS n;""".encode(), check=True)
    yield sql
    guest.shell(f"""systemctl stop {UNIT}
                    pg_conftool 15 main set data_directory {DATA}
                    zpool destroy -f tank""", timeout=300)


@pytest.fixture
def on_zfs(pool, cluster):
    assert cluster.data == "/srv/pg/main"
    yield cluster
    cluster.shell("""for clone in $(zfs list -H -o name | grep kastune- || true); do zfs destroy "$clone"; done
                     for snapshot in $(zfs list -H -t snapshot -o name); do zfs release kastune "$snapshot" || true; zfs destroy "$snapshot"; done
                     find /srv -maxdepth 3 -path '/srv/restored*' -depth -type d -empty -delete""")


def create(cluster, *words):
    return cluster.kastune("backup", "create", "zfs", "--json", *words, check=True).json["backup"]


def snapshots(cluster):
    return cluster.shell("zfs list -H -t snapshot -o name -s name").out.split()


def clones(cluster):
    return [name for name in cluster.shell("zfs list -H -o name").out.split() if "kastune-" in name]


def parts(cluster, made):
    return json.loads(cluster.shell(f"cat {CATALOGUE}/{made['id']}/manifest.json").out)["parts"]


def test_data_log_and_tablespace_are_snapshots_of_one_instant_and_held(on_zfs):
    made = create(on_zfs, "--count")
    name = made["snapshot"]
    assert made["state"] == "complete" and name == f"kastune-{made['id']}" and made["referenced_bytes"] > 1000000
    assert snapshots(on_zfs) == [f"tank/{dataset}@{name}" for dataset in ("pg", "space", "wal")]
    assert {(p["role"] if p["role"] in ("data", "wal") else "space", p["dataset"], p["below"]) for p in parts(on_zfs, made)} == {
        ("data", "tank/pg", "main"), ("wal", "tank/wal", "15"), ("space", "tank/space", "")}
    assert len(set(on_zfs.shell("zfs list -Hp -t snapshot -o createtxg").out.split())) == 1
    refused = on_zfs.shell(f"zfs destroy tank/wal@{name}", check=False)
    assert refused.status != 0 and "dataset is busy" in refused.err, refused
    assert on_zfs.kastune("backup", "verify").status == 0


def test_restore_test_starts_a_server_on_clones_and_leaves_nothing(on_zfs):
    made = create(on_zfs, "--count")
    on_zfs.sql("CREATE TABLE later ()")
    log = on_zfs.shell("ls /srv/wal/15").out
    tested = on_zfs.kastune("backup", "verify", made["id"], "--restore-test", "--json", timeout=300)
    assert tested.status == 0, tested
    assert {t["name"]: t["counted"] for t in tested.json["tables"]} == {"blocks": ROWS, "distant": 777}
    assert clones(on_zfs) == [] and on_zfs.shell("ls /srv/wal/15").out == log
    assert on_zfs.sql("SELECT count(*) FROM later") == "0"
    on_zfs.sql("DROP TABLE later")


def test_restored_as_clones_it_starts_as_it_was_and_the_backup_stays_needed(on_zfs):
    made = create(on_zfs, "--count")
    on_zfs.sql("CREATE TABLE later ()")
    restored = on_zfs.kastune("backup", "restore", made["id"], "--to", "/srv/restored", "--yes", "--json")
    assert restored.status == 0 and restored.json["directory"] == "/srv/restored/main", restored
    assert sorted(restored.json["datasets"]) == clones(on_zfs)
    options = "-c config_file=/etc/postgresql/15/main/postgresql.conf -c data_directory=/srv/restored/main -c port=6001 -c external_pid_file="
    on_zfs.shell(f"{SERVER} -D /srv/restored/main -l /tmp/restored.log -o '{options}' start >/dev/null")
    try:
        there = "runuser -u postgres -- psql -XAtq -p 6001 -c"
        assert on_zfs.shell(f'{there} "SELECT (SELECT count(*) FROM blocks), (SELECT count(*) FROM distant)"').out.strip() == f"{ROWS}|777"
        assert on_zfs.shell(f'{there} "SELECT count(*) FROM pg_tables WHERE tablename = \'later\'"').out.strip() == "0"
        assert on_zfs.shell(f"{there} 'SHOW data_directory'").out.strip() == "/srv/restored/main"
    finally:
        on_zfs.shell(f"{SERVER} -D /srv/restored/main -m fast stop >/dev/null")
    again = on_zfs.kastune("backup", "restore", made["id"], "--to", "/srv/restored", "--yes")
    assert again.status == 4 and "not empty" in again.err, again
    create(on_zfs)
    pruned = on_zfs.kastune("backup", "prune", "--keep", "1", "--yes")
    assert pruned.status == 3 and "is still needed by tank/kastune-restored-" in " ".join(pruned.out.split()), pruned
    listed = on_zfs.kastune("backup", "list", "--json").json["backups"]
    assert [backup["state"] for backup in listed] == ["complete", "complete"] and len(snapshots(on_zfs)) == 6
    for clone in clones(on_zfs):
        on_zfs.shell(f"zfs destroy {clone}")
    assert on_zfs.kastune("backup", "prune", "--keep", "1", "--yes").status == 0
    assert len(snapshots(on_zfs)) == 3 and made["snapshot"] not in " ".join(snapshots(on_zfs))
    on_zfs.sql("DROP TABLE later")


def test_killed_while_it_is_made_no_snapshot_is_left_or_offered(on_zfs):
    on_zfs.kastune("backup", "create", "configuration", check=True)  # the first one also makes the state database
    on_zfs.shell("rm -f /tmp/points; KASTUNE_CRASH_LIST=/tmp/points kastune backup create zfs --quiet")
    points = [line.split(" ", 1) for line in on_zfs.shell("cat /tmp/points").out.splitlines()]
    good = snapshots(on_zfs)
    for wanted in ("backup: before the snapshots", "backup: snapshots are made", "backup: written, not complete"):
        number = next(number for number, name in points if name == wanted)
        killed = on_zfs.shell(f"KASTUNE_CRASH_AT={number} kastune backup create zfs", check=False)
        assert killed.status in (137, -9), killed
        newest = on_zfs.kastune("backup", "list", "--json").json["backups"][0]
        assert newest["state"] == "interrupted" and on_zfs.kastune("backup", "verify", newest["id"]).status != 0
        assert (len(snapshots(on_zfs)) > len(good)) == (wanted != "backup: before the snapshots")
        assert on_zfs.kastune("backup", "prune", "--yes").status == 0
        assert snapshots(on_zfs) == good
        assert [backup["state"] for backup in on_zfs.kastune("backup", "list", "--json").json["backups"]] == ["complete"] * 2


def test_snapshot_that_is_gone_is_said_and_one_whose_dataset_was_renamed_is_found(on_zfs):
    made = create(on_zfs)
    on_zfs.shell("zfs rename -u tank/space tank/elsewhere")
    try:
        assert on_zfs.kastune("backup", "verify").status == 0
    finally:
        on_zfs.shell("zfs rename -u tank/elsewhere tank/space")
    on_zfs.shell(f"zfs release kastune tank/space@{made['snapshot']}; zfs destroy tank/space@{made['snapshot']}")
    gone = on_zfs.kastune("backup", "verify")
    assert gone.status == 1 and f"tank/space@{made['snapshot']} is gone" in gone.err, gone
    refused = on_zfs.kastune("backup", "restore", made["id"], "--to", "/srv/restored", "--yes")
    assert refused.status == 1 and clones(on_zfs) == [], refused


def test_files_that_a_snapshot_would_lack_are_refused(on_zfs):
    on_zfs.shell(f"""systemctl stop {UNIT}; mv /srv/pg/main/pg_xact /var/tmp/xact; ln -s /var/tmp/xact /srv/pg/main/pg_xact
                     systemctl start {UNIT}""")
    try:
        refused = on_zfs.kastune("backup", "create", "zfs")
        assert refused.status == 5 and "pg_xact lies in another file system" in refused.err, refused
    finally:
        on_zfs.shell(f"""systemctl stop {UNIT}; rm /srv/pg/main/pg_xact; mv /var/tmp/xact /srv/pg/main/pg_xact
                         systemctl start {UNIT}""")
    assert snapshots(on_zfs) == []
