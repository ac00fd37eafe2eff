"""A server that Patroni keeps is recognised by what it gives on the command line, and left to it by every command that changes something."""
import pytest

from test_apply import OPTIONS, files_of

GIVEN = "-c cluster_name=kaspa -c max_connections=100 -c max_prepared_transactions=0 -c wal_level=replica"
APPLY = ["apply", "--yes", *OPTIONS, "--no-try"]


def hand_over(server):
    server.stop()
    server.run("pg_ctl", "-D", server.data, "-l", server.log, "-w", "-t", "60", "-o", GIVEN, "start")


def states(server):
    return [change["state"] for change in server.kastune("history", "--json").json["changes"]]


@pytest.mark.parametrize("words", [["plan", *OPTIONS], APPLY, [*APPLY, "--restart-at", "03:00", "--detach"]])
def test_nothing_is_set(server, words):
    hand_over(server)
    before = files_of(server)
    answer = server.kastune(*words)
    assert answer.status == 5 and "kept by Patroni, so nothing is set here" in answer.err and "patronictl edit-config" in answer.err, answer
    assert files_of(server) == before and states(server) == []


def test_nothing_is_taken_back(server):
    assert server.kastune(*APPLY).status == 0
    hand_over(server)
    before, pid = files_of(server), server.pid
    for words in (["undo", "--yes"], ["undo", "1", "--yes"], ["undo", "--dry-run"]):
        answer = server.kastune(*words)
        assert answer.status == 5 and "so nothing is taken back here" in answer.err and "kastune history ID --json" in answer.err, answer
    assert files_of(server) == before and states(server) == ["applied"] and server.pid == pid


def test_what_only_waits_is_taken_off_the_schedule(server):
    assert server.kastune(*APPLY, "--restart-at", "03:00-03:01", "--detach").status == 0
    hand_over(server)
    assert server.kastune("undo", "2", "--yes").status == 0 and states(server)[0] == "undone"


@pytest.mark.parametrize("kind", ["physical", "configuration"])
def test_no_file_is_replaced(server, kind):
    backups = server.base / "backups"
    made = server.kastune("backup", "create", kind, "--to", backups)
    assert made.status == 0, made
    hand_over(server)
    before, pid = files_of(server), server.pid
    answer = server.kastune("backup", "restore", "latest", "--in-place", "--yes", "--from", backups)
    assert answer.status == 5 and "so none of its files is replaced here" in answer.err and "--to DIR" in answer.err, answer
    assert files_of(server) == before and server.pid == pid
    elsewhere = server.kastune("backup", "restore", "latest", "--to", server.base / "elsewhere", "--yes", "--from", backups)
    assert elsewhere.status == 0, elsewhere
