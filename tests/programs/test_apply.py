"""apply, status, undo on real servers: the way there, the way back, and everything that can go wrong between."""
import os
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, SERVER_USER

OPTIONS = ["--no-probe", "--reserve", "0"]


def settings_of(server):
    return server.sql("SELECT name, setting FROM pg_settings WHERE context <> 'internal' AND source NOT IN ('client', 'session', 'override') "
                      "AND name NOT IN ('transaction_deferrable', 'transaction_isolation', 'transaction_read_only') ORDER BY name")


def files_of(server):
    found = {p: p.read_bytes() for p in sorted(server.data.glob("*.conf"))}
    found.update({p: p.read_bytes() for p in sorted((server.data / "conf.d").glob("*"))})
    return found


def apply(server, *more, **kwargs):
    return server.kastune("apply", "--yes", *OPTIONS, *more, **kwargs)


@pytest.mark.parametrize("include_dir", [True, False], ids=["own include file", "ALTER SYSTEM"])
def test_applies_verifies_and_goes_back(make_server, include_dir):
    server = make_server(include_dir=include_dir)
    before, files = settings_of(server), files_of(server)
    planned = server.kastune("plan", "--json", *OPTIONS).json
    assert planned["restart"] is True
    starts = server.log.read_text().count("starting PostgreSQL")

    done = apply(server, "--json")
    assert done.status == 0, done
    assert done.json["change"]["state"] == "applied"
    assert server.log.read_text().count("starting PostgreSQL") == starts + 1, "the service is interrupted once, whatever there is to do"
    for setting in planned["settings"]:
        assert server.setting(setting["name"]) == server.sql(f"SELECT setting FROM (SELECT current_setting('{setting['name']}') AS setting) s")
        shown = server.sql(f"SELECT setting || coalesce(unit, '') FROM pg_settings WHERE name = '{setting['name']}'")
        assert shown, setting
    assert server.sql("SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"
    assert (server.data / "conf.d/90-kastune.conf").exists() == include_dir
    assert server.kastune("status").status == 0
    assert server.kastune("plan", "--json", *OPTIONS).json["plan"]["steps"] == []

    undone = server.kastune("undo", "--yes")
    assert undone.status == 0, undone
    assert settings_of(server) == before
    after = files_of(server)
    assert {k: v for k, v in after.items() if k.name != "postgresql.auto.conf"} == {k: v for k, v in files.items() if k.name != "postgresql.auto.conf"}
    history = server.kastune("history", "--json").json["changes"]
    assert [c["state"] for c in history] == ["undone"]


def test_plan_and_dry_run_change_nothing(server):
    before, files = settings_of(server), files_of(server)
    assert server.kastune("plan", *OPTIONS).status == 0
    answer = server.kastune("apply", "--dry-run", *OPTIONS)
    assert answer.status == 0 and "nothing was changed" in answer.out
    assert settings_of(server) == before and files_of(server) == files
    assert server.kastune("history", "--json").json["changes"] == []


def test_refuses_to_act_when_nobody_can_be_asked(server):
    answer = server.kastune("apply", *OPTIONS)
    assert answer.status == 4 and "--yes" in answer.err


def test_value_of_alter_system_is_moved_and_given_back(server):
    server.sql("ALTER SYSTEM SET max_wal_size = '2GB'")
    server.sql("SELECT pg_reload_conf()")
    assert apply(server).status == 0
    assert "max_wal_size" not in (server.data / "postgresql.auto.conf").read_text()
    assert server.setting("max_wal_size") != "2GB"
    assert server.kastune("undo", "--yes").status == 0
    assert server.setting("max_wal_size") == "2GB"


def test_pending_edit_of_somebody_else_that_prevents_the_start_is_found_before(server):
    before = settings_of(server)
    trap = server.confd / "10-trap.conf"
    trap.write_text("wal_level = minimal\n")  # with max_wal_senders at 10 no server starts; the running one does not notice
    trap.chmod(0o644)
    answer = apply(server)
    assert answer.status == 4 and "max_wal_senders" in answer.err, answer
    assert server.running and settings_of(server) == before
    assert list(server.confd.iterdir()) == [trap]


def test_start_that_fails_for_a_foreign_reason_is_stuck_until_that_is_mended(server):
    """Only the real cluster has this socket folder, so no trial can see it: neither the new nor the old settings start."""
    before = settings_of(server)
    trap = server.confd / "10-trap.conf"
    trap.write_text(f"unix_socket_directories = '{server.base}/absent'\n")
    trap.chmod(0o644)
    answer = apply(server)
    assert answer.status == 1 and "absent" in answer.err, answer
    assert server.kastune("history", "--json").json["changes"][0]["state"] == "stuck"
    assert not (server.confd / "90-kastune.conf").exists()
    trap.unlink()
    again = server.kastune("undo", "--yes")
    assert again.status == 0, again
    assert server.running and settings_of(server) == before


def test_read_only_folder_changes_nothing(make_server):
    server = make_server()
    before = settings_of(server)
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", server.confd, server.confd], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", server.confd], check=True)
    else:
        server.confd.chmod(0o500)
    try:
        answer = apply(server)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", server.confd], check=True)
        else:
            server.confd.chmod(0o700)
    assert answer.status != 0 and "try:" in answer.err, answer
    assert server.running and settings_of(server) == before
    assert list(server.confd.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk_changes_nothing(make_server):
    server = make_server()
    before = settings_of(server)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=0777", "none", server.confd], check=True)
    try:
        with open(server.confd / "filler", "wb", buffering=0) as filler:
            with pytest.raises(OSError):
                while True:
                    filler.write(b"x" * 4096)
        answer = apply(server)
    finally:
        subprocess.run(["umount", server.confd], check=True)
    assert answer.status == 1 and "space" in answer.err.lower(), answer
    assert server.running and settings_of(server) == before


def test_full_disk_below_the_journal_changes_nothing(make_server):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    server = make_server()
    before, files = settings_of(server), files_of(server)
    server.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", server.state], check=True)
    try:
        with open(server.state / "filler", "wb", buffering=0) as filler:
            with pytest.raises(OSError):
                while True:
                    filler.write(b"x" * 4096)
        answer = apply(server)
    finally:
        subprocess.run(["umount", server.state], check=True)
    assert answer.status != 0, answer
    assert server.running and settings_of(server) == before and files_of(server) == files


def test_wrong_password_is_said_plainly(make_server):
    server = make_server()
    server.sql("CREATE ROLE tuner SUPERUSER LOGIN PASSWORD 'right'")
    (server.data / "pg_hba.conf").write_text("local all tuner scram-sha-256\nlocal all all trust\n")
    server.sql("SELECT pg_reload_conf()")
    answer = server.kastune("apply", "--yes", "--dsn", "user=tuner password=wrong", *OPTIONS)
    assert answer.status == 1 and "password" in answer.err.lower(), answer
    assert "password=wrong" not in answer.err and "wrong" not in server.kastune("history").out
    good = server.kastune("advise", "--dsn", "user=tuner password=right", *OPTIONS)
    assert good.status == 0, good
    done = server.kastune("apply", "--yes", "--dsn", "user=tuner password=right", *OPTIONS)
    assert done.status == 0, done
    database = (server.state / "state.db").read_bytes() + b"".join(p.read_bytes() for p in server.state.glob("state.db-*"))
    assert b"right" not in database.replace(b"copyright", b"")


def test_role_without_rights_may_look_but_not_touch(make_server):
    server = make_server(include_dir=False)
    server.sql("CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher")
    before = files_of(server)
    assert server.kastune("advise", "--dsn", "user=watcher", *OPTIONS).status == 0
    answer = server.kastune("apply", "--yes", "--dsn", "user=watcher", *OPTIONS)
    assert answer.status != 0 and "ALTER SYSTEM" in answer.err and "try:" in answer.err, answer
    assert files_of(server) == before


def test_somebody_else_changed_the_file_since(server):
    assert apply(server).status == 0
    own = server.data / "conf.d/90-kastune.conf"
    own.write_text(own.read_text() + "work_mem = '99MB'\n")
    status = server.kastune("status")
    assert status.status == 3, status
    answer = server.kastune("undo", "--yes")
    assert answer.status == 4, answer
    assert "99MB" in own.read_text()


def test_undo_works_with_the_server_down(server):
    before = settings_of(server)
    assert apply(server).status == 0
    server.stop()
    answer = server.kastune("undo", "--yes")
    assert answer.status == 0, answer
    assert server.running and settings_of(server) == before


@pytest.mark.parametrize("include_dir", [True, False], ids=["own include file", "ALTER SYSTEM"])
def test_older_change_set_goes_back_when_nothing_depends_on_it(make_server, include_dir):
    """First what a reload can do, then the rest: two change sets of other parameters."""
    server = make_server(include_dir=include_dir)
    before = dict(line.split("|", 1) for line in settings_of(server).splitlines())
    reload_only = apply(server, "--no-restart", "--no-tables", "--json").json["settings"]
    rest = apply(server, "--no-tables", "--json").json["settings"]
    assert reload_only and rest and not {s["name"] for s in reload_only} & {s["name"] for s in rest}
    answer = server.kastune("undo", "--yes", "1")
    assert answer.status == 0, answer
    after = dict(line.split("|", 1) for line in settings_of(server).splitlines())
    for setting in reload_only:
        assert after[setting["name"]] == before[setting["name"]], setting
    assert any(after[s["name"]] != before[s["name"]] for s in rest)
    assert server.kastune("status").status == 0
    assert server.kastune("undo", "--yes", "2").status == 0
    assert dict(line.split("|", 1) for line in settings_of(server).splitlines()) == before


def test_older_change_set_that_a_newer_builds_on_is_refused(server):
    assert apply(server, "--no-tables").status == 0
    server.sql("ALTER SYSTEM SET max_wal_size = '2GB'")
    server.sql("SELECT pg_reload_conf()")
    assert apply(server, "--no-tables").status == 0
    answer = server.kastune("undo", "--yes", "1")
    assert answer.status == 4 and "newer change set 2" in answer.err and "parameter max_wal_size" in answer.err and "kastune undo 2" in answer.err, answer


def test_interrupt_in_the_middle_undoes(server):
    before, files = settings_of(server), files_of(server)
    program = subprocess.Popen([BUILD / "src/kastune", "apply", "--yes", *OPTIONS, "--no-try", "--state", server.state], env=server.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in program.stderr:
        if line.startswith("step"):
            program.send_signal(signal.SIGINT)
            break
    program.stderr.read()
    status = program.wait(timeout=60)
    state = server.kastune("history", "--json").json["changes"][0]["state"]
    assert (status, state) in ((130, "undone"), (0, "applied")), (status, state)
    if state == "undone":
        assert settings_of(server) == before and files_of(server) == files


def test_killed_in_the_middle_is_undone_by_the_next(server):
    before = settings_of(server)
    program = subprocess.Popen([BUILD / "src/kastune", "apply", "--yes", *OPTIONS, "--no-try", "--state", server.state], env=server.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in program.stderr:
        if line.startswith("step") and " parameters in " in line:
            program.kill()
            break
    program.stderr.read()
    program.wait()
    state = server.kastune("history", "--json").json["changes"][0]["state"]
    if state == "applied":
        pytest.fail("it was over before it could be killed")
    assert server.kastune("status").status == 3
    assert server.kastune("undo", "--yes").status == 0
    if not server.running:
        server.start()
    assert settings_of(server) == before


def test_two_at_once_are_not_allowed(server):
    programs = [subprocess.Popen([BUILD / "src/kastune", "apply", "--yes", *OPTIONS, "--no-try", "--state", server.state], env=server.env,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    statuses = sorted(p.wait(timeout=120) for p in programs)
    for p in programs:
        p.communicate()
    assert statuses[0] == 0
    assert [c["state"] for c in server.kastune("history", "--json").json["changes"]].count("applied") == 1
    assert server.kastune("status").status == 0


def test_backup_of_the_configuration_is_complete(server):
    files = files_of(server)
    done = apply(server, "--json").json
    folder = next(s["args"]["folder"] for s in done["change"]["steps"] if s["kind"] == "configuration-backup")
    for path, content in files.items():
        copy = folder + "/files" + str(path)
        assert open(copy, "rb").read() == content
