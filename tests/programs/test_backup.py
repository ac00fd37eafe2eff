"""Backups of real servers: made, verified, started, restored, pruned; interrupted in every way."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.parse

import pytest

from conftest import BUILD, DEBIAN, MATRIX, SERVER_USER, as_server_user, binaries, in_terminal, wait_for

ROWS = 20000


@pytest.fixture
def filled(make_server):
    server = make_server()
    server.sql(f"CREATE TABLE blocks AS SELECT sha256(i::text::bytea) AS hash, i AS daa FROM generate_series(1, {ROWS}) i;"
               "CREATE TABLE vars (key text PRIMARY KEY, value text); INSERT INTO vars VALUES ('one', '1');"
               "CREATE ROLE kaspa LOGIN; ALTER TABLE blocks OWNER TO kaspa; ANALYZE")
    return server


def backups(server, *more):
    return server.kastune("backup", "list", "--json", *more).json["backups"]


def create(server, *args):
    answer = server.kastune("backup", "create", *args, "--json")
    assert answer.status == 0, answer
    return answer.json["backup"]


def start_on(server, folder, port):
    """A server on a restored directory, by hand as docs/backups.md says."""
    log = server.base / "restored-log"
    subprocess.run(as_server_user(server.bin / "pg_ctl", "-D", folder, "-l", log, "-w", "-o", f"-p {port}", "start"), cwd="/",
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=60)


def ask(server, port, sql, database="postgres"):
    done = subprocess.run(["psql", "-XAtq", "-p", str(port), "-d", database, "-c", sql], env=server.env, capture_output=True, text=True, timeout=60)
    return done.stdout.strip() or done.stderr


# ---------------------------------------------------------------------------------------------------------- each kind


@pytest.mark.parametrize("compress", [None, "zstd:1", "lz4", "gzip:1", "none"])
def test_physical_backup_restores_whole_with_each_compression(filled, compress):
    made = create(filled, "physical", "--count", *(["--compress", compress] if compress else []))
    assert made["state"] == "complete" and made["kind"] == "physical" and made["n_tables"] == 2
    tested = filled.kastune("backup", "verify", made["id"], "--restore-test", "--json")
    assert tested.status == 0, tested
    assert {t["name"]: t["counted"] for t in tested.json["tables"]} == {"blocks": ROWS, "vars": 1}
    assert all(t["exact"] for t in tested.json["tables"])
    restored = filled.kastune("backup", "restore", made["id"], "--to", filled.base / "restored", "--yes")
    assert restored.status == 0, restored
    start_on(filled, filled.base / "restored", 6001)
    try:
        assert ask(filled, 6001, "SELECT count(*), (SELECT value FROM vars) FROM blocks") == f"{ROWS}|1"
    finally:
        filled.run("pg_ctl", "-D", filled.base / "restored", "-m", "immediate", "stop")


def test_rows_written_meanwhile_fit_what_was_recorded(filled):
    made = create(filled, "physical")
    filled.sql("TRUNCATE blocks")
    assert filled.kastune("backup", "verify", made["id"], "--restore-test").status == 0


def test_logical_backup_restores_into_a_new_database(filled):
    made = create(filled, "logical", "--count", "--jobs", "2")
    assert made["database"] == "postgres"
    tested = filled.kastune("backup", "verify", made["id"], "--restore-test", "--json")
    assert tested.status == 0, tested
    assert {t["name"]: t["counted"] for t in tested.json["tables"]} == {"blocks": ROWS, "vars": 1}
    restored = filled.kastune("backup", "restore", made["id"], "--database", "copy", "--yes")
    assert restored.status == 0, restored
    assert ask(filled, 5432, "SELECT count(*) FROM blocks", "copy") == str(ROWS)
    assert ask(filled, 5432, "SELECT tableowner FROM pg_tables WHERE tablename = 'blocks'", "copy") == "kaspa"


def test_logical_restore_refuses_what_is_not_empty(filled):
    made = create(filled, "logical")
    refused = filled.kastune("backup", "restore", made["id"], "--yes")
    assert refused.status == 4 and "not empty" in refused.err
    assert filled.sql("SELECT count(*) FROM blocks") == str(ROWS)


def test_logical_restore_into_another_server_makes_its_roles_when_asked(filled, make_server):
    made, other = create(filled, "logical"), make_server()
    place = pathlib.Path(made["folder"]).parent
    refused = other.kastune("backup", "restore", made["id"], "--from", place, "--database", "kaspa", "--yes")
    assert refused.status == 4 and "kaspa" in refused.err, refused
    assert other.sql("SELECT count(*) FROM pg_database WHERE datname = 'kaspa'") == "0"
    restored = other.kastune("backup", "restore", made["id"], "--from", place, "--database", "kaspa", "--globals", "--yes")
    assert restored.status == 0, restored
    assert ask(other, 5432, "SELECT count(*) FROM blocks", "kaspa") == str(ROWS)


def test_configuration_comes_back_with_the_server_down(filled):
    filled.sql("ALTER SYSTEM SET work_mem = '7MB'")
    filled.sql("ALTER TABLE blocks SET (fillfactor = 77); ALTER ROLE kaspa SET work_mem = '3MB'")
    made = create(filled, "configuration")
    facts = json.loads((pathlib.Path(made["folder"]) / "server.json").read_text())
    assert "kaspa" in [role["name"] for role in facts["roles"]] and facts["extensions"]
    assert [row["options"] for row in facts["table_options"] if row["name"] == "blocks"] == ["{fillfactor=77}"], facts
    assert [row["value"] for row in facts["role_settings"] if (row["role"], row["name"]) == ("kaspa", "work_mem")] == ["3MB"], facts
    kept = {file.name for file in (pathlib.Path(made["folder"]) / "files").rglob("*.conf")}
    assert {"postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"} <= kept, kept
    assert filled.kastune("backup", "verify", made["id"], "--restore-test").status == 0
    filled.stop()
    (filled.data / "postgresql.conf").write_text("this is not a setting\n")
    restored = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes", "--json")
    assert restored.status == 0, restored
    filled.start()
    assert filled.setting("work_mem") == "7MB"
    safety = pathlib.Path(made["folder"]).parent / restored.json["safety_copy"] / "files" / str(filled.data / "postgresql.conf")[1:]
    assert safety.read_text() == "this is not a setting\n"
    listed = filled.kastune("backup", "list", env={"COLUMNS": "80"})
    lines = listed.out.splitlines()
    assert lines[0].startswith("Backups of postgres@") and lines[-1].endswith(made["id"]) and "what stood there" in listed.out, listed
    assert max(map(len, lines)) <= 80, listed


def test_restore_in_place_is_a_change_set_that_goes_back(filled):
    made = create(filled, "physical")
    filled.sql("DROP TABLE blocks")
    restored = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes", "--json")
    assert restored.status == 0, restored
    assert filled.sql("SELECT count(*) FROM blocks") == str(ROWS)
    assert pathlib.Path(restored.json["replaced"]).is_dir()
    undone = filled.kastune("undo", "--yes")
    assert undone.status == 0, undone
    assert filled.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'blocks'") == "0"


def test_restore_in_place_goes_back_when_nobody_confirms(filled):
    made = create(filled, "physical")
    filled.sql("DROP TABLE blocks")
    restored = filled.kastune("backup", "restore", made["id"], "--in-place", "--confirm-within", "1s", "--yes")
    assert restored.status == 1, restored
    assert filled.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'blocks'") == "0"


def test_restore_in_place_refuses_a_log_that_lies_elsewhere(make_server):
    server = make_server(initdb=())
    made = create(server, "physical")
    server.stop()
    shutil.move(server.data / "pg_wal", server.base / "wal")
    (server.data / "pg_wal").symlink_to(server.base / "wal")
    server.start()
    refused = server.kastune("backup", "restore", made["id"], "--in-place", "--yes")
    assert refused.status == 5 and "pg_wal" in refused.err, refused
    assert server.running


def test_second_restore_in_place_leaves_the_first_ones_files_alone(filled):
    made = create(filled, "physical")
    first = filled.base / f"data.restored-{made['id']}" / "base"
    first.mkdir(parents=True)
    name = urllib.parse.quote("restore " + made["server"]["id"], safe="")
    with open(filled.state / f"lock-{name}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes")
        assert refused.status == 4 and "another kastune" in refused.err, refused
    assert first.is_dir()


def test_restore_whose_former_directory_is_gone_is_not_called_undone(filled):
    made = create(filled, "physical")
    restored = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes", "--json")
    assert restored.status == 0, restored
    shutil.rmtree(restored.json["replaced"])
    with sqlite3.connect(filled.state / "state.db") as db:  # as if nobody had confirmed it in time
        db.execute("UPDATE change_set SET state = 'waiting', confirm_within = 1, waiting_since = 1, waiting_boot = ''")
    filled.kastune("status")
    change = filled.kastune("history", "--json").json["changes"][0]
    assert change["state"] == "stuck" and "is gone" in change["reason"], change
    assert filled.running


def point_at(listed, wanted):
    """The number of the point, of what is written to the journal that of its commit."""
    lines = [line.split(" ", 1) for line in listed.read_text().splitlines()]
    found = next(i for i, (_, name) in enumerate(lines) if wanted in name)
    return next(number for number, name in lines[found:] if not wanted.startswith("journal:") or name == "state: committed")


@pytest.mark.parametrize("where", ["journal: step applying", "{data} renamed", "{data}.restored-{id} renamed", "runner: step 1 applied"])
def test_restore_in_place_is_carried_out_after_a_kill(filled, where):
    made, listed = create(filled, "physical"), filled.base / "points"
    filled.sql("CREATE TABLE later ()")
    words = ("backup", "restore", made["id"], "--in-place", "--yes")
    for listing in ({}, {"KASTUNE_CRASH_LIST": str(listed)}):  # the first one also makes the tables of the journal
        assert filled.kastune(*words, env=listing).status == 0 and filled.kastune("undo", "--yes").status == 0
        for left in filled.base.glob("data.*"):
            shutil.rmtree(left)
    wanted = where.format(data=filled.data, id=made["id"])
    assert filled.kastune(*words, env={"KASTUNE_CRASH_AT": point_at(listed, wanted)}).status == -9
    resumed = filled.kastune("resume", "--yes")
    assert resumed.status == 0, resumed
    assert filled.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'later'") == "0"
    assert filled.kastune("undo", "--yes").status == 0
    assert filled.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'later'") == "1"


def test_undo_starts_a_server_that_is_just_shutting_down(filled):
    made, listed = create(filled, "physical"), filled.base / "points"
    words = ("backup", "restore", made["id"], "--in-place", "--yes")
    for listing in ({}, {"KASTUNE_CRASH_LIST": str(listed)}):
        assert filled.kastune(*words, env=listing).status == 0 and filled.kastune("undo", "--yes").status == 0
    assert filled.kastune(*words, env={"KASTUNE_CRASH_AT": point_at(listed, "journal: step applying")}).status == -9
    change = filled.kastune("history", "--json").json["changes"][0]["id"]
    busy = subprocess.Popen(["psql", "-XAtqc", "SELECT pg_sleep(600)"], env=filled.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    wait_for(lambda: filled.sql("SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'") == "1")
    session = int(filled.sql("SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'"))
    filled.run("pg_ctl", "-D", filled.data, "-m", "smart", "-W", "stop")
    undo = subprocess.Popen([BUILD / "src/kastune", "undo", str(change), "--yes", "--state", filled.state], env=filled.env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(1)  # long enough to find it shutting down; one that finds it gone has less to do
    os.kill(session, signal.SIGTERM)
    out, _ = undo.communicate(timeout=120)
    busy.wait()
    assert undo.returncode == 0 and filled.sql("SELECT count(*) FROM blocks") == str(ROWS), out


def test_configuration_of_another_cluster_overwrites_nothing(filled):
    made = create(filled, "configuration")
    manifest = pathlib.Path(made["folder"]) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(made["server"]["system_identifier"], "7000000000000000001"))
    with open(filled.data / "postgresql.conf", "a") as f:
        f.write("# newer\n")
    refused = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes")
    assert refused.status == 4 and "another cluster" in refused.err, refused
    assert (filled.data / "postgresql.conf").read_text().endswith("# newer\n")


def test_another_clusters_backup_takes_nobodys_place(filled, make_server):
    made, other = create(filled, "physical"), make_server()
    refused = other.kastune("backup", "restore", made["id"], "--from", pathlib.Path(made["folder"]).parent, "--in-place", "--yes")
    assert refused.status == 4 and "another cluster" in refused.err, refused


def test_tablespaces_come_to_lie_beside_the_restored_directory(filled):
    space = filled.base / "space"
    space.mkdir()
    if os.geteuid() == 0:
        shutil.chown(space, SERVER_USER)
    filled.sql(f"CREATE TABLESPACE far LOCATION '{space}'")
    filled.sql("CREATE TABLE distant TABLESPACE far AS SELECT generate_series(1, 777) AS n")
    made = create(filled, "physical", "--count")
    before = sorted(p.name for p in space.rglob("*"))
    tested = filled.kastune("backup", "verify", made["id"], "--restore-test", "--json")
    assert tested.status == 0 and {t["name"]: t["counted"] for t in tested.json["tables"]}["distant"] == 777, tested
    restored = filled.kastune("backup", "restore", made["id"], "--to", filled.base / "restored", "--yes", "--json")
    assert restored.status == 0, restored
    start_on(filled, filled.base / "restored", 6001)
    try:
        filled.sql("DROP TABLE distant")
        assert ask(filled, 6001, "SELECT count(*) FROM distant") == "777"
        assert str(filled.base / "restored.tablespaces") in ask(filled, 6001, "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'far'")
    finally:
        filled.run("pg_ctl", "-D", filled.base / "restored", "-m", "immediate", "stop")
    assert set(p.name for p in space.rglob("*")) <= set(before)
    shutil.move(filled.base / "restored", filled.base / "elsewhere")  # its tablespaces stay where they are
    again = filled.kastune("backup", "restore", made["id"], "--to", filled.base / "restored", "--yes")
    assert again.status == 4 and "restored.tablespaces is not empty" in again.err, again
    assert list((filled.base / "restored.tablespaces").iterdir())
    refused = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes")
    assert refused.status == 5 and "tablespaces" in refused.err, refused


@pytest.mark.parametrize("version", [v for v in binaries() if not (DEBIAN / str(v)).exists()])
def test_servers_of_each_version_are_backed_up(make_server, version):
    """By their own programs (16, 18), or newer ones: for 13 and 14 Debian's, for 17 those of 18, found in PATH. Only what such a one has
    copied of 17 cannot be verified by it."""
    server = make_server(version=version)
    server.sql("CREATE TABLE one AS SELECT generate_series(1, 100) AS n")
    newer = {"PATH": f"{MATRIX}/18/bin:{os.environ['PATH']}"}
    for kind, program in (("physical", "pg_basebackup"), ("logical", "pg_dump")):
        env = {}
        if version == 17:
            env = newer
            missing = server.kastune("backup", "create", kind)
            assert missing.status == 5 and f"no {program} of PostgreSQL 17 or newer" in missing.err, missing
            assert f"{server.bin}, /usr/lib/postgresql/17/bin to" in missing.err and "apt-get install postgresql-client-17" in missing.err
        answer = server.kastune("backup", "create", kind, "--count", "--json", env=env)
        assert answer.status == 0, answer
        made = answer.json["backup"]
        tested = server.kastune("backup", "verify", made["id"], "--restore-test", "--json", env=env)
        if version == 17 and kind == "physical":
            assert tested.status == 5 and "its own pg_verifybackup" in tested.out and f"{MATRIX}/18/bin is of PostgreSQL 18" in tested.out, tested
            continue
        assert tested.status == 0 and tested.json["rows"] == 100, tested
        words = ("--to", server.base / "restored") if kind == "physical" else ("--database", "copy")
        restored = server.kastune("backup", "restore", made["id"], *words, "--yes", env=env)
        assert restored.status == 0, restored
        if kind == "physical":
            start_on(server, server.base / "restored", 6001)
            assert ask(server, 6001, "SELECT sum(n) FROM one") == "5050"
            server.run("pg_ctl", "-D", server.base / "restored", "-m", "immediate", "stop")
        else:
            assert ask(server, 5432, "SELECT sum(n) FROM one", "copy") == "5050"


def test_pgbackrest_backup_is_made_started_restored_and_removed(filled):
    repository, conf = filled.base / "repository", filled.base / "pgbackrest.conf"
    for name in ("repository", "spool", "rest-log"):
        (filled.base / name).mkdir()
        if os.geteuid() == 0:
            shutil.chown(filled.base / name, SERVER_USER)
    conf.write_text(f"[global]\nrepo1-path={repository}\nspool-path={filled.base}/spool\nlock-path={filled.base}/spool\nlog-path={filled.base}/rest-log\n"
                    f"[main]\npg1-path={filled.data}\npg1-socket-path={filled.base}\npg1-user=postgres\n")
    env = {"PGBACKREST_CONFIG": str(conf)}
    without = filled.kastune("backup", "create", "pgbackrest", env=env)
    assert without.status == 5 and "stanza" in without.err, without
    filled.sql("ALTER SYSTEM SET archive_mode = on")
    filled.sql(f"ALTER SYSTEM SET archive_command = 'pgbackrest --config={conf} --stanza=main archive-push %p'")
    filled.stop()
    filled.start()
    subprocess.run(as_server_user("pgbackrest", f"--config={conf}", "--stanza=main", "stanza-create"), check=True, capture_output=True, cwd="/", timeout=60)
    answer = filled.kastune("backup", "create", "pgbackrest", "--count", "--json", env=env)
    assert answer.status == 0, answer
    made = answer.json["backup"]
    assert made["stanza"] == "main" and made["type"] == "full"
    tested = filled.kastune("backup", "verify", made["id"], "--restore-test", "--json", env=env)
    assert tested.status == 0 and {t["name"]: t["counted"] for t in tested.json["tables"]} == {"blocks": ROWS, "vars": 1}, tested
    restored = filled.kastune("backup", "restore", made["id"], "--to", filled.base / "restored", "--yes", env=env)
    assert restored.status == 0, restored
    assert (filled.base / "restored/PG_VERSION").exists()
    second = filled.kastune("backup", "create", "pgbackrest", "--json", env=env).json["backup"]
    assert second["type"] == "incr"
    assert filled.kastune("backup", "verify", second["id"], env=env).status == 0
    pruned = filled.kastune("backup", "prune", "--keep", "1", "--yes", env=env)
    assert pruned.status == 3 and "builds on" in pruned.out, pruned
    next(repository.glob("backup/main/*/pg_data/base/*/*.gz")).write_bytes(b"damaged")
    damaged = filled.kastune("backup", "verify", made["id"], env=env)
    assert damaged.status == 1 and "damaged" in damaged.err, damaged


# -------------------------------------------------------------------------------------------------------- damage, space


def test_damage_is_found(filled):
    made = create(filled, "physical", "--compress", "none")
    base = pathlib.Path(made["folder"]) / "data/base.tar"
    text = bytearray(base.read_bytes())
    middle = len(text) // 2
    text[middle:middle + 64] = bytes(64 * [0x5A])
    base.write_bytes(text)
    found = filled.kastune("backup", "verify", made["id"])
    assert found.status == 1 and "damaged" in found.err, found
    dump = create(filled, "logical")
    part = next((pathlib.Path(dump["folder"]) / "dump").glob("*.dat.gz"))
    part.write_bytes(part.read_bytes()[:-1])
    found = filled.kastune("backup", "verify", dump["id"])
    assert found.status == 1 and part.name in found.err and "bytes instead of" in found.err, found


def test_a_backup_that_lacks_rows_fails_its_restore_test(filled):
    made = create(filled, "physical", "--count")
    manifest = pathlib.Path(made["folder"]) / "manifest.json"
    document = json.loads(manifest.read_text())
    for table in document["tables"]:
        table["low"] += 1
        table["high"] += 1
    manifest.write_text(json.dumps(document))
    failed = filled.kastune("backup", "verify", made["id"], "--restore-test")
    assert failed.status == 1 and "rows, but" in failed.err, failed


@pytest.fixture
def small_disk(filled):
    """A file system of 24 MB."""
    place = filled.base / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True).returncode != 0:
        pytest.skip("needs root, to mount a small file system")
    place.chmod(0o711)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_too_little_room_is_refused_with_the_numbers(filled, small_disk):
    refused = filled.kastune("backup", "create", "physical", "--to", small_disk)
    assert refused.status == 1 and "needs up to" in refused.err and "there are 24" in refused.err, refused
    assert backups(filled, "--from", small_disk) == []


def test_disk_that_fills_up_leaves_no_half_backup(filled, small_disk):
    for kind, rows in (("physical", ROWS), ("logical", 1200000)):
        filled.sql(f"INSERT INTO blocks SELECT sha256(i::text::bytea), i FROM generate_series({ROWS}, {rows}) i")
        failed = filled.kastune("backup", "create", kind, "--to", small_disk, "--no-space-check", "--compress", "none" if kind == "physical" else "gzip:1")
        assert failed.status == 1 and "full" in failed.err, failed
    listed = backups(filled, "--from", small_disk)
    assert [b["state"] for b in listed] == ["failed", "failed"] and all("full" in b["reason"] for b in listed)
    assert sum(f.stat().st_size for f in small_disk.rglob("*") if f.is_file()) < 1000000
    refused = filled.kastune("backup", "restore", listed[0]["id"], "--from", small_disk, "--to", filled.base / "x", "--yes")
    assert refused.status != 0
    assert filled.kastune("backup", "prune", "--from", small_disk, "--yes").status == 0
    assert backups(filled, "--from", small_disk) == []


# ---------------------------------------------------------------------------------------------------------- interrupted


def begin(server, *args, **env):
    return subprocess.Popen([BUILD / "src/kastune", "backup", *map(str, args), "--state", str(server.state)], env={**server.env, **env},
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def slow(filled):
    """A base backup waits for a checkpoint that takes its time, a dump for a lock."""
    filled.sql("ALTER SYSTEM SET checkpoint_timeout = '1h'")
    filled.sql("SELECT pg_reload_conf()")
    blocker = subprocess.Popen(["psql", "-XAtq"], env=filled.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    blocker.stdin.write("BEGIN; LOCK TABLE blocks IN ACCESS EXCLUSIVE MODE;\n\\echo held\n")
    blocker.stdin.flush()
    assert blocker.stdout.readline().strip() == "held"
    yield filled
    blocker.stdin.close()
    blocker.wait(timeout=10)


BEGUN = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'kastune 2%'"


def programs_of(server):
    """Arguments of pg_basebackup and pg_dump that connect to this server."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if str(server.base).encode() in line and (b"pg_basebackup" in line or b"pg_dump" in line):
            found.append(line)
    return found


