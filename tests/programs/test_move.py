"""A live cluster moves to another directory and back, under the load of an indexer: no row is lost, and the interruption is the rest of
the log, whatever the size. A crash or a kill at any instant leaves one of the two places running with every row, never both."""
import json
import os
import shutil
import signal
import subprocess
import threading

import pytest

from conftest import BUILD, SERVER_USER, as_server_user, wait_for
from test_faults import at_line, started

SIM = BUILD / "src/kaspa-sim"
SEGMENT = 16 << 20


def is_of_the_move(name):
    """After which something is other than before, for whoever comes next."""
    return name.startswith(("move:", "place:", "runner: step 1 applied", "runner: step 1 undone")) or "standby.signal: before removal" in name


class Load:
    """kaspa-sim as a supervisor runs an indexer: when it ends because the server was away, it is started again."""

    def __init__(self, server):
        self.server, self.over, self.starts = server, threading.Event(), 0
        self.process = None
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._supervise)
        self.thread.start()

    def _supervise(self):
        while not self.over.is_set():
            with self.lock:
                if self.over.is_set():
                    return
                self.process = subprocess.Popen([SIM, "run", "-d", "dbname=kaspa", "--tps", "200", "--duration", "10min", "--quiet"],
                                                env=self.server.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.starts += 1
            self.process.wait()
            self.over.wait(0.2)

    def end(self):
        """Cleanly, so that what it wrote can be counted."""
        with self.lock:
            self.over.set()
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
        self.thread.join()


def sim(server, *words, timeout=300):
    return subprocess.run([SIM, *words, "-d", "dbname=kaspa", "--json"], env=server.env, capture_output=True, text=True, timeout=timeout)


def fill(server, transactions):
    server.sql("CREATE DATABASE kaspa")
    done = sim(server, "fill", "--transactions", str(transactions), "--sort-memory", "32M", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


class Witness:
    """One session that commits a number after the other, and knows which of them the server has acknowledged. kaspa-sim would not miss
    its last rows together with its checkpoint: it would write them again."""

    def __init__(self, server):
        self.server, self.acknowledged, self.over = server, 0, threading.Event()
        server.sql("CREATE TABLE witness (n bigint PRIMARY KEY)")
        self.thread = threading.Thread(target=self._go_on)
        self.thread.start()

    def _go_on(self):
        while not self.over.is_set():
            with subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], env=self.server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, bufsize=1) as psql:
                try:
                    self._commit(psql)
                    psql.stdin.close()
                except BrokenPipeError:
                    pass
            self.over.wait(0.05)

    def _commit(self, psql):
        psql.stdin.write("SELECT coalesce(max(n), 0) FROM witness;\n")
        last = psql.stdout.readline()
        while last and not self.over.is_set():
            psql.stdin.write(f"INSERT INTO witness VALUES ({int(last) + 1}) RETURNING n;\n")
            last = psql.stdout.readline()
            if last:
                self.acknowledged = int(last)

    def end(self):
        self.over.set()
        self.thread.join()

    def assert_kept(self):
        """All that was acknowledged, without a gap."""
        last, count = map(int, self.server.sql("SELECT max(n), count(*) FROM witness").split("|"))
        assert count == last >= self.acknowledged > 0


def assert_every_row(server):
    """What runs that were cut off had written beyond their checkpoints is first written again."""
    for _ in range(60):
        done = sim(server, "run", "--duration", "2s", "--tps", "200", "--unthrottled", "--quiet")
        assert done.returncode == 0, done.stdout + done.stderr
        check = sim(server, "check")
        tables = json.loads(check.stdout)["tables"]
        assert all(table["rows"] >= table["wanted"] > 0 for table in tables), check.stdout
        if check.returncode == 0:
            return
    raise AssertionError(check.stdout)


def new_place(server, name="place"):
    place = server.base / name
    place.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(place, SERVER_USER, SERVER_USER)
    return place / "pg"


def kept_by(server):
    return sorted(p for p in server.data.parent.glob("data.moved-*"))


