"""What an operator meets at night: files that somebody broke, servers that die, passwords that are missing, a hand that hesitates."""
import os
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, as_server_user, in_terminal, kastune
from test_apply import OPTIONS, apply, files_of, settings_of


def write_conf(server, name, text):
    path = server.confd / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def started(server, *words, **kwargs):
    return subprocess.Popen([BUILD / "src/kastune", *words, "--state", server.state], env=server.env, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, **kwargs)


def at_line(program, what, act):
    """Calls act() once the program says a line that contains `what`; everything it said afterwards."""
    for line in program.stderr:
        if what in line:
            act()
            break
    rest = program.stderr.read()
    program.wait(timeout=60)
    return rest


# ------------------------------------------------------------------------------------------- files that somebody broke


@pytest.mark.parametrize("line", ["work_mem = 5XB", "no_such_parameter = 1", "work_mem = = 4MB", "include 'nowhere.conf'"])
def test_nothing_is_added_to_files_that_would_not_start(shared_server, line):
    server = shared_server
    trap = write_conf(server, "10-trap.conf", line + "\n")
    try:
        before, files = settings_of(server), files_of(server)
        answer = apply(server)
        assert answer.status == 4 and "10-trap.conf" in answer.err and "try:" in answer.err, answer
        assert settings_of(server) == before and files_of(server) == files
        doctor = server.kastune("doctor")
        assert doctor.status == 3 and "10-trap.conf" in doctor.out, doctor
    finally:
        trap.unlink()


def test_undo_does_not_stop_a_server_that_would_not_start_again(server):
    before = settings_of(server)
    assert apply(server).status == 0
    trap = write_conf(server, "10-trap.conf", "work_mem = 5XB\n")
    pid = server.pid
    answer = server.kastune("undo", "--yes")
    assert answer.status == 1 and "5XB" in answer.err and "10-trap.conf" in answer.err, answer
    assert server.pid == pid and server.running
    assert server.kastune("status").status == 3
    trap.unlink()
    assert server.kastune("undo", "--yes").status == 0
    assert settings_of(server) == before


def test_edits_that_wait_are_announced(make_server):
    server = make_server(include_dir=False)
    assert server.kastune("plan", "--json", *OPTIONS).json["findings"] == []
    server.sql("ALTER SYSTEM SET deadlock_timeout = '3s'")
    server.sql("ALTER SYSTEM SET max_connections = 50")
    announced = {f["parameter"]: f["sentence"] for f in server.kastune("plan", "--json", *OPTIONS).json["findings"]}
    assert "from 1s to 3s" in announced["deadlock_timeout"] and "postgresql.auto.conf" in announced["deadlock_timeout"]
    assert "from 100 to 50" in announced["max_connections"]
    without = server.kastune("plan", "--no-restart", "--json", *OPTIONS).json["findings"]
    assert [f["parameter"] for f in without] == ["deadlock_timeout"]


# ---------------------------------------------------------------------------------------------- who sets what for whom


@pytest.mark.parametrize("how", ["role", "environment"])
def test_settings_of_our_own_session_are_not_the_servers(server, how):
    more = {}
    if how == "role":
        server.sql("ALTER ROLE postgres SET work_mem = '99MB'")
        server.sql("ALTER DATABASE postgres SET random_page_cost = 3")
        server.sql("ALTER ROLE ALL SET jit = on")
    else:
        more = {"env": {"PGOPTIONS": "-c work_mem=99MB -c jit=on"}}
    before = settings_of(server)
    planned = {s["name"]: s.get("running") for s in server.kastune("plan", "--json", *OPTIONS, **more).json["settings"]}
    assert planned["work_mem"] == "4MB"
    assert apply(server, **more).status == 0
    assert server.kastune("plan", "--json", *OPTIONS, **more).json["settings"] == []
    assert server.kastune("undo", "--yes", **more).status == 0
    assert settings_of(server) == before


def test_undo_without_the_password_touches_nothing(server):
    server.sql("CREATE ROLE tuner SUPERUSER LOGIN PASSWORD 'right'")
    (server.data / "pg_hba.conf").write_text("local all tuner scram-sha-256\nlocal all all trust\n")
    server.sql("SELECT pg_reload_conf()")
    before = settings_of(server)
    password = {"PGUSER": "tuner", "PGPASSWORD": "right"}
    assert apply(server, env=password).status == 0
    after, pid = settings_of(server), server.pid
    answer = server.kastune("undo", "--yes", env={"PGUSER": "tuner"})
    assert answer.status == 1 and "password" in answer.err and "PGPASSWORD" in answer.err, answer
    assert settings_of(server) == after and server.pid == pid
    assert server.kastune("history", "--json").json["changes"][0]["state"] == "applied"
    assert server.kastune("undo", "--yes", env=password).status == 0
    assert settings_of(server) == before