def interrupt(server, kind, how):
    process = begin(server, "create", kind, *(["--spread"] if kind == "physical" else []))
    wait_for(lambda: server.sql(BEGUN) != "0")
    how(process, server)
    process.communicate(timeout=30)
    return process.returncode


@pytest.mark.parametrize("kind", ["physical", "logical"])
def test_ctrl_c_leaves_a_failed_backup_without_content(slow, kind):
    slow.sql("INSERT INTO vars SELECT i::text, repeat('x', 2000) FROM generate_series(1, 3000) i")
    assert interrupt(slow, kind, lambda process, _: process.send_signal(signal.SIGINT)) == 130
    assert not programs_of(slow)
    listed = backups(slow)
    assert [b["state"] for b in listed] == ["failed"] and "interrupted" in listed[0]["reason"]
    assert sorted(p.name for p in pathlib.Path(listed[0]["folder"]).iterdir()) == ["lock", "manifest.json"]


@pytest.mark.parametrize("kind", ["physical", "logical"])
def test_kill_9_leaves_an_interrupted_backup_that_is_never_offered(slow, kind):
    slow.sql("INSERT INTO vars SELECT i::text, repeat('x', 2000) FROM generate_series(1, 3000) i")
    assert interrupt(slow, kind, lambda process, _: process.kill()) == -9
    wait_for(lambda: not programs_of(slow))  # they end with it
    listed = backups(slow)
    assert [b["state"] for b in listed] == ["interrupted"]
    assert slow.kastune("backup", "verify").status == 1
    assert slow.kastune("backup", "restore", listed[0]["id"], "--to", slow.base / "x", "--yes").status != 0
    create(slow, "configuration")
    after = {b["kind"]: b for b in backups(slow)}
    assert after[kind]["state"] == "failed" and "in the middle" in after[kind]["reason"]
    assert sorted(p.name for p in pathlib.Path(after[kind]["folder"]).iterdir()) == ["lock", "manifest.json"]


