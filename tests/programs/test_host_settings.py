# SPDX-License-Identifier: MIT
"""Settings of the machine: what is advised, planned and refused. Nothing is applied here, since this machine is nobody's to change; the
guest of tests/guest does that."""
import os
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, SERVER_USER, as_server_user, kastune

MACHINES = ROOT / "tests/machines"


def advise(machine):
    answer = kastune("host", "advise", "--json", "--root", MACHINES / machine, "--pg-version", "15")
    return answer.status, answer.json


def test_every_change_has_its_reason_source_and_place():
    for machine in sorted(path.parent.name for path in MACHINES.glob("*/machine.ini")):
        status, answer = advise(machine)
        changes = [row for row in answer["rows"] if row["verdict"] == "change"]
        assert status == (3 if changes else 0), machine
        for row in changes:
            assert row["because"] and row["source"] and row["persist"] and (row.get("command") or "/etc/fstab" in row["persist"]), (machine, row)
        assert answer["by_hand"]


def test_stacked_devices_get_their_settings_where_they_count():
    _, answer = advise("raid5-crypt-no-aes-8g")
    [rules] = [file["text"] for file in answer["files"] if file["path"].endswith(".rules")]
    queues = [line for line in rules.splitlines() if "queue/" in line]
    assert [line.split("ATTR{queue/")[1].split("}")[0] for line in queues] == ["scheduler"] * 3 + ["read_ahead_kb"]
    assert 'ATTR{dm/uuid}=="CRYPT-LUKS1-77-pgcrypt"' in queues[3] and 'KERNEL=="sda"' in queues[0]


def test_a_container_is_told_what_its_host_should_do():
    status, answer = advise("container-cgroup-v2")
    assert status == 3 and "container" in answer["by_hand"]
    text = kastune("host", "advise", "--root", MACHINES / "container-cgroup-v2", "--pg-version", "15").out
    assert "By hand" in text and "/etc/sysctl.d/" in text and "sysctl -w" in text
    assert not any("fstab" in row.get("persist", "") for row in answer["rows"])


def test_the_machine_is_a_part_of_the_plan_only_when_asked_for(server):
    options = ["--no-probe", "--no-try", "--no-tables", "--json"]
    plain = server.kastune("plan", *options).json
    assert "host" not in plain and not any(step["kind"] in ("kernel-settings", "mount-options") for step in plain["plan"]["steps"])
    answer = server.kastune("plan", "--host-settings", *options)
    if answer.status == 4:
        # A container, or no root: said, with the way on.
        assert answer.json["error"]["hint"] == "kastune host advise prints the commands and the files"
        return
    kinds = [step["kind"] for step in answer.json["plan"]["steps"]]
    wanted = {row["name"] for row in answer.json["host"]}
    assert ("kernel-settings" in kinds) == any(not name.startswith(("noatime", "discard", "barriers")) for name in wanted)
    if "kernel-settings" in kinds and "postgres-settings" in kinds:
        assert kinds.index("kernel-settings") < kinds.index("postgres-settings")


@pytest.mark.skipif(os.geteuid() != 0, reason="runs as somebody else than root, which takes root")
def test_without_root_it_is_refused_and_printed(server):
    program = shutil.copy(BUILD / "src/kastune", server.base)  # the tree may lie in root's own folder
    state = server.base / "theirs"
    state.mkdir()
    shutil.chown(state, SERVER_USER)

    def by_server_user(*words):
        return subprocess.run(as_server_user(program, *words, "--no-probe", "--state", state), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**server.env, "HOME": str(server.base)}, timeout=120)

    answer = by_server_user("apply", "--yes", "--host-settings", "--no-try", "--no-tables")
    assert answer.returncode == 4 and "kastune host advise" in answer.stderr, answer
    printed = by_server_user("host", "advise")
    assert printed.returncode in (0, 3)
    if printed.returncode == 3:
        assert "By hand" in printed.stdout and ("only root" in printed.stdout or "container" in printed.stdout)