def test_standby_and_primary_share_a_state_folder(server):
    copy = server.base / "standby"
    server.run("pg_basebackup", "-h", server.base, "-U", "postgres", "-D", copy, "-R", "-X", "stream", "-c", "fast")
    (copy / "conf.d/99-port.conf").write_text("port = 5433\n")
    (copy / "conf.d/99-port.conf").chmod(0o644)
    # The server must not hold the test's pipes open.
    subprocess.run(as_server_user(server.bin / "pg_ctl", "-D", copy, "-l", server.base / "standby-log", "-w", "start"), cwd="/",
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    try:
        standby = {"PGPORT": "5433"}
        assert apply(server, env=standby).status == 0
        assert server.kastune("status", "--json", env=standby).json["change"]["state"] == "applied"
        assert "change" not in server.kastune("status", "--json").json
        assert server.kastune("undo", "--yes").status == 1
        assert apply(server).status == 0
        assert server.kastune("undo", "--yes", env=standby).status == 0
        assert not (copy / "conf.d/90-kastune.conf").exists() and (server.confd / "90-kastune.conf").exists()
    finally:
        server.run("pg_ctl", "-D", copy, "-m", "immediate", "stop", check=False)


# --------------------------------------------------------------------------------------------------- sudden deaths


@pytest.mark.parametrize("when", ["parameters in", "pg_ctl"])
def test_server_killed_in_the_middle_runs_again(server, when):
    """Wherever the kill lands: applied, or as before; and the server is up in both cases."""
    before, files = settings_of(server), files_of(server)
    program = started(server, "apply", "--yes", *OPTIONS, "--no-try")
    said = at_line(program, when, lambda: os.kill(server.pid, signal.SIGKILL))
    state = server.kastune("history", "--json").json["changes"][0]["state"]
    assert (program.returncode, state) in ((0, "applied"), (1, "undone")), said
    assert server.running
    if state == "applied":
        assert server.kastune("status").status == 0
        assert server.kastune("undo", "--yes").status == 0
    assert settings_of(server) == before and files_of(server) == files


def points_of(server, *words):
    """The numbers of all points between two things that last, at which the command can be killed, with their names."""
    listing = server.base / "points"
    listing.unlink(missing_ok=True)
    assert server.kastune(*words, env={"KASTUNE_CRASH_LIST": str(listing)}).status == 0
    return [line.split(" ", 1) for line in listing.read_text().splitlines()]


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
def test_killed_at_every_point(server, restart):
    """Restarts take long, so with them only the points at and after the writing of settings are tried."""
    more = ["--no-try"] if restart else ["--no-try", "--no-restart"]
    words = {"apply": ("apply", "--yes", *OPTIONS, *more), "undo": ("undo", "--yes")}
    before, files = settings_of(server), files_of(server)
    # The first time the journal is made as well.
    assert server.kastune(*words["apply"]).status == 0 and server.kastune(*words["undo"]).status == 0
    points = {"apply": points_of(server, *words["apply"])}
    after = settings_of(server)
    points["undo"] = points_of(server, *words["undo"])
    assert before != after and settings_of(server) == before
    for verb, listed in points.items():
        first = next(i for i, (_, name) in enumerate(listed) if "90-kastune.conf" in name) if restart else 0
        for number, name in listed[first:]:
            where = f"{verb} killed at point {number}: {name}"
            if verb == "undo":
                assert server.kastune(*words["apply"]).status == 0, where
            killed = server.kastune(*words[verb], env={"KASTUNE_CRASH_AT": number})
            assert killed.status == -signal.SIGKILL, f"{where}: {killed}"
            changes = server.kastune("history", "--json").json["changes"]
            state = changes[0]["state"] if changes else "undone"
            status = server.kastune("status")
            assert status.status == (3 if state in ("running", "undoing") else 0), f"{where}: {state}: {status}"
            if state == "applied":
                assert settings_of(server) == after, where
            if state != "undone":
                back = server.kastune("undo", "--yes")
                assert back.status == 0, f"{where}: {back}"
            assert server.running and settings_of(server) == before and files_of(server) == files, where


def test_interrupted_again_and_again(server):
    """Ctrl-C at every line that apply and undo say: each time it is one or the other, never between."""
    before, files = settings_of(server), files_of(server)
    assert apply(server, "--no-try").status == 0
    after = settings_of(server)
    assert server.kastune("undo", "--yes").status == 0
    for verb, point in (("apply", "step 1"), ("apply", "step 2"), ("apply", "pg_ctl"), ("undo", "step 2"), ("undo", "pg_ctl"), ("undo", "step 1")):
        if verb == "undo":
            assert apply(server, "--no-try").status == 0
        words = ("apply", "--yes", *OPTIONS, "--no-try") if verb == "apply" else ("undo", "--yes")
        # As in a terminal, the signal goes to everybody in the group.
        program = started(server, *words, start_new_session=True)
        at_line(program, point, lambda: os.killpg(program.pid, signal.SIGINT))
        state = server.kastune("history", "--json").json["changes"][0]["state"]
        assert program.returncode in (0, 130) and state in ("applied", "undone"), (verb, point, program.returncode, state)
        assert settings_of(server) == (after if state == "applied" else before), (verb, point)
        if state == "applied":
            assert server.kastune("undo", "--yes").status == 0
        assert files_of(server) == files, (verb, point)


# --------------------------------------------------------------------------------------------------- the state folder


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_read_only_state_folder(server):
    before, files = settings_of(server), files_of(server)
    server.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", server.state], check=True)
    try:
        for words in (["apply", "--yes", *OPTIONS], ["undo", "--yes"], ["status"], ["history"]):
            answer = server.kastune(*words)
            assert answer.status == 1 and "Read-only" in answer.err and "--state" in answer.err, answer
        assert server.kastune("advise", *OPTIONS).status == 0
    finally:
        subprocess.run(["umount", server.state], check=True)
    assert settings_of(server) == before and files_of(server) == files


@pytest.mark.parametrize("damage", [lambda b: b"garbage" * 1000, lambda b: b[:len(b) // 2]], ids=["garbage", "cut off"])
def test_damaged_journal_is_said_and_nothing_is_done(server, damage):
    assert apply(server, "--no-try").status == 0
    after, files = settings_of(server), files_of(server)
    database = server.state / "state.db"
    good = database.read_bytes()
    database.write_bytes(damage(good))
    for words in (["apply", "--yes", *OPTIONS], ["undo", "--yes"], ["status"], ["history"]):
        answer = server.kastune(*words)
        assert answer.status == 1 and "state database" in answer.err and "try:" in answer.err, answer
    assert settings_of(server) == after and files_of(server) == files
    database.write_bytes(good)
    assert server.kastune("undo", "--yes").status == 0


# ------------------------------------------------------------------------------------------------------- the terminal


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04", b"\x03", b"nyes\n"], ids=["n", "empty", "end of input", "Ctrl-C", "nyes"])
def test_anything_but_yes_changes_nothing(shared_server, answer):
    server = shared_server
    before, files = settings_of(server), files_of(server)
    status, shown = in_terminal(server, answer, "apply", *OPTIONS, "--no-try")
    assert status == 130 and "nothing was changed" in shown, shown
    assert shown.count("+ shared_buffers") == 1
    assert settings_of(server) == before and files_of(server) == files
    assert server.kastune("history", "--json").json["changes"] == []


def test_yes_in_a_terminal(server):
    before = settings_of(server)
    status, shown = in_terminal(server, b"y\n", "apply", *OPTIONS, "--no-try")
    assert status == 0 and "applied and verified" in shown, shown
    assert in_terminal(server, b"n\n", "undo")[0] == 130
    assert server.kastune("status").status == 0
    status, shown = in_terminal(server, b"yes\n", "undo")
    assert status == 0 and "is undone" in shown, shown
    assert settings_of(server) == before


@pytest.mark.parametrize("dsn, status, wanted", [
    ("nonsense", 2, "understood"), ("service=absent", 1, "absent"), ("host=/nowhere", 1, "/nowhere"), ("dbname=absent", 1, "no such database"),
    ("user=absent", 1, "no such role"), ("host=127.0.0.1 port=1", 1, "pg_isready")])
def test_connection_settings_that_cannot_be_used(shared_server, dsn, status, wanted):
    answer = shared_server.kastune("plan", "--dsn", dsn)
    assert answer.status == status and wanted in answer.err and "try:" in answer.err and "(null)" not in answer.err, answer


# ----------------------------------------------------------------------------------- a trial whose kastune was killed


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_trial_leaves_no_server_and_the_next_one_tidies_up(shared_server, tmp_path):
    server = shared_server
    ground = tmp_path / "ground"
    ground.mkdir()
    tmp_path.chmod(0o755), ground.chmod(0o777)
    for parent in tmp_path.parents[:2]:  # pytest's own folders are closed to the user that runs PostgreSQL
        parent.chmod(0o755)
    conf = tmp_path / "try.conf"
    conf.write_text("work_mem = 8MB\n")
    program = subprocess.Popen([BUILD / "src/kastune", "config", "try", conf, "--no-probe", "--state", server.state],
                               env={**server.env, "TMPDIR": str(ground)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = None
    while pid is None and program.poll() is None:
        for file in ground.glob("kastune-scratch-*/data/postmaster.pid"):
            text = file.read_text().split()
            pid = int(text[0]) if text else None
    assert pid is not None, "the trial was over before its server was seen"
    program.kill()
    program.wait()
    while runs(pid):  # ends by itself: nobody signals it
        os.sched_yield()
    assert list(ground.glob("kastune-scratch-*"))
    again = server.kastune("config", "try", conf, "--no-probe", env={"TMPDIR": str(ground)})
    assert again.status == 0, again
    assert list(ground.iterdir()) == []


@pytest.mark.parametrize("where", ["backed up", "first", "written", "restarted", "applied"])
def test_resumed_after_a_kill_it_is_as_planned_and_can_be_undone(server, where):
    before, files = settings_of(server), files_of(server)
    words = ("apply", "--yes", *OPTIONS, "--no-try")
    assert server.kastune(*words).status == 0
    after = settings_of(server)
    assert server.kastune("undo", "--yes").status == 0
    listed = points_of(server, *words)
    assert server.kastune("undo", "--yes").status == 0
    wanted = {"backed up": "runner: step 1 applied", "first": "journal: step applying written", "written": "90-kastune.conf", "restarted": "runner: step 2 applied",
              "applied": "runner: step 3 verified"}[where]
    number = next(number for number, name in listed if wanted in name)
    assert server.kastune(*words, env={"KASTUNE_CRASH_AT": number}).status == -signal.SIGKILL
    status = server.kastune("status")
    assert status.status == 3 and "kastune resume carries it out" in " ".join(status.out.split()), status
    resumed = server.kastune("resume", "--yes")
    assert resumed.status == 0 and "carried out to its end" in resumed.out, resumed
    assert settings_of(server) == after and server.kastune("status").status == 0
    assert server.kastune("undo", "--yes").status == 0
    assert settings_of(server) == before and {k: v for k, v in files_of(server).items()} == files


def test_undo_without_an_answer_does_not_choose_among_servers(make_server):
    one, other = make_server(), make_server()
    for server in (one, other):
        assert kastune("apply", "--yes", *OPTIONS, "--no-try", "--no-restart", "--state", one.state, env=server.env).status == 0
    one.stop()
    answer = one.kastune("undo", "--yes")
    assert answer.status == 4 and "several servers" in answer.err and "2 is of" in answer.err, answer
    assert [change["state"] for change in one.kastune("history", "--json").json["changes"]] == ["applied", "applied"]


def test_resume_does_nothing_where_somebody_else_was_meanwhile(server):
    words = ("apply", "--yes", *OPTIONS, "--no-try")
    listed = points_of(server, *words)
    assert server.kastune("undo", "--yes").status == 0
    number = next(number for number, name in listed if "runner: step 2 applied" in name)
    assert server.kastune(*words, env={"KASTUNE_CRASH_AT": number}).status == -signal.SIGKILL
    written = (server.confd / "90-kastune.conf").read_text()
    (server.confd / "90-kastune.conf").write_text(written.replace("work_mem = ", "work_mem = 9"))
    answer = server.kastune("resume", "--yes")
    assert answer.status == 4 and "nothing was done" in answer.err, answer
    assert server.kastune("history", "--json").json["changes"][0]["state"] == "running"
    (server.confd / "90-kastune.conf").write_text(written)
    assert server.kastune("resume", "--yes").status == 0
    assert server.kastune("resume", "--yes").status == 1


def test_removed_backup_is_told_and_undo_needs_it_not(server):
    before, files = settings_of(server), files_of(server)
    assert server.kastune("apply", "--yes", *OPTIONS, "--no-try").status == 0
    shutil.rmtree(server.state / "backups")
    status = server.kastune("status")
    assert status.status == 3 and "DIFFERENT" in status.out, status
    assert server.kastune("undo", "--yes").status == 0
    assert settings_of(server) == before and files_of(server) == files


def test_lost_connections_leave_nothing_between(server):
    """Somebody ends every session of kastune, again and again, during the whole apply."""
    before, files = settings_of(server), files_of(server)
    program = subprocess.Popen([BUILD / "src/kastune", "apply", "--yes", *OPTIONS, "--no-try", "--no-restart", "--state", server.state],
                               env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in program.stderr:
        if "step 2" in line:
            break
    ended = 0
    while program.poll() is None:
        found = server.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'kastune'", check=False)
        ended += int(found or 0)
    program.communicate()
    assert ended > 0
    state = server.kastune("history", "--json").json["changes"][0]["state"]
    assert state in ("applied", "undone", "stuck"), state
    if state != "undone":
        assert server.kastune("undo", "1", "--yes").status == 0
    assert settings_of(server) == before and files_of(server) == files
