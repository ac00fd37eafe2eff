"""A guest for tests: boots the image of scripts/guest-image in QEMU and runs programs in it.

    with Guest() as guest:
        guest.put("build/src/kastune", "/usr/bin/kastune")
        print(guest.run("kastune", "host").out)

The image itself is never written; a guest has no network, and ends with whoever started it.
"""
import io
import json
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
INITS = {"systemd": "/lib/systemd/systemd systemd.unit=guest.target", "quick": "/usr/local/sbin/guest-init"}
BOOT_S = 180
CANNOT = 77  # status of scripts/guest-image


class GuestFailed(Exception):
    """The guest itself, not a program in it."""


class Unavailable(Exception):
    """A guest cannot be had on this machine; why."""


class Answer:
    def __init__(self, status, out, err):
        self.status, self.bytes, self.out, self.err = status, out, out.decode(errors="replace"), err.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


def image():
    """The folder with the image, built when needed."""
    done = subprocess.run([ROOT / "scripts/guest-image"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == CANNOT:
        raise Unavailable(done.stderr.strip())
    if done.returncode != 0:
        raise GuestFailed(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


def accelerator():
    """/dev/kvm alone says little: it can be there where no Debian kernel runs in it. Emulating a newer processor is slower."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    if ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem,+rdrand"]


class Guest:
    def __init__(self, init="systemd", memory="2G", processors=2, disks=2, disk_size=1 << 30, folder=None):
        """`disks` empty disks: /dev/disk/by-id/virtio-scratch0 and so on."""
        folder = folder or image()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="kastune-guest-"))
        self.console = self.work / "console"
        self.process = self.port = self.control = None
        try:
            self._boot(folder, init, memory, processors, disks, disk_size)
        except BaseException:
            self.close()
            raise

    def _boot(self, folder, init, memory, processors, disks, disk_size):
        with self._listen("agent") as agent, self._listen("control") as control:
            drives = self._drive(folder / "root.ext4", "guest-root", "snapshot=on")
            for number in range(disks):
                disk = self.work / f"scratch{number}"
                with open(disk, "wb") as sparse:
                    sparse.truncate(disk_size)
                drives += self._drive(disk, disk.name, "discard=unmap")
            command = [
                # However its parent ends, the guest ends with it.
                "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", *accelerator(),
                "-machine", "q35,usb=off,vmport=off", "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot",
                "-smp", str(processors), "-m", memory, "-kernel", folder / "vmlinuz", "-initrd", folder / "initrd.img",
                "-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr random.trust_cpu=on no_timer_check "
                           f"tsc=reliable systemd.log_target=kmsg init={INITS[init]}",
                "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console", "-device", "virtio-rng-pci", *drives,
                "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={self.work}/agent",
                "-device", "virtserialport,chardev=agent,name=org.kastune.agent", "-qmp", f"unix:{self.work}/control"]
            with open(self.work / "qemu.log", "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env={**os.environ, "TMPDIR": str(self.work)})
            channel, _ = control.accept()
            channel.settimeout(BOOT_S)
            self.control = channel.makefile("rw")
            self.port, _ = agent.accept()
        self._command("qmp_capabilities")
        self.run("true", timeout=BOOT_S)

    def _listen(self, name):
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.work / name))
        listening.listen()
        listening.settimeout(BOOT_S)
        return listening

    def _command(self, name, until="return", **arguments):
        """To QEMU itself; its answers and events come as they will."""
        self.control.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.control.flush()
        for line in self.control:
            said = json.loads(line)
            if "error" in said:
                raise self._failed(f"{name}: {said['error']}")
            if until in (said.get("event"), *said):
                return
        raise self._failed(f"{name}: QEMU has ended")

    def reset(self):
        """As if the power failed for a moment: nothing in the guest is told, what its disks hold is there again."""
        self._command("set-action", reboot="reset")
        self._command("system_reset", until="RESET")
        while select.select([self.port], [], [], 0)[0]:  # what the agent was saying
            self.port.recv(1 << 16)
        self.run("true", timeout=BOOT_S)
        self._command("set-action", reboot="shutdown")  # only now: the firmware resets once more on its way

    @staticmethod
    def _drive(file, serial, more):
        return ["-drive", f"if=none,id={serial},file={file},format=raw,cache=unsafe,{more}",
                "-device", f"virtio-blk-pci,drive={serial},serial={serial}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As if the power was cut."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for channel in (self.port, self.control):
            if channel is not None:
                channel.close()
        self.port = self.control = None
        shutil.rmtree(self.work, ignore_errors=True)

    def _failed(self, why):
        said = "".join(f"\n--- {name}\n{(self.work / name).read_text(errors='replace')[-4000:]}" for name in ("qemu.log", "console")
                       if (self.work / name).exists())
        self.close()
        return GuestFailed(f"{why}{said}")

    def _read(self, size, deadline):
        content = b""
        while len(content) < size:
            if self.port is None or not select.select([self.port], [], [], max(0, deadline - time.monotonic()))[0]:
                raise self._failed("the guest does not answer")
            part = self.port.recv(size - len(content))
            if not part:
                raise self._failed("the guest has ended")
            content += part
        return content

    def run(self, *argv, input=b"", timeout=120, check=False, out=None, err=None):
        """Runs a program as root; one that takes longer than `timeout` seconds is killed: status 124. `out` and `err` are called
        with output as it comes, in place of collecting it."""
        if self.port is None:
            raise GuestFailed("the guest has ended")
        request = json.dumps({"argv": [str(word) for word in argv], "input": len(input), "timeout": timeout})
        self.port.sendall(request.encode() + b"\n" + input)
        parts = {b"o": [], b"e": []}
        sinks = {b"o": out or parts[b"o"].append, b"e": err or parts[b"e"].append}
        deadline = time.monotonic() + timeout + 60
        while True:
            head = self._read(5, deadline)
            kind, content = head[:1], self._read(struct.unpack(">I", head[1:])[0], deadline)
            if kind == b"x":
                answer = Answer(struct.unpack(">i", content)[0], b"".join(parts[b"o"]), b"".join(parts[b"e"]))
                assert not check or answer.status == 0, f"{' '.join(map(str, argv))}: {answer}"
                return answer
            sinks[kind](content)

    def shell(self, script, check=True, **kwargs):
        return self.run("bash", "-ec", script, check=check, **kwargs)

    def put(self, source, path):
        """A file or folder of the host becomes `path` in the guest."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(source, arcname=str(path).lstrip("/"), filter=lambda member: member.replace(uid=0, gid=0, uname="root", gname="root"))
        self.run("tar", "-x", "-C", "/", input=packed.getvalue(), check=True)

    def get(self, path, folder):
        """A file or folder of the guest, below `folder` of the host."""
        path = pathlib.PurePosixPath(path)
        packed = self.run("tar", "-c", "-C", path.parent, path.name, check=True).bytes
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(folder)