def move(server, place, *more, **kwargs):
    return server.kastune("storage", "move", "--to", place, "--yes", "--json", *more, timeout=600, **kwargs)


def undo(server, **kwargs):
    return server.kastune("undo", "--yes", timeout=600, **kwargs)


def listed_points(server, *words):
    """With a journal that is there already, as it is whenever one of them is tried."""
    listing = server.base / "points"
    listing.unlink(missing_ok=True)
    if not kept_by(server) and not (server.base / "first").exists():
        # A change set first, which makes the journal.
        assert server.kastune("storage", "move", "--wal-to", new_place(server, "first"), "--yes", timeout=600).status == 0
        assert undo(server).status == 0
    assert server.kastune(*words, timeout=600, env={"KASTUNE_CRASH_LIST": str(listing)}).status == 0
    points = [line.split(" ", 1) for line in listing.read_text().splitlines()]
    return [(number, name) for number, name in points if is_of_the_move(name)]


def note_in(folder):
    return dict(line.split("=", 1) for line in (folder / "kastune-moved").read_text().splitlines() if "=" in line and line[0] != "#")


def starts(server, folder):
    """Tries to start a server there, as somebody might who does not know."""
    done = server.run("pg_ctl", "-D", folder, "-l", server.base / "other-log", "-o", "-p 5999", "-w", "-t", "30", "start", check=False)
    if done.returncode == 0:
        server.run("pg_ctl", "-D", folder, "-m", "immediate", "stop", check=False)
    return done.returncode == 0


def test_moves_under_load_and_back(server):
    fill(server, 50000)
    place, settings = new_place(server), (server.data / "postgresql.conf").read_bytes()
    load, witness = Load(server), Witness(server)
    try:
        moved = move(server, place)
        assert moved.status == 0, moved
        answer = moved.json
        assert server.data.is_symlink() and os.readlink(server.data) == str(place)
        assert answer["moved"]["caught_up_bytes"] < 4 * SEGMENT, answer
        [kept] = kept_by(server)
        assert answer["kept"] == str(kept) and not starts(server, kept)
        assert server.kastune("status").status == 0
        wait_for(lambda: load.starts > 1)  # or a quick machine is back before it has missed the server
        # What was set meanwhile goes along in both directions.
        server.sql("ALTER SYSTEM SET work_mem = '7MB'")
        back = undo(server)
        assert back.status == 0, back
    finally:
        witness.end()
        load.end()
    assert server.data.is_dir() and not server.data.is_symlink() and kept_by(server) == []
    assert "7MB" in (server.data / "postgresql.auto.conf").read_text()
    assert (server.data / "postgresql.conf").read_bytes() == settings
    assert not (server.data / "standby.signal").exists() and not starts(server, place)
    assert note_in(place)["to"] == str(server.data)
    assert server.sql("SELECT timeline_id FROM pg_control_checkpoint()") == "1"
    witness.assert_kept()
    assert_every_row(server)


def writable(server, place):
    """Places where a server would take writes. A copy that is not complete has its backup_label."""
    found = [server.data.resolve(), place, *kept_by(server)]
    return {p for p in found if (p / "global/pg_control").exists() and not (p / "standby.signal").exists() and not (p / "backup_label").exists()}


def test_the_interruption_does_not_grow_with_the_cluster(make_server):
    sizes, caught_up = [], []
    for transactions in (20000, 200000):
        server = make_server(conf="max_wal_size = 4GB")
        fill(server, transactions)
        sizes.append(int(server.sql("SELECT sum(pg_database_size(oid)) FROM pg_database")))
        load, witness = Load(server), Witness(server)
        try:
            moved = move(server, new_place(server))
        finally:
            witness.end()
            load.end()
        assert moved.status == 0, moved
        caught_up.append(moved.json["moved"]["caught_up_bytes"])
        assert moved.json["moved"]["interruption_ms"] > 0
        witness.assert_kept()
        assert_every_row(server)
    print(f"cluster {sizes}, log caught up while it was away {caught_up}")
    assert sizes[1] > 3 * sizes[0]
    # What is left when the server is told to stop is 16 MB at most, and what it writes until it has ended.
    assert all(0 <= amount < 4 * SEGMENT for amount in caught_up), caught_up
    assert caught_up[1] - caught_up[0] < (sizes[1] - sizes[0]) / 8, (caught_up, sizes)