def test_lost_connection_leaves_a_failed_backup(slow):
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'kastune 2%'"
    assert interrupt(slow, "logical", lambda _, server: server.sql(end)) == 1
    assert [b["state"] for b in backups(slow)] == ["failed"]


def test_folder_removed_in_the_middle_is_no_backup(slow):
    assert interrupt(slow, "physical", lambda _, server: (shutil.rmtree(server.state / "backups"), server.sql("CHECKPOINT"))) == 1
    assert backups(slow) == []


def test_killed_at_every_write_no_half_backup_is_offered(filled):
    for point in range(1, 200):
        place = filled.base / f"at-{point}"
        done = filled.kastune("backup", "create", "configuration", "--to", place, env={"KASTUNE_CRASH_AT": str(point)})
        if done.status == 0:
            break
        assert done.status == -9, done
        for backup in backups(filled, "--from", place):
            verified = filled.kastune("backup", "verify", backup["id"], "--from", place)
            assert (verified.status == 0) == (backup["state"] == "complete"), (point, backup, verified)
        assert filled.kastune("backup", "prune", "--from", place, "--yes").status == 0
        assert all(b["state"] == "complete" for b in backups(filled, "--from", place))
    assert 20 <= point < 199


def test_killed_at_any_point_of_a_restore_in_place_the_server_is_as_before_or_restored(filled):
    made = create(filled, "physical")
    filled.sql("CREATE TABLE later ()")
    before = []
    for point in range(1, 200):
        done = filled.kastune("backup", "restore", made["id"], "--in-place", "--yes", env={"KASTUNE_CRASH_AT": str(point)})
        if done.status == 0:
            break
        assert done.status == -9, done
        status = filled.kastune("status", "--json").json
        if "unfinished" in status:
            undone = filled.kastune("undo", str(status["unfinished"]["id"]), "--yes")
            assert undone.status == 0, (point, undone)
        before.append(filled.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'later'") == "1")
        if not before[-1]:
            assert filled.kastune("undo", "--yes").status == 0
        for left in filled.base.glob("data.*"):
            shutil.rmtree(left)
    assert before[0] and before.count(False) <= 2 and len(before) >= 10


# ------------------------------------------------------------------------------------------------- catalogue, retention


def test_backups_outlive_the_state_database(filled):
    made = create(filled, "physical")
    for file in filled.state.glob("state.db*"):
        file.unlink()
    assert [b["id"] for b in backups(filled)] == [made["id"]]
    assert filled.kastune("backup", "verify", "latest").status == 0


def test_prune_keeps_the_last_good_one_and_what_a_change_set_needs(filled):
    applied = filled.kastune("apply", "--yes", "--no-try", "--no-restart", "--json")
    assert applied.status == 0, applied
    needed = next(s["args"]["folder"] for s in applied.json["change"]["steps"] if s["kind"] == "configuration-backup").rsplit("/", 1)[1]
    made = [create(filled, "configuration")["id"] for _ in range(3)]
    shown = filled.kastune("backup", "prune", "--keep", "1", "--dry-run", "--json").json
    assert {b["id"] for b in shown["backups"] if b["remove"]} == set(made[:2])
    assert len(backups(filled)) == 4
    pruned = filled.kastune("backup", "prune", "--keep", "1", "--yes")
    assert pruned.status == 0, pruned
    assert {b["id"] for b in backups(filled)} == {needed, made[2]}
    assert filled.kastune("backup", "prune", "--older-than", "1ms", "--larger-than", "1", "--yes").status == 0
    assert {b["id"] for b in backups(filled)} == {needed, made[2]}


def test_prune_judges_again_after_the_answer(filled):
    old, new = (create(filled, "configuration") for _ in range(2))

    def answer():
        shutil.rmtree(pathlib.Path(new["folder"]))
        return b"y\n"

    status, shown = in_terminal(filled, answer, "backup", "prune", "--keep", "1")
    assert status == 0 and "Go on?" in shown, shown
    assert [b["id"] for b in backups(filled)] == [old["id"]]


def test_a_pipe_in_the_place_of_a_manifest_is_passed_over(filled):
    made = create(filled, "configuration")
    strange = pathlib.Path(made["folder"]).parent / "strange"
    strange.mkdir()
    os.mkfifo(strange / "manifest.json")
    assert [b["id"] for b in backups(filled)] == [made["id"]]


def test_apply_begins_with_a_backup_unless_told_not_to(filled):
    steps = filled.kastune("plan", "--no-try", "--json").json["plan"]["steps"]
    assert steps[0]["kind"] == "configuration-backup"
    steps = filled.kastune("plan", "--no-try", "--no-backup", "--json").json["plan"]["steps"]
    assert "configuration-backup" not in [s["kind"] for s in steps]


def test_dry_run_says_what_it_would_take(filled):
    shown = filled.kastune("backup", "create", "--dry-run", "--json").json
    assert shown["room"]["source_bytes"] > 1000000 and shown["room"]["fits"] and backups(filled) == []


# ------------------------------------------------------------------------------------------------------------- secrets


def test_password_is_in_no_argument_list_and_no_manifest(make_server):
    secret = "hunter2-and-more"
    server = make_server(conf="password_encryption = 'scram-sha-256'")
    server.sql(f"CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '{secret}'")
    server.sql("CREATE TABLE one AS SELECT generate_series(1, 10) AS n")
    (server.data / "pg_hba.conf").write_text("local all postgres trust\nlocal replication postgres trust\nlocal all keeper scram-sha-256\nlocal replication keeper scram-sha-256\n")
    server.sql("SELECT pg_reload_conf()")
    for kind in ("physical", "logical"):
        process = begin(server, "create", kind, "--json", "--dsn", f"host={server.base} dbname=postgres user=keeper password={secret}")
        arguments = set()
        while process.poll() is None:
            arguments.update(programs_of(server))
        out, err = process.communicate()
        assert process.returncode == 0, out + err
        assert arguments and not any(secret.encode() in line for line in arguments)
    for file in (server.state / "backups").rglob("*.json"):
        assert secret not in file.read_text()
    assert secret not in server.log.read_text()
