"""Backups and folders in the hands of somebody who wants root to write elsewhere, and removals that are ended in the middle."""
import os
import pathlib
import shutil
import signal
import tarfile

import pytest

from test_backup import backups, create, filled  # noqa: F401

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="there is nothing to gain where kastune does not run as root")


@pytest.fixture
def victim(filled):  # noqa: F811
    """A folder of root's with a file, and the proof that nobody touched it."""
    folder = filled.base / "victim"
    folder.mkdir(mode=0o755)
    (folder / "file").write_text("of root\n")
    (folder / "file").chmod(0o644)
    yield folder
    assert [path.name for path in folder.iterdir()] == ["file"] and (folder / "file").read_text() == "of root\n"
    assert folder.stat().st_mode & 0o7777 == 0o755 and folder.stat().st_uid == 0 and (folder / "file").stat().st_uid == 0


def forge(backup, change):
    """The same base.tar with other members: change(member) gives another one, or None to leave it out."""
    path = pathlib.Path(backup["folder"]) / "data/base.tar"
    forged = path.with_suffix(".forged")
    with tarfile.open(path) as old, tarfile.open(forged, "w") as new:
        for member in old:
            content = old.extractfile(member) if member.isreg() else None
            member = change(member)
            if member is not None:
                new.addfile(member, content if member.isreg() else None)
        yield new
    forged.replace(path)


def link(name, to):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, str(to)
    return member


def restore(server, backup, **env):
    return server.kastune("backup", "restore", backup["id"], "--to", server.base / "restored", "--yes", env=env)


@needs_root
@pytest.mark.parametrize("name, to", [("pg_wal", "."), ("backup_manifest", "file"), ("tablespace_map", "file"), ("pg_tblspc", ".")])
def test_links_in_a_forged_backup_lead_nowhere(filled, victim, name, to):  # noqa: F811
    if name in ("tablespace_map", "pg_tblspc"):
        space = filled.base / "space"
        space.mkdir()
        shutil.chown(space, "postgres")
        filled.sql(f"CREATE TABLESPACE far LOCATION '{space}'")
        filled.sql("CREATE TABLE distant TABLESPACE far AS SELECT 1 AS n")
    made = create(filled, "physical", "--compress", "none")
    for tar in forge(made, lambda member: None if member.name.lstrip("./").split("/")[0] == name else member):
        tar.addfile(link(name, victim / to))
    answer = restore(filled, made)
    # What is verified against its checksums is refused; the others are written anew in the place of the link.
    assert answer.status in (0, 1), answer
    assert (filled.base / "restored").exists() == (answer.status == 0)
    if name in ("pg_wal", "pg_tblspc"):
        assert answer.status == 1, answer


@needs_root
def test_what_is_put_in_the_place_of_the_folder_is_never_written_to(filled, victim):  # noqa: F811
    made, target, programs = create(filled, "physical", "--compress", "none"), filled.base / "restored", filled.base / "programs"
    programs.mkdir()
    for name in ("tar", "cp", "chown"):
        (programs / name).write_text(f"#!/bin/sh\n[ -L {target} ] || {{ mv {target} {target}.stolen; ln -s {victim} {target}; }}\n"
                                     f"exec {shutil.which(name)} \"$@\"\n")
        (programs / name).chmod(0o755)
    answer = restore(filled, made, PATH=f"{programs}:{os.environ['PATH']}")
    assert answer.status == 4 and "something else was put in the place of" in answer.err, answer
    assert list((filled.base / "restored.stolen").iterdir()) == []


@needs_root
def test_a_link_is_not_restored_into(filled, victim):  # noqa: F811
    made, empty = create(filled, "physical"), filled.base / "empty"
    empty.mkdir()
    (filled.base / "restored").symlink_to(empty)
    answer = restore(filled, made)
    assert answer.status == 1 and "not a link" in answer.err, answer
    assert list(empty.iterdir()) == [] and (filled.base / "restored").is_symlink()


@pytest.mark.parametrize("where", ["backup: withdrawn", "backup: what lies elsewhere is gone"])
def test_removal_that_is_killed_leaves_nothing_that_is_offered(filled, where):  # noqa: F811
    listed, words = filled.base / "points", ("backup", "prune", "--keep", "1", "--yes")
    assert filled.kastune(*words).status == 0  # the first one also makes the journal
    create(filled, "logical")
    second = create(filled, "logical")
    assert filled.kastune(*words, env={"KASTUNE_CRASH_LIST": str(listed)}).status == 0
    number = next(number for number, name in (line.split(" ", 1) for line in listed.read_text().splitlines()) if name == where)
    third = create(filled, "logical")
    assert filled.kastune(*words, env={"KASTUNE_CRASH_AT": number}).status == -signal.SIGKILL
    assert {backup["id"]: backup["state"] for backup in backups(filled)} == {second["id"]: "failed", third["id"]: "complete"}
    assert filled.kastune("backup", "restore", second["id"], "--database", "copy", "--yes").status == 4
    assert filled.kastune(*words).status == 0
    assert [backup["id"] for backup in backups(filled)] == [third["id"]]