def test_nothing_written_since_goes_back_without_a_copy(server):
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) n")
    place = new_place(server)
    # A statistics run would be a change.
    server.sql("ALTER SYSTEM SET autovacuum = off")
    assert move(server, place).status == 0
    back = undo(server)
    assert back.status == 0 and "catches up" not in back.err, back
    assert server.sql("SELECT count(*) FROM t") == "1000" and server.data.is_dir() and not server.data.is_symlink()
    assert server.sql("SHOW autovacuum") == "off" and writable(server, place) == {server.data}


@pytest.mark.parametrize("left", ["removed", "too old"])
def test_what_was_left_is_not_needed_to_go_back(make_server, left):
    server = make_server(conf="max_wal_size = 32MB\nmin_wal_size = 32MB")
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) n")
    place = new_place(server)
    assert move(server, place).status == 0
    [kept] = kept_by(server)
    if left == "removed":
        shutil.rmtree(kept)
        server.sql("INSERT INTO t VALUES (0)")
    else:
        for _ in range(4):
            server.sql("INSERT INTO t SELECT n FROM generate_series(1, 200000) n; DELETE FROM t WHERE n > 1000; SELECT pg_switch_wal(); CHECKPOINT")
        server.sql("TRUNCATE t; INSERT INTO t SELECT generate_series(0, 1000)")
    back = undo(server)
    assert back.status == 0, back
    assert server.sql("SELECT count(*) FROM t") == "1001" and server.data.is_dir() and not server.data.is_symlink()
    assert writable(server, place) - set(kept_by(server)) == {server.data}
    assert len(kept_by(server)) == (left == "too old")


def test_a_link_that_was_there_is_turned(server):
    """The data directory of before lay behind a link already."""
    real = server.base / "real"
    server.stop()
    server.data.rename(real)
    server.data.symlink_to(real)
    server.start()
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    assert move(server, place).status == 0
    assert os.readlink(server.data) == str(place) and not real.exists()
    server.sql("INSERT INTO t VALUES (2)")
    assert undo(server).status == 0
    assert os.readlink(server.data) == str(real) and server.sql("SELECT sum(n) FROM t") == "3"
    assert writable(server, place) == {real}


def test_the_log_may_lie_apart(server):
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = new_place(server)
    log = new_place(server, "log-place")
    moved = move(server, place, "--wal-to", log)
    assert moved.status == 0, moved
    assert os.readlink(place / "pg_wal") == str(log)
    server.sql("INSERT INTO t VALUES (2)")
    assert undo(server).status == 0
    assert (server.data / "pg_wal").is_dir() and not (server.data / "pg_wal").is_symlink()
    assert server.sql("SELECT sum(n) FROM t") == "3"


@pytest.mark.parametrize("works", [True, False], ids=["all is archived", "nothing is archived before"])
def test_the_archive_has_neither_gaps_nor_doubles(make_server, works):
    """The file of the log in which the cluster moved is archived once, when it is full, and so is what waited before."""
    server = make_server(conf="archive_mode = on\narchive_command = 'false'\nmin_wal_size = 32MB\nmax_wal_size = 32MB")
    folder = new_place(server, "archive").parent
    command = f"test ! -f {folder}/%f && cp %p {folder}/%f"
    if works:
        server.sql(f"ALTER SYSTEM SET archive_command = '{command}'")
        server.sql("SELECT pg_reload_conf()")
    server.sql("CREATE TABLE t AS SELECT 1 AS n; SELECT pg_switch_wal()")
    assert move(server, new_place(server)).status == 0
    server.sql(f"ALTER SYSTEM SET archive_command = '{command}'")
    server.sql("SELECT pg_reload_conf()")
    for back in (False, True):
        if back:
            assert undo(server).status == 0
        for _ in range(4):
            server.sql("INSERT INTO t VALUES (2); SELECT pg_switch_wal(); CHECKPOINT")
    last = server.sql("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)")
    server.sql("INSERT INTO t VALUES (3); SELECT pg_switch_wal()")
    for _ in range(1200):
        if (folder / last).exists():
            break
        server.sql("SELECT pg_sleep(0.1)")
    files = sorted(name for name in os.listdir(folder) if len(name) == 24)
    assert [int(name[16:], 16) for name in files] == list(range(1, int(last[16:], 16) + 1)), files
    if works:  # tried again, a file is there already, and the archive stands still
        assert server.sql("SELECT failed_count FROM pg_stat_archiver") == "0"


# ------------------------------------------------------------------------------------------------------------ refused


def refused(server, place, *more):
    pid = server.pid
    answer = move(server, place, *more)
    assert server.pid == pid and server.kastune("history", "--json").json["changes"] == [], answer
    error = answer.json["error"]
    return answer.status, error["message"] + " " + error.get("detail", "") + " " + error["hint"]


def test_places_that_cannot_be_used_are_refused(shared_server):
    server = shared_server
    place = new_place(server, "refused")
    place.mkdir()
    (place / "file").touch()
    for target, words in ((place, "not empty"), (server.data / "below", "in the data directory"), (server.base, "lies in it"),
                          (server.base / "absent/below", "is not there"), (place / "file", "no folder")):
        status, said = refused(server, target)
        assert status == 4 and words in said, (target, said)
    assert sorted(os.listdir(place)) == ["file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_place_that_is_too_small_is_refused_with_numbers(server):
    place = new_place(server).parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=20m,mode=700,uid={place.stat().st_uid}", "none", place], check=True)
    try:
        status, said = refused(server, place)
        assert status == 1 and "20" in said and "MB" in said, said
        pid = server.pid
        answer = move(server, place, "--no-space-check")
        assert answer.status == 1 and "as before" in answer.json["error"]["message"], answer
        assert server.pid == pid and os.listdir(place) == []
        assert server.sql("SELECT count(*) FROM pg_replication_slots") == "0"
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_mount_point_cannot_get_another_name(server):
    subprocess.run(["mount", "--bind", server.data, server.data], check=True)
    try:
        # A bind mount of the same file system: only a file system of its own can be told, and the rename then fails before anything else.
        answer = move(server, new_place(server))
        assert answer.status in (1, 5) and server.running, answer
        assert writable(server, server.base / "place/pg") == {server.data}
    finally:
        server.stop()
        subprocess.run(["umount", server.data], check=True)


def test_clusters_that_cannot_be_copied_whole_are_refused(make_server):
    server = make_server()
    place = new_place(server)
    server.sql("CREATE UNLOGGED TABLE u AS SELECT 1")
    status, said = refused(server, place)
    assert status == 5 and "unlogged" in said and "SET LOGGED" in said
    server.sql("DROP TABLE u; SELECT pg_create_physical_replication_slot('mine')")
    status, said = refused(server, place)
    assert status == 5 and "mine" in said
    server.sql("SELECT pg_drop_replication_slot('mine')")
    space = new_place(server, "space")
    space.mkdir()
    if os.geteuid() == 0:
        shutil.chown(space, SERVER_USER)
    server.sql(f"CREATE TABLESPACE s LOCATION '{space}'")
    status, said = refused(server, place)
    assert status == 5 and "tablespaces" in said


def test_a_server_that_sends_no_log_is_refused(make_server):
    server = make_server(conf="wal_level = minimal\nmax_wal_senders = 0")
    status, said = refused(server, new_place(server))
    assert status == 5 and "wal_level = replica" in said


def test_only_shown(server):
    answer = server.kastune("storage", "move", "--to", new_place(server), "--dry-run")
    assert answer.status == 0 and "nothing was moved" in answer.out, answer
    assert not server.data.is_symlink() and server.kastune("history", "--json").json["changes"] == []


def test_slots_and_tablespaces_that_come_meanwhile(server):
    """A tablespace waits, since a copy on the same machine would write into its folder; a slot takes the move back."""
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 100000) n")
    place, space = new_place(server), new_place(server, "space")
    space.mkdir()
    if os.geteuid() == 0:
        shutil.chown(space, SERVER_USER)
    made = []

    def act():
        server.sql("SELECT pg_create_physical_replication_slot('mine')")
        # It waits for a lock until its time is over, or until the server stops.
        made.append(subprocess.run(["psql", "-XAtq", "-c", "SET lock_timeout = '2s'", "-c", f"CREATE TABLESPACE s LOCATION '{space}'"],
                                   env=server.env, capture_output=True, text=True).returncode)

    program = started(server, "storage", "move", "--to", place, "--yes", "--progress")
    said = at_line(program, "verifying every file", act)
    assert program.returncode == 4 and "mine" in said, said
    assert made != [0] and os.listdir(space) == []
    assert server.running and not place.exists() and writable(server, place) == {server.data}
    assert server.sql("SELECT slot_name FROM pg_replication_slots") == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the server's user out of a folder")
def test_a_server_that_does_not_start_there_goes_back(server):
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) n")
    place = new_place(server)
    points = {name: number for number, name in listed_points(server, "storage", "move", "--to", place, "--yes")}
    assert undo(server).status == 0
    shutil.rmtree(place)
    killed = server.kastune("storage", "move", "--to", place, "--yes", timeout=600,
                            env={"KASTUNE_CRASH_AT": points["move: switched"]})
    assert killed.status == -signal.SIGKILL
    place.parent.chmod(0)
    shutil.chown(place.parent, "root", "root")
    resumed = server.kastune("resume", "--yes", timeout=600)
    assert resumed.status == 1, resumed
    assert server.running, resumed
    assert server.sql("SELECT count(*) FROM t") == "1000"
    assert writable(server, place) == {server.data} and server.kastune("history", "--json").json["changes"][0]["state"] == "undone"


# ------------------------------------------------------------------------------------------------------- sudden deaths


@pytest.mark.parametrize("who, when", [("server", "copying"), ("server", "verifying every file"), ("copy", "checkpoints of the server")])
def test_a_server_that_is_killed_leaves_one_place(server, who, when):
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 100000) n")
    place = new_place(server)

    def kill():
        try:
            os.kill(int(((server.data if who == "server" else place) / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it was quicker

    program = started(server, "storage", "move", "--to", place, "--yes", "--progress")
    said = at_line(program, when, kill)
    state = server.kastune("history", "--json").json["changes"][0]["state"]
    assert (program.returncode, state) in ((0, "applied"), (1, "undone")), said
    assert server.sql("SELECT count(*) FROM t") == "100000" and len(writable(server, place)) == 1
    if state == "undone":
        assert not place.exists() and writable(server, place) == {server.data}


def test_ended_by_hand_while_it_copies(server):
    pid, place = server.pid, new_place(server)
    program = started(server, "storage", "move", "--to", place, "--yes", "--progress")
    at_line(program, "copying", lambda: program.send_signal(signal.SIGINT))
    assert program.returncode == 130 and server.pid == pid and not place.exists()
    assert server.kastune("history", "--json").json["changes"][0]["state"] == "undone"




def test_killed_at_every_point(make_server):
    """After each one server takes writes at most; the next command brings every row back, or carries the move to its end."""
    server = make_server(conf="fsync = off")
    server.sql("CREATE TABLE t (n int)")
    place, rows = new_place(server), 1
    points = {"move": listed_points(server, "storage", "move", "--to", place, "--yes")}
    server.sql("INSERT INTO t VALUES (1)")
    points["undo"] = listed_points(server, "undo", "--yes")
    shutil.rmtree(place)
    for verb, number, name in [(verb, *point) for verb, listed in points.items() for point in listed]:
        where = f"{verb} killed at point {number}: {name}"
        killing = {"KASTUNE_CRASH_AT": number}
        if verb == "undo":
            assert move(server, place).status == 0, where
            server.sql("INSERT INTO t VALUES (1)")
            rows += 1
        killed = move(server, place, env=killing) if verb == "move" else undo(server, env=killing)
        assert killed.status == -signal.SIGKILL, f"{where}: {killed}"
        assert len(writable(server, place)) <= 1, where
        state = server.kastune("history", "--json").json["changes"][0]["state"]
        if server.running and server.sql("SELECT pg_is_in_recovery()") == "f":
            server.sql("INSERT INTO t VALUES (1)")
            rows += 1
        if state == "running" and int(number) % 2 == 0:
            resumed = server.kastune("resume", "--yes", timeout=600)
            assert resumed.status == 0 and server.data.resolve() == place, f"{where}: {resumed}"
            state = "applied"
        if state != "undone":
            back = undo(server)
            assert back.status == 0, f"{where}: {back}"
        assert server.sql("SELECT count(*) FROM t") == str(rows), where
        assert writable(server, place) == {server.data} and not server.data.is_symlink() and kept_by(server) == [], where
        shutil.rmtree(place, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------- the log alone


def test_the_log_alone(server):
    server.sql("CREATE TABLE t AS SELECT 1 AS n")
    first, second = new_place(server, "one"), new_place(server, "two")
    moved = server.kastune("storage", "move", "--wal-to", first, "--yes", "--json", timeout=600)
    assert moved.status == 0 and moved.json["moved"]["interruption_ms"] > 0, moved
    log = server.data / "pg_wal"
    assert os.readlink(log) == str(first) and sorted(p.name for p in server.data.glob("pg_wal*")) == ["pg_wal"]
    server.sql("INSERT INTO t VALUES (2)")
    # From there it goes on to another place, and what it leaves is empty.
    assert server.kastune("storage", "move", "--wal-to", second, "--yes", timeout=600).status == 0
    assert os.readlink(log) == str(second) and os.listdir(first) == []
    server.sql("INSERT INTO t VALUES (3)")
    assert undo(server).status == 0
    assert os.readlink(log) == str(first) and not second.exists()
    server.sql("INSERT INTO t VALUES (4)")
    assert undo(server).status == 0
    assert log.is_dir() and not log.is_symlink() and not first.exists() and server.sql("SELECT sum(n) FROM t") == "10"


def test_the_log_survives_a_kill_at_every_point(make_server):
    server = make_server(conf="fsync = off")
    server.sql("CREATE TABLE t (n int)")
    place, rows, log = new_place(server), 0, server.data / "pg_wal"
    verbs = {"move": ("storage", "move", "--wal-to", place, "--yes"), "undo": ("undo", "--yes")}
    points = {verb: listed_points(server, *words) for verb, words in verbs.items()}
    for verb, listed in points.items():
        for number, name in listed:
            where = f"{verb} killed at point {number}: {name}"
            if verb == "undo":
                assert server.kastune(*verbs["move"], timeout=600).status == 0, where
            killed = server.kastune(*verbs[verb], timeout=600, env={"KASTUNE_CRASH_AT": number})
            assert killed.status == -signal.SIGKILL, f"{where}: {killed}"
            if server.running:
                server.sql("INSERT INTO t VALUES (1)")
                rows += 1
            state = server.kastune("history", "--json").json["changes"][0]["state"]
            if state == "running" and int(number) % 2 == 0:
                resumed = server.kastune("resume", "--yes", timeout=600)
                assert resumed.status == 0 and os.readlink(log) == str(place), f"{where}: {resumed}"
            if state != "undone":
                back = undo(server)
                assert back.status == 0, f"{where}: {back}"
            assert server.sql("SELECT count(*) FROM t") == str(rows), where
            assert log.is_dir() and not log.is_symlink() and not place.exists(), where
            assert sorted(p.name for p in server.data.glob("pg_wal*")) == ["pg_wal"], where
