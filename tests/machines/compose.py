#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Composes the machines of this folder that nobody could record: /proc, /sys and machine.ini in the formats that
proc(5), sysfs, cgroups(7) and zpool(8) document.

    compose.py            writes them anew beside this file (expected-platform.json stays)
    compose.py --check    fails when a committed machine is not what this program writes
"""

import inspect
import os
import shutil
import sys
import tempfile

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
GROUP_MOUNT = "rw,nosuid,nodev,noexec,relatime"


class Machine:
    """A tree of files, links and empty folders, and the groups of machine.ini."""

    def __init__(self, name, about):
        self.name, self.about = name, about
        self.files, self.links, self.folders, self.ini, self.mounts = {}, {}, set(), {}, []

    def file(self, path, text):
        self.files[path] = f"{text}\n"

    def fact(self, group, **values):
        self.ini.setdefault(group, {}).update({key.replace("_", "-"): value for key, value in values.items()})

    # -- memory, CPUs, kernel ------------------------------------------------------------------------------------------

    def memory(self, total_kb, available_kb, swap_kb=0, committed_kb=None, huge_pages=(0, 0), huge_page_kb=2048):
        committed_kb = committed_kb or (total_kb - available_kb) * 5 // 4
        commit_limit = (total_kb - huge_pages[0] * huge_page_kb) // 2 + swap_kb
        rows = [
            ("MemTotal", total_kb), ("MemFree", available_kb // 3), ("MemAvailable", available_kb),
             ("Buffers", total_kb // 90),
            ("Cached", available_kb // 2), ("SwapCached", 0), ("Active", total_kb // 4), ("Inactive", total_kb // 3),
            ("Unevictable", 0), ("Mlocked", 0), ("SwapTotal", swap_kb), ("SwapFree", swap_kb), ("Dirty", 1280),
            ("Writeback", 0), ("AnonPages", (total_kb - available_kb) // 2), ("Mapped", total_kb // 50),
             ("Shmem", total_kb // 40),
            ("KReclaimable", total_kb // 60), ("Slab", total_kb // 50), ("SReclaimable", total_kb // 60),
            ("SUnreclaim", total_kb // 200), ("KernelStack", 9120), ("PageTables", 41200),
             ("NFS_Unstable", 0), ("Bounce", 0),
            ("WritebackTmp", 0), ("CommitLimit", commit_limit), ("Committed_AS", committed_kb),
             ("VmallocTotal", 34359738367),
            ("VmallocUsed", 61232), ("VmallocChunk", 0), ("Percpu", 12672),
             ("HardwareCorrupted", 0), ("AnonHugePages", 0),
        ]
        lines = [f"{name + ':':<16}{value:>8} kB" for name, value in rows]
        lines += [f"HugePages_Total:{huge_pages[0]:>8}", f"HugePages_Free: {huge_pages[1]:>8}",
                  "HugePages_Rsvd:        0",
                  "HugePages_Surp:        0", f"Hugepagesize:   {huge_page_kb:>8} kB"]
        self.file("/proc/meminfo", "\n".join(lines))

    def cpus_x86(self, model, sockets=1, cores=4, threads=1, vendor="GenuineIntel", virtual=False, flags="",
                 nodes=None, offline=()):
        """Numbers CPUs as Linux does: first one thread of every core, then the second threads."""
        flags = ("fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush mmx fxsr sse sse2 ht syscall nx "
                 "pdpe1gb rdtscp lm constant_tsc pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 popcnt aes xsave avx rdrand avx2 "
                 "bmi1 bmi2 erms" + (" hypervisor" if virtual else "") + flags)
        blocks = []
        for cpu in range(sockets * cores * threads):
            if cpu in offline:
                continue
            core = cpu % (sockets * cores)
            blocks.append("\n".join([
                f"processor\t: {cpu}", f"vendor_id\t: {vendor}", "cpu family\t: 6", "model\t\t: 106", f"model name\t: {model}",
                "stepping\t: 6", "cpu MHz\t\t: 2899.998", "cache size\t: 36864 KB", f"physical id\t: {core // cores}",
                f"siblings\t: {cores * threads}", f"core id\t\t: {core % cores}", f"cpu cores\t: {cores}", f"apicid\t\t: {cpu}",
                "fpu\t\t: yes", "wp\t\t: yes", f"flags\t\t: {flags}", "bogomips\t: 5799.99", "clflush size\t: 64",
                "address sizes\t: 46 bits physical, 57 bits virtual", "power management:", ""]))
        self.file("/proc/cpuinfo", "\n".join(blocks))
        last = sockets * cores * threads - 1
        online = f"0-{last}" if not offline else f"0-{min(offline) - 1}"
        self.file("/sys/devices/system/cpu/online", online if last > 0 else "0")
        nodes = nodes or sockets
        self.file("/sys/devices/system/node/has_cpu", f"0-{nodes - 1}" if nodes > 1 else "0")
        self.fact("uname", machine="x86_64", page_size=4096)
        self.status("self", online)

    def cpus_arm(self, part, cores, board=None, features="fp asimd evtstrm crc32 cpuid"):
        blocks = [f"processor\t: {cpu}\nBogoMIPS\t: 108.00\nFeatures\t: {features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
                  f"CPU variant\t: 0x0\nCPU part\t: {part}\nCPU revision\t: 3\n" for cpu in range(cores)]
        self.file("/proc/cpuinfo", "\n".join(blocks) + (f"\nRevision\t: d03114\nSerial\t\t: 0\nModel\t\t: {board}" if board else ""))
        self.file("/sys/devices/system/cpu/online", f"0-{cores - 1}")
        for cpu in range(cores):
            self.file(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", cpu)
            self.file(f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", 0)
        self.file("/sys/devices/system/node/online", "0")
        self.fact("uname", machine="aarch64", page_size=4096)
        self.status("self", f"0-{cores - 1}")

    def status(self, pid, cpus, name="kastune"):
        self.file(f"/proc/{pid}/status",
                  f"Name:\t{name}\nUmask:\t0022\nState:\tR (running)\nTgid:\t4711\nUid:\t0\t0\t0\t0\n"
                                         f"Threads:\t1\nCpus_allowed_list:\t{cpus}\nMems_allowed_list:\t0")

    def kernel(self, release="6.1.0-28-amd64", hostname=None, distribution="Debian GNU/Linux 12 (bookworm)",
               clock="tsc",
               huge="always [madvise] never", shm=None, host=True, **vm):
        self.file("/proc/sys/kernel/hostname", hostname or self.name)
        self.file("/proc/sys/kernel/osrelease", release)
        self.file("/etc/os-release", f'PRETTY_NAME="{distribution}"\nID=linux')
        self.file("/sys/devices/system/clocksource/clocksource0/current_clocksource", clock)
        self.file("/sys/kernel/mm/transparent_hugepage/enabled", huge)
        self.file("/sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never")
        settings = dict(overcommit_memory=0, overcommit_ratio=50, swappiness=60, dirty_ratio=20,
                        dirty_background_ratio=10,
                        dirty_bytes=0, dirty_background_bytes=0, zone_reclaim_mode=0)
        settings.update(vm)
        for name, value in settings.items():
            self.file(f"/proc/sys/vm/{name}", value)
        for name, value in (("numa_balancing", 0), ("shmmax", 18446744073692774399),
                            ("shmall", 18446744073692774399)):
            self.file(f"/proc/sys/kernel/{name}", value)
        if shm:
            self.room("/dev/shm", shm, shm)
        if host:
            self.file("/proc/2/comm", "kthreadd")

    def firmware(self, vendor, product):
        self.file("/sys/class/dmi/id/sys_vendor", vendor)
        self.file("/sys/class/dmi/id/product_name", product)

    # -- file systems and devices --------------------------------------------------------------------------------------

    def mount(self, number, target, fs_type, source, options="rw,relatime", super_options="rw", root="/",
              parent=None):
        ids = {mount[1]: mount[0] for mount in self.mounts}
        if parent is None:
            above = target
            while above != "/" or not ids:
                above = os.path.dirname(above)
                if above in ids or above == "/":
                    break
            parent = ids.get(above, 1)
        identity = 20 + len(self.mounts)
        self.mounts.append((identity, target))
        line = f"{identity} {parent} {number} {root} {target} {options} shared:{identity} - {fs_type} {source} {super_options}"
        before = self.files.get("/proc/self/mountinfo", "")
        self.files["/proc/self/mountinfo"] = f"{before}{line}\n"

    def system_mounts(self):
        self.mount("0:21", "/proc", "proc", "proc", GROUP_MOUNT)
        self.mount("0:22", "/sys", "sysfs", "sysfs", GROUP_MOUNT)
        self.mount("0:5", "/dev", "devtmpfs", "udev", "rw,nosuid,relatime", "rw,size=8123456k,mode=755")
        self.mount("0:24", "/dev/shm", "tmpfs", "tmpfs", "rw,nosuid,nodev")

    def room(self, path, size, available, inodes=None, inodes_free=None):
        inodes = inodes if inodes is not None else size // 16384
        free = inodes_free if inodes_free is not None else inodes - inodes // 20 if inodes > 0 else -1
        self.fact(f"filesystem {path}", size=size, available=available, inodes=inodes, inodes_free=free)

    def paths(self, data, wal=None, wal_real=None, **more):
        wal = wal or f"{data}/pg_wal"
        self.fact("paths", data=data, wal=wal, **more)
        if wal_real:
            self.fact(f"path {wal}", real=wal_real)

    def probe(self, mount_point, reads_1, reads_16, write, sync, direct=True):
        self.ini[f"probe {mount_point}"] = dict(
            read_iops_1=reads_1, read_latency_1_us=round(1e6 / reads_1, 1), read_iops_16=reads_16,
            read_latency_16_us=round(16e6 / reads_16, 1), write_mb_s=write, fdatasync_us=sync,
            direct=str(direct).lower(), bytes=256 * MIB, elapsed_ms=4100, taken_at=1790000000)

    def disk(self, name, number, bus, size, rotational, scheduler="none [mq-deadline]", model=None, vendor=None,
             cache="write back",
             ahead=128, discard=0, partitions=()):
        """@bus: the part of the sysfs path between devices/ and block/. Partitions are (number, device number, size)."""
        link = f"../../devices/{bus}/block/{name}" if "nvme" not in bus else f"../../devices/{bus}/{name}"
        folder = f"/sys/class/block/{name}"
        self.links[f"/sys/dev/block/{number}"] = link
        self.file(f"{folder}/dev", number)
        self.file(f"{folder}/size", size // 512)
        self.queue(folder, rotational, scheduler, cache, ahead, discard)
        self.folders.add(f"{folder}/slaves")
        if model:
            self.file(f"{folder}/device/model", f"{model:<16}")
        if vendor:
            self.file(f"{folder}/device/vendor", f"{vendor:<8}")
        for index, part_number, part_size in partitions:
            part = f"{name}p{index}" if name[-1].isdigit() else f"{name}{index}"
            self.links[f"/sys/dev/block/{part_number}"] = f"{link}/{part}"
            self.file(f"/sys/class/block/{part}/dev", part_number)
            self.file(f"/sys/class/block/{part}/size", part_size // 512)
            self.file(f"/sys/class/block/{part}/partition", index)

    def queue(self, folder, rotational, scheduler, cache, ahead, discard):
        for name, value in (("rotational", rotational), ("scheduler", scheduler), ("write_cache", cache),
                            ("read_ahead_kb", ahead),
                            ("discard_max_bytes", discard)):
            self.file(f"{folder}/queue/{name}", value)

    def stacked(self, name, number, size, slaves, rotational, attributes, discard=0, ahead=128):
        """A device mapper or md device: @attributes are its driver's files, as dm/uuid or md/level."""
        folder = f"/sys/class/block/{name}"
        self.links[f"/sys/dev/block/{number}"] = f"../../devices/virtual/block/{name}"
        self.file(f"{folder}/dev", number)
        self.file(f"{folder}/size", size // 512)
        self.queue(folder, rotational, "none", "write back", ahead, discard)
        for slave in slaves:
            self.folders.add(f"{folder}/slaves/{slave}")
        for path, value in attributes.items():
            self.file(f"{folder}/{path}", value)

    # -- processes and control groups ----------------------------------------------------------------------------------

    def process(self, pid, name, rss, parent=1, shared=None, group=None):
        shared = rss // 4 if shared is None else shared
        pages, shared_pages = rss // 4096, shared // 4096
        self.file(f"/proc/{pid}/stat",
                  f"{pid} ({name}) S {parent} {pid} {pid} 0 -1 4194560 51234 0 12 0 8123 2210 0 0 20 0 4 0 1284 {rss * 3} {pages} "
                  "18446744073709551615 1 1 0 0 0 0 0 4096 81920 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0")
        self.file(f"/proc/{pid}/statm", f"{pages * 3} {pages} {shared_pages} 900 0 {pages} 0")
        if group:
            self.file(f"/proc/{pid}/cgroup", group)

    def server(self, pid=1200, cpus=None,
               group="0::/system.slice/system-postgresql.slice/postgresql@15-main.service", shared=140 * MIB):
        """A PostgreSQL of some processes that share their buffers."""
        self.fact("server", pid=pid)
        self.process(pid, "postgres", 28 * MIB, shared=26 * MIB, group=group)
        for child in range(1, 7):
            self.process(pid + child, "postgres", shared + 6 * MIB, parent=pid, shared=shared, group=group)
        self.status(pid, cpus or self.files["/sys/devices/system/cpu/online"].strip(), name="postgres")

    def small_programs(self, group="0::/system.slice/%s.service"):
        for pid, name, rss in ((1, "systemd", 12 * MIB), (310, "systemd-journal", 24 * MIB),
                               (350, "systemd-udevd", 8 * MIB),
                               (520, "dbus-daemon", 5 * MIB), (560, "sshd", 9 * MIB), (570, "cron", 3 * MIB),
                                (900, "bash", 6 * MIB)):
            self.process(pid, name, rss, parent=0 if pid == 1 else 1, shared=rss // 2,
                         group=group % name if "%s" in group else group)

    def cgroup2(self, path="/system.slice/system-postgresql.slice/postgresql@15-main.service", pid="self"):
        self.mount("0:26", "/sys/fs/cgroup", "cgroup2", "cgroup2", GROUP_MOUNT)
        self.file(f"/proc/{pid}/cgroup", f"0::{path}")
        if path != "/":
            self.folders.add(f"/sys/fs/cgroup{path}")

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, top):
        base = os.path.join(top, self.name)
        for path, text in {**self.files,
                           "/README.md": f"# {self.name}\n\n{COMPOSED}\n\n{inspect.cleandoc(self.about)}\n",
                           "/machine.ini": self.ini_text()}.items():
            os.makedirs(os.path.dirname(base + path), exist_ok=True)
            with open(base + path, "w", encoding="utf-8", newline="\n") as out:
                out.write(text)
        for path, target in self.links.items():
            os.makedirs(os.path.dirname(base + path), exist_ok=True)
            os.symlink(target, base + path)
        for path in self.folders:
            os.makedirs(base + path, exist_ok=True)
        for folder, folders, files in os.walk(base):
            if not folders and not files:
                with open(os.path.join(folder, ".keep"), "w", encoding="utf-8"):
                    pass

    def ini_text(self):
        escape = lambda value: str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        return "\n".join(f"[{group}]\n" + "".join(f"{key}={escape(value)}\n" for key, value in values.items())
                         for group, values in self.ini.items())


COMPOSED = "Composed by `../compose.py` from documented formats, not recorded."
PCI_NVME = "pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0"
AHCI = "pci0000:00/0000:00:17.0/ata{0}/host{1}/target{1}:0:0/{1}:0:0:0"
VIRTIO = "pci0000:00/0000:00:05.0/virtio2"
DATA = "/var/lib/postgresql/15/main"


def bare_metal_nvme():
    m = Machine("bare-metal-nvme-32g", """
        Bare metal, 16 CPUs (8 cores), 32 GB, one NVMe disk with ext4. The whole machine for PostgreSQL; the probe was
        taken.""")
    m.memory(32_776_384, 30_890_212, swap_kb=999_420)
    m.cpus_x86("AMD Ryzen 7 7700X 8-Core Processor", cores=8, threads=2, vendor="AuthenticAMD")
    m.kernel(shm=16 * GIB)
    m.firmware("ASRockRack", "B650D4U")
    m.disk("nvme0n1", "259:0", PCI_NVME, 1920383410176, 0, "[none] mq-deadline", "SAMSUNG MZQL21T9HCJR-00A07",
           cache="write through",
           discard=2199023255040, partitions=((1, "259:1", 536870912), (2, "259:2", 1919845490688)))
    m.mount("259:2", "/", "ext4", "/dev/nvme0n1p2", "rw,noatime", "rw,errors=remount-ro")
    m.system_mounts()
    m.cgroup2("/user.slice/user-0.slice/session-1.scope")
    m.server()
    m.file("/proc/1200/cgroup", "0::/system.slice/system-postgresql.slice/postgresql@15-main.service")
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 1889 * 10**9, 1701 * 10**9)
    m.room(f"{DATA}/pg_wal", 1889 * 10**9, 1701 * 10**9)
    m.probe("/", 14210, 198400, 1840, 24)
    return m


def lvm_sata_ssd():
    m = Machine("lvm-sata-ssd-16g", """
        A small server: 8 CPUs, 16 GB, two logical volumes (data, WAL) on one SATA SSD. `pg_wal` is a link to the second
        volume. The probe was taken for the data volume only.""")
    m.memory(16_264_104, 15_102_880, swap_kb=8_388_604)
    m.cpus_x86("Intel(R) Xeon(R) E-2278G CPU @ 3.40GHz", cores=8)
    m.kernel(shm=8 * GIB, swappiness=10)
    m.firmware("Supermicro", "Super Server")
    m.disk("sda", "8:0", AHCI.format(1, 0), 960197124096, 0, model="INTEL SSDSC2KB96", vendor="ATA",
           discard=2147450880,
           partitions=((1, "8:1", 1073741824), (2, "8:2", 959122333696)))
    uuid = "LVM-hJ2kPq0sXv1mWc3dRt5bNz7aLy9eKf4gUo6iTs8rEw0qYx2vBn"
    for name, number, label, size in (("dm-0", "253:0", "vg0-root", 64), ("dm-1", "253:1", "vg0-pg--data", 700),
                                      ("dm-2", "253:2", "vg0-pg--wal", 64)):
        m.stacked(name, number, size * GIB, ["sda2"], 0, {"dm/uuid": uuid + label, "dm/name": label},
                  discard=2147450880)
    m.mount("253:0", "/", "xfs", "/dev/mapper/vg0-root", super_options="rw,attr2,inode64,logbufs=8,noquota")
    m.system_mounts()
    m.mount("253:1", "/var/lib/postgresql", "xfs", "/dev/mapper/vg0-pg--data", "rw,noatime",
            "rw,attr2,inode64,logbufs=8,noquota")
    m.mount("253:2", "/var/lib/pgwal", "ext4", "/dev/mapper/vg0-pg--wal", "rw,noatime", "rw")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA, wal_real="/var/lib/pgwal/15")
    m.room(DATA, 700 * GIB, 512 * GIB, 367001600)
    m.room("/var/lib/pgwal/15", 63 * GIB, 58 * GIB)
    m.probe("/var/lib/postgresql", 8120, 61200, 480, 310)
    return m


def md_raid10_hdd():
    m = Machine("md-raid10-hdd-16g", """
        Four hard disks as md RAID 10 below ext4, 8 CPUs, 16 GB; one disk of the four is missing from the array. The
        probe was taken.""")
    m.memory(16_311_908, 15_420_104, swap_kb=4_194_300)
    m.cpus_x86("Intel(R) Xeon(R) CPU E3-1230 v6 @ 3.50GHz", cores=4, threads=2)
    m.kernel(shm=8 * GIB)
    m.firmware("Dell Inc.", "PowerEdge R230")
    for index, name in enumerate(("sda", "sdb", "sdc")):
        m.disk(name, f"8:{index * 16}", AHCI.format(index + 1, index), 4000787030016, 1, "none [mq-deadline]",
               "ST4000NM000A-2HZ", "ATA",
               partitions=((1, f"8:{index * 16 + 1}", 4000784842752),))
    m.stacked("md0", "9:0", 7813567488 * KIB, ["sda1", "sdb1", "sdc1"], 1, {"md/level": "raid10"}, ahead=4096)
    m.mount("9:0", "/", "ext4", "/dev/md0", "rw,relatime", "rw,errors=remount-ro,stripe=256")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 7813 * 10**9, 5210 * 10**9)
    m.room(f"{DATA}/pg_wal", 7813 * 10**9, 5210 * 10**9)
    m.probe("/", 128, 402, 310, 9100)
    return m


def raid5_crypt_without_aes():
    m = Machine("raid5-crypt-no-aes-8g", """
        An old server: ext4 on dm-crypt on md RAID 5 of three hard disks, a CPU without AES instructions, 8 GB, WAL in a tmpfs.
        The scheduler is bfq, the mount has discard and no timer trims. Not measured.""")
    m.memory(8_167_848, 7_120_104, swap_kb=2_097_148)
    m.cpus_x86("Intel(R) Xeon(R) CPU X5450 @ 3.00GHz", cores=4)
    m.files["/proc/cpuinfo"] = m.files["/proc/cpuinfo"].replace(" aes ", " ")
    m.kernel(shm=4 * GIB)
    m.firmware("Dell Inc.", "PowerEdge 2950")
    for index, name in enumerate(("sda", "sdb", "sdc")):
        m.disk(name, f"8:{index * 16}", AHCI.format(index + 1, index), 1000204886016, 1, "none mq-deadline [bfq]",
               "ST1000NM0011", "ATA", partitions=((1, f"8:{index * 16 + 1}", 1000202788864),))
    m.stacked("md0", "9:0", 2000405577728, ["sda1", "sdb1", "sdc1"], 1, {"md/level": "raid5"}, ahead=4096)
    m.stacked("dm-0", "253:0", 2000388800512, ["md0"], 1, {"dm/uuid": "CRYPT-LUKS1-77-pgcrypt", "dm/name": "pgcrypt"})
    m.mount("253:0", "/", "ext4", "/dev/mapper/pgcrypt", "rw,relatime", "rw,discard,stripe=256")
    m.system_mounts()
    m.mount("0:99", f"{DATA}/pg_wal", "tmpfs", "tmpfs", "rw,relatime", "rw,size=1048576k")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 1968 * 10**9, 1200 * 10**9)
    m.room(f"{DATA}/pg_wal", 1 * GIB, 1 * GIB - 64 * MIB)
    return m


def numa():
    m = Machine("numa-two-sockets-128g", """
        Two sockets of 16 cores with two threads each, two NUMA nodes, 128 GB of which 4 GB are reserved as huge pages,
        data and WAL on separate NVMe disks, automatic NUMA balancing on. Not measured.""")
    m.memory(131_886_424, 122_410_040, huge_pages=(2048, 2048), swap_kb=0)
    m.cpus_x86("Intel(R) Xeon(R) Gold 6346 CPU @ 3.10GHz", sockets=2, cores=16, threads=2)
    m.kernel(shm=64 * GIB, huge="[always] madvise never")
    m.file("/proc/sys/kernel/numa_balancing", 1)
    m.firmware("HPE", "ProLiant DL380 Gen10 Plus")
    for index, where in enumerate(("0000:17:02.0/0000:18:00.0", "0000:b0:02.0/0000:b1:00.0")):
        m.disk(f"nvme{index}n1", f"259:{index * 4}",
               f"pci0000:{'17' if index == 0 else 'b0'}/{where}/nvme/nvme{index}", 3840755982336, 0,
               "[none] mq-deadline", "MO003200KWZQQ", cache="write through", discard=2199023255040,
               partitions=((1, f"259:{index * 4 + 1}", 3840753885184),))
        m.file(f"/sys/class/block/nvme{index}n1/device/transport", "pcie")
    m.mount("259:1", "/", "xfs", "/dev/nvme0n1p1", super_options="rw,attr2,inode64,noquota")
    m.system_mounts()
    m.mount("259:5", "/pgwal", "xfs", "/dev/nvme1n1p1", "rw,noatime", "rw,attr2,inode64,noquota")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA, wal_real="/pgwal/15")
    m.room(DATA, 3838 * 10**9, 2900 * 10**9)
    m.room("/pgwal/15", 3838 * 10**9, 3700 * 10**9)
    return m


def vps():
    m = Machine("vps-2g", """
        A small virtual server: 1 CPU, 2 GB, one virtio disk that calls itself rotating although the provider sells
        flash. Not measured, so the class is unknown.""")
    m.memory(2_014_436, 1_702_316, swap_kb=0)
    m.cpus_x86("QEMU Virtual CPU version 2.5+", cores=1, virtual=True)
    m.kernel(clock="kvm-clock", shm=1007218 * KIB)
    m.firmware("Hetzner", "vServer")
    m.disk("vda", "254:0", VIRTIO, 40 * GIB, 1, partitions=((1, "254:1", 39 * GIB),))
    m.file("/sys/class/block/vda/device/vendor", "0x1af4")
    m.mount("254:1", "/", "ext4", "/dev/root", "rw,relatime", "rw,discard,errors=remount-ro")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server(shared=60 * MIB)
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 38 * GIB, 29 * GIB)
    m.room(f"{DATA}/pg_wal", 38 * GIB, 29 * GIB)
    return m


def arm_usb_ssd():
    m = Machine("arm-board-usb-ssd-8g", """
        A board with four ARM cores and 8 GB, the system on a memory card, the data on an SSD behind USB whose bridge
        calls it rotating. The probe was taken on the SSD.""")
    m.memory(7_994_880, 7_421_332, swap_kb=524_284, huge_page_kb=2048)
    m.cpus_arm("0xd08", 4, "Raspberry Pi 4 Model B Rev 1.4")
    m.kernel(release="6.6.31+rpt-rpi-v8", clock="arch_sys_counter", shm=3997440 * KIB)
    m.disk("mmcblk0", "179:0", "platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa", 62 * GIB, 0,
           cache="write back",
           partitions=((1, "179:1", 512 * MIB), (2, "179:2", 61 * GIB)))
    m.file("/sys/class/block/mmcblk0/device/name", "SN64G")
    m.disk("sda", "8:0", "platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb2/2-1/2-1:1.0/host0/target0:0:0/"
           "0:0:0:0", 500107862016, 1,
           model="SSD 870 EVO 500G", vendor="Samsung", partitions=((1, "8:1", 500106813440),))
    m.mount("179:2", "/", "ext4", "/dev/mmcblk0p2", "rw,noatime", "rw")
    m.system_mounts()
    m.mount("8:1", "/srv/postgresql", "ext4", "/dev/sda1", "rw,noatime", "rw")
    m.cgroup2("/user.slice")
    m.server(shared=120 * MIB)
    m.small_programs()
    m.paths("/srv/postgresql/15/main")
    m.room("/srv/postgresql/15/main", 491 * 10**9, 402 * 10**9)
    m.room("/srv/postgresql/15/main/pg_wal", 491 * 10**9, 402 * 10**9)
    m.probe("/srv/postgresql", 3120, 17200, 295, 1450)
    return m


def arm_sd_card():
    m = Machine("arm-board-sd-card-4g", """
        A board with four small ARM cores of two clusters and 4 GB, everything on a memory card. No model names, no
        probe.""")
    m.memory(3_884_416, 3_310_220)
    m.cpus_arm("0xd05", 4, features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics")
    m.kernel(release="5.10.160-rockchip", clock="arch_sys_counter", shm=1942208 * KIB,
             distribution="Armbian 24.2 bookworm")
    m.disk("mmcblk1", "179:0", "platform/fe2b0000.dwmmc/mmc_host/mmc1/mmc1:59b4", 119 * GIB, 0,
           partitions=((1, "179:1", 118 * GIB),))
    m.mount("179:1", "/", "ext4", "/dev/mmcblk1p1", "rw,noatime", "rw,errors=remount-ro,commit=600")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.paths(DATA)
    m.room(DATA, 117 * GIB, 96 * GIB)
    m.room(f"{DATA}/pg_wal", 117 * GIB, 96 * GIB)
    m.small_programs()
    return m


def cgroup_v1_container():
    m = Machine("container-cgroup-v1", """
        A Docker container with 4 GB and 2 CPUs of a host with 32 GB and 8 CPUs that has cgroup version 1, seen from
        inside: /proc/meminfo and /proc/cpuinfo show the host. An outer level that the container cannot see limits it to
        3 GB, which only memory.stat tells. `/dev/shm` has Docker's 64 MB, huge pages are forbidden. Not measured.""")
    container = "/docker/3f5c0a9be1d24e8f8f3cde2a6b7f1d0c9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"
    m.memory(32_858_112, 21_210_992, swap_kb=2_097_148)
    m.cpus_x86("Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz", cores=8)
    m.kernel(release="5.10.0-33-amd64", shm=64 * MIB, host=False, hostname="3f5c0a9be1d2")
    m.firmware("Gigabyte Technology Co., Ltd.", "Z390 AORUS PRO")
    m.file("/.dockerenv", "")
    m.files["/.dockerenv"] = ""
    m.mount("0:51", "/", "overlay", "overlay",
            super_options="rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir="
            "/var/lib/docker/overlay2/c/diff,workdir=/var/lib/docker/overlay2/c/work")
    m.mount("0:52", "/proc", "proc", "proc", GROUP_MOUNT)
    m.mount("0:53", "/dev", "tmpfs", "tmpfs", "rw,nosuid", "rw,size=65536k,mode=755")
    m.mount("0:54", "/sys", "sysfs", "sysfs", "ro,nosuid,nodev,noexec,relatime")
    m.mount("0:55", "/sys/fs/cgroup", "tmpfs", "tmpfs", "rw,nosuid,nodev,noexec,relatime", "rw,mode=755")
    for number, controllers in ((31, "cpuset"), (32, "cpu,cpuacct"), (33, "memory"), (34, "hugetlb"),
                                (35, "name=systemd")):
        folder = "systemd" if controllers.startswith("name") else controllers
        m.mount(f"0:{number}", f"/sys/fs/cgroup/{folder}", "cgroup", "cgroup", "ro,nosuid,nodev,noexec,relatime",
                f"rw,{controllers}", root=container)
    m.mount("0:50", "/dev/shm", "tmpfs", "shm", "rw,nosuid,nodev,noexec,relatime", "rw,size=65536k")
    m.mount("8:2", "/var/lib/postgresql/data", "ext4", "/dev/sda2", "rw,relatime", "rw,errors=remount-ro",
            root="/var/lib/docker/volumes/kaspa-db/_data")
    groups = "\n".join(f"{index}:{name}:{container}" for index,
                       name in ((9, "memory"), (8, "hugetlb"), (5, "cpuset"), (3, "cpu,cpuacct"),
                                (1, "name=systemd")))
    for pid in ("self", "1"):
        m.file(f"/proc/{pid}/cgroup", f"{groups}\n0::/system.slice/containerd.service")
    memory = "/sys/fs/cgroup/memory"
    m.file(f"{memory}/memory.limit_in_bytes", 4 * GIB)
    m.file(f"{memory}/memory.memsw.limit_in_bytes", 8 * GIB)
    m.file(f"{memory}/memory.usage_in_bytes", 812_331_008)
    m.file(f"{memory}/memory.stat", f"cache 532676608\nrss 241172480\nrss_huge 0\n"
           f"mapped_file 141557760\nhierarchical_memory_limit {3 * GIB}\n"
           f"hierarchical_memsw_limit {8 * GIB}\ntotal_cache 532676608")
    m.file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", 200000)
    m.file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", 100000)
    m.file("/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "0-7")
    m.file("/sys/fs/cgroup/cpuset/cpuset.cpus", "0-7")
    m.file("/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes", 0)
    m.disk("sda", "8:0", AHCI.format(1, 0), 1000204886016, 0, model="Samsung SSD 860", vendor="ATA",
           discard=2147450880,
           partitions=((1, "8:1", 536870912), (2, "8:2", 999666221056)))
    m.process(1, "postgres", 27 * MIB, parent=0, shared=25 * MIB)
    for pid in range(60, 66):
        m.process(pid, "postgres", 146 * MIB, parent=1, shared=140 * MIB)
    m.process(90, "bash", 4 * MIB, parent=0)
    m.fact("server", pid=1)
    m.status(1, "0-7", "postgres")
    m.paths("/var/lib/postgresql/data")
    for path in ("/var/lib/postgresql/data", "/var/lib/postgresql/data/pg_wal"):
        m.room(path, 983 * 10**9, 640 * 10**9)
    return m


def cgroup_v2_container():
    m = Machine("container-cgroup-v2", """
        A container in a group namespace of its own (`0::/`) with 6 GB, 1.5 CPUs and four CPUs to choose from, on a
        cloud host with 64 GB and 16 CPUs. memory.high (5 GB) is below memory.max. The data lies on a network volume
        held to 3,000 operations a second, where the probe was taken.""")
    m.memory(65_842_224, 48_120_340)
    m.cpus_x86("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", cores=8, threads=2, virtual=True)
    m.kernel(release="6.8.0-1021-aws", shm=GIB, host=False, hostname="kaspa-db-0",
             distribution="Debian GNU/Linux 12 (bookworm)")
    m.firmware("Amazon EC2", "m6i.4xlarge")
    m.mount("0:312", "/", "overlay", "overlay", super_options="rw,lowerdir=/run/l,upperdir=/run/u,workdir=/run/w")
    m.mount("0:315", "/proc", "proc", "proc", GROUP_MOUNT)
    m.mount("0:316", "/sys", "sysfs", "sysfs", "ro,nosuid,nodev,noexec,relatime")
    m.mount("0:27", "/sys/fs/cgroup", "cgroup2", "cgroup", "ro,nosuid,nodev,noexec,relatime",
            "rw,nsdelegate,memory_recursiveprot")
    m.mount("259:3", "/var/lib/postgresql/data", "ext4", "/dev/nvme1n1", "rw,relatime", "rw")
    m.file("/proc/self/cgroup", "0::/")
    m.file("/run/systemd/container", "podman")
    group = "/sys/fs/cgroup"
    for name, value in (("memory.max", 6 * GIB), ("memory.high", 5 * GIB), ("memory.current", 1_203_331_072),
                        ("memory.swap.max", 0),
                        ("cpu.max", "150000 100000"), ("cpuset.cpus.effective", "4-7"), ("hugetlb.2MB.max", "max")):
        m.file(f"{group}/{name}", value)
    m.disk("nvme1n1", "259:3", "pci0000:00/0000:00:1f.0/nvme/nvme1", 500 * GIB, 0, "[none] mq-deadline",
           "Amazon Elastic Block Store",
           cache="write through", discard=0)
    m.status("self", "4-7")
    m.process(1, "tini", 2 * MIB, parent=0)
    m.process(7, "postgres", 27 * MIB, shared=25 * MIB)
    m.process(31, "postgres", 300 * MIB, parent=7, shared=290 * MIB)
    m.paths("/var/lib/postgresql/data")
    for path in ("/var/lib/postgresql/data", "/var/lib/postgresql/data/pg_wal"):
        m.room(path, 492 * GIB, 350 * GIB)
    m.probe("/var/lib/postgresql/data", 1640, 3010, 126, 910)
    return m


def systemd_slices():
    m = Machine("systemd-slices-cgroup-v2", """
        A host with 32 GB whose administrator gave the database a slice: 12 GB for the slice above it, 10 GB memory.high
        for the service itself, 4 CPUs by quota two levels up, six CPUs by affinity. kaspad runs beside in a slice of
        its own, outside that limit, and mostly fits there.""")
    group = "0::/kaspa.slice/kaspa-db.slice/postgresql@15-main.service"
    node = "0::/node.slice/kaspad.service"
    m.memory(32_711_108, 19_820_220)
    m.cpus_x86("AMD EPYC 7402P 24-Core Processor", cores=8, vendor="AuthenticAMD")
    m.kernel(shm=16 * GIB)
    m.firmware("ASUSTeK COMPUTER INC.", "RS500A-E10-RS12U")
    m.disk("nvme0n1", "259:0", PCI_NVME, 960197124096, 0, "[none] mq-deadline", "Micron_7300_MTFDHBE960TDF",
           cache="write through", discard=2199023255040,
           partitions=((1, "259:1", 960195026944),))
    m.mount("259:1", "/", "ext4", "/dev/nvme0n1p1", "rw,relatime", "rw")
    m.system_mounts()
    m.cgroup2("/user.slice")
    base = "/sys/fs/cgroup/kaspa.slice"
    for folder, memory_max, high, cpu in ((base, 12 * GIB, "max", "400000 100000"),
                                          (f"{base}/kaspa-db.slice", "max", "max", "max 100000"),
                                          (f"{base}/kaspa-db.slice/postgresql@15-main.service", 11 * GIB, 10 * GIB,
                                           "max 100000")):
        m.file(f"{folder}/memory.max", memory_max)
        m.file(f"{folder}/memory.high", high)
        m.file(f"{folder}/memory.swap.max", "max")
        m.file(f"{folder}/memory.current", 2_100_117_504)
        m.file(f"{folder}/cpu.max", cpu)
    m.file(f"{base}/cpuset.cpus.effective", "0-7")
    m.server(cpus="2-7", group=group)
    m.small_programs()
    m.process(2101, "kaspad", 9 * GIB + 512 * MIB, shared=40 * MIB, group=node)
    m.process(2300, "simply-kaspa-in", 420 * MIB, shared=12 * MIB, group="0::/kaspa.slice/indexer.service")
    m.paths(DATA)
    m.room(DATA, 944 * 10**9, 388 * 10**9)
    m.room(f"{DATA}/pg_wal", 944 * 10**9, 388 * 10**9)
    return m


def dm_crypt_laptop():
    m = Machine("dm-crypt-laptop-16g", """
        A laptop: LVM inside dm-crypt on a partition of an NVMe disk, 16 GB, 8 CPUs of which two are offline, a desktop
        running. Not measured.""")
    m.memory(16_090_448, 9_120_552, swap_kb=16_777_212)
    m.cpus_x86("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", cores=4, threads=2, offline=(6, 7))
    m.kernel(release="6.1.0-28-amd64", hostname="thinkpad", shm=8 * GIB, clock="hpet")
    m.firmware("LENOVO", "20XWCTO1WW")
    m.disk("nvme0n1", "259:0", PCI_NVME, 512110190592, 0, "[none] mq-deadline", "WDC PC SN730 SDBQNTY-512G-1001",
           discard=2199023255040,
           partitions=((1, "259:1", 536870912), (3, "259:3", 510000000000)))
    m.stacked("dm-0", "254:0", 509983219712, ["nvme0n1p3"], 0,
              {"dm/uuid": "CRYPT-LUKS2-6f1f0a3c1b7e4c3f9a2d-nvme0n1p3_crypt", "dm/name": "nvme0n1p3_crypt"})
    m.stacked("dm-1", "254:1", 490 * 10**9, ["dm-0"], 0, {"dm/uuid": "LVM-Zk1", "dm/name": "laptop--vg-root"})
    m.mount("254:1", "/", "ext4", "/dev/mapper/laptop--vg-root", "rw,relatime", "rw,errors=remount-ro")
    m.system_mounts()
    m.cgroup2("/user.slice/user-1000.slice/session-2.scope")
    m.server(cpus="0-5")
    m.small_programs()
    for pid, name, rss, shared in ((3001, "gnome-shell", 410 * MIB, 160 * MIB),
                                   (3400, "firefox-esr", 980 * MIB, 240 * MIB), (3410, "Isolated Web Co", 520 * MIB,
                                    110 * MIB),
                                   (3411, "Isolated Web Co", 610 * MIB, 110 * MIB), (3900, "code (main) x",
                                    350 * MIB, 140 * MIB)):
        m.process(pid, name, rss, shared=shared, group="0::/user.slice/user-1000.slice/session-2.scope")
    m.paths(DATA)
    m.room(DATA, 481 * 10**9, 211 * 10**9)
    m.room(f"{DATA}/pg_wal", 481 * 10**9, 211 * 10**9)
    return m


def zfs_host():
    m = Machine("zfs-mirror-64g", """
        OpenZFS 2.1.11 on a mirror of two NVMe disks with a log device, the data directory on a dataset of its own, the
        ARC limited to 16 GB; 64 GB, 16 CPUs. The output of `zpool list -HpvLP` has the form recorded in a real guest.
        The probe was answered by the ARC, as ZFS before 2.3 takes O_DIRECT without meaning it.""")
    m.memory(65_703_944, 41_008_116)
    m.cpus_x86("AMD EPYC 7313P 16-Core Processor", cores=16, vendor="AuthenticAMD")
    m.kernel(shm=32 * GIB)
    m.firmware("Supermicro", "AS -1014S-WTRT")
    for index in (0, 1):
        m.disk(f"nvme{index}n1", f"259:{index * 4}",
               f"pci0000:40/0000:40:0{index + 1}.1/0000:4{index + 1}:00.0/nvme/nvme{index}", 1920383410176, 0, "[none] mq-deadline",
               "INTEL SSDPE2KX020T8", cache="write through", discard=2199023255040, partitions=((1,
                   f"259:{index * 4 + 1}", 1920373284864),))
    m.disk("sda", "8:0", AHCI.format(1, 0), 240057409536, 0, model="INTEL SSDSC2KG24", vendor="ATA",
           partitions=((1, "8:1", 200 * GIB), (2, "8:2", 16 * GIB)))
    m.mount("8:1", "/", "ext4", "/dev/sda1", "rw,relatime", "rw,errors=remount-ro")
    m.system_mounts()
    m.mount("0:47", "/tank", "zfs", "tank", "rw,relatime", "rw,xattr,noacl")
    m.mount("0:48", "/tank/pgdata", "zfs", "tank/pgdata", "rw,noatime", "rw,xattr,noacl")
    m.mount("0:49", "/tank/pgwal", "zfs", "tank/pgwal", "rw,noatime", "rw,xattr,noacl")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.file("/sys/module/zfs/version", "2.1.11-1+deb12u1")
    m.file("/proc/spl/kstat/zfs/arcstats",
           "9 1 0x01 123 33456 5123456789 712345678901234\nname                            type data\n"
           "hits                            4    8123456712\n"
           "misses                          4    91234567\np                               4    8123456789\n"
           f"c                               4    {16 * GIB}\n"
           f"c_min                           4    2102526208\nc_max                           4    {16 * GIB}\n"
           "size                            4    17012345678\ncompressed_size                 4    15012345678")
    m.fact("programs", zfs="true", zpool="true")
    size, used = 1910784942080, 812345678848
    dash = "\t".join("-" * 8)
    m.ini["output"] = {"zpool list -HpvLP":
                       f"tank\t{size}\t{used}\t{size - used}\t-\t-\t21\t42\t1.00\tONLINE\t-\n"
                       f"\tmirror-0\t{size}\t{used}\t{size - used}\t-\t-\t21\t42\t-\tONLINE\n"
                       f"\t/dev/nvme0n1p1\t1920373284864\t{dash[:-2]}\tONLINE\n\t/dev/nvme1n1p1\t1920373284864\t{dash[:-2]}\tONLINE\n"
                       "logs                     -      -      -        -         -      -      -      -  -\n"
                       "\t/dev/sda2\t17179869184\t0\t16642998272\t-\t-\t0\t0\t-\tONLINE"}
    m.paths("/tank/pgdata/15", wal_real="/tank/pgwal/15")
    m.room("/tank/pgdata/15", 1500 * 10**9, 1038 * 10**9, 2027343750, 2027000000)
    m.room("/tank/pgwal/15", 1042 * 10**9, 1038 * 10**9, 2027343750, 2027000000)
    m.probe("/tank/pgdata", 168000, 702000, 910, 95, direct=False)
    return m


def tmpfs():
    m = Machine("tmpfs-data", """
        A machine for tests: the data directory lies in a tmpfs of 8 GB, so its files take from the 16 GB of memory.""")
    m.memory(16_384_000, 15_002_112)
    m.cpus_x86("Intel(R) Xeon(R) Processor @ 2.20GHz", cores=2, threads=2, virtual=True)
    m.kernel(shm=8 * GIB)
    m.firmware("Google", "Google Compute Engine")
    m.disk("sda", "8:0", "pci0000:00/0000:00:03.0/virtio0/host0/target0:0:1/0:0:1:0", 100 * GIB, 0,
           model="PersistentDisk", vendor="Google", partitions=((1, "8:1", 99 * GIB),))
    m.mount("8:1", "/", "ext4", "/dev/sda1", "rw,relatime", "rw,discard")
    m.system_mounts()
    m.mount("0:60", "/run/postgresql-test", "tmpfs", "tmpfs", "rw,nosuid,nodev,relatime", "rw,size=8388608k")
    m.cgroup2("/user.slice")
    m.small_programs()
    m.paths("/run/postgresql-test/data")
    for path in ("/run/postgresql-test/data", "/run/postgresql-test/data/pg_wal"):
        m.room(path, 8 * GIB, 7 * GIB, 2048000, 2046000)
    m.probe("/run/postgresql-test", 612000, 1810000, 3400, 2, direct=False)
    return m


def wsl2():
    m = Machine("wsl2-8g", """
        Windows Subsystem for Linux 2: Microsoft's kernel, 8 GB of the host's memory, the root on a virtual disk,
        Windows' drive over 9p. Not measured.""")
    m.memory(8_035_432, 7_210_044, swap_kb=2_097_152)
    m.cpus_x86("12th Gen Intel(R) Core(TM) i5-12400", cores=6, threads=2, virtual=True)
    m.kernel(release="5.15.167.4-microsoft-standard-WSL2", distribution="Ubuntu 22.04.5 LTS",
             clock="hyperv_clocksource_tsc_page", shm=4017716 * KIB, hostname="DESKTOP-4F2K")
    m.disk("sdc", "8:32", "LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/"
           "fd1d2cbd-ce7c-535c-966b-eb5f811c95f0/host0/target0:0:0/0:0:0:2", TIB, 1, "none [mq-deadline]",
           "Virtual Disk", "Msft")
    m.mount("8:32", "/", "ext4", "/dev/sdc", "rw,relatime", "rw,discard,errors=remount-ro,data=ordered")
    m.system_mounts()
    m.mount("0:62", "/mnt/c", "9p", "C:\\134", "rw,noatime",
            "rw,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/,mmap,access=client,msize=65536,trans=fd")
    m.cgroup2("/init.scope")
    m.file("/proc/self/cgroup", "0::/")
    m.small_programs()
    m.paths(DATA, **{"tablespace slow": "/mnt/c/pg"})
    m.room(DATA, 1006 * 10**9, 901 * 10**9)
    m.room(f"{DATA}/pg_wal", 1006 * 10**9, 901 * 10**9)
    m.room("/mnt/c/pg", 498 * 10**9, 120 * 10**9, 999, 1000000)
    return m


def broken():
    m = Machine("broken-files", """
        Files that are missing, cut off or nonsense, as after a failing disk or in a jail that hides most of /proc and
        /sys. Memory is known, nearly nothing else; nothing may crash, and the notes say what is unknown.""")
    m.file("/proc/meminfo", "MemTotal:        4018700 kB\nMemAvailable: many kB\nSwapTotal 12 kB\n"
           "Hugepagesize:\nCommitLimit: 99999999999999999999999 kB\n:::\nMemFr")
    m.file("/proc/cpuinfo", "processor\nmodel name : \n\x01\x02 id: 5\ncore id : x\nphysical id\t: -\n")
    m.file("/sys/devices/system/cpu/online", "0-99999999,2-1,x")
    m.file("/sys/devices/system/node/online", "\t")
    m.files["/proc/self/mountinfo"] = ("21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n22 21 garbage\n"
                                       "23 21 0:4 / /proc rw\n24 21 0:22 / /sys rw - sysfs\n"
                                       "25 24 0:30 / /sys/fs/cgroup rw - cgroup cgroup rw,memory\n"
                                       "26 26 8:2 / /data rw - ext4 /dev/sdb1 rw\n27 21 8:")
    m.file("/proc/self/cgroup", "4:memory:no/slash\n::\n7\n0::/../../..")
    m.file("/sys/fs/cgroup/memory.limit_in_bytes", "a lot")
    m.file("/sys/fs/cgroup/memory.usage_in_bytes", "")
    m.file("/sys/fs/cgroup/memory.stat", "hierarchical_memory_limit -5")
    m.links["/sys/dev/block/8:1"] = "../../devices/gone/block/sda/sda1"
    m.file("/sys/class/block/sda1/partition", "first")
    m.file("/sys/class/block/sda1/size", "-3")
    m.file("/sys/class/block/sda/size", "99999999999999999999")
    m.file("/sys/class/block/sda/queue/rotational", "maybe")
    m.file("/sys/class/block/sda/queue/scheduler", "[none")
    m.file("/proc/12/stat", "12 (cut off")
    m.file("/proc/13/stat", "13 (a) b) S 13 13 13 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 1 900 1")
    m.file("/proc/13/statm", "x y z")
    m.file("/proc/sys/vm/swappiness", "sixty")
    m.file("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise never")
    m.file("/etc/os-release", 'PRETTY_NAME="not closed')
    m.file("/sys/module/zfs/version", "")
    m.fact("programs", zfs="true", zpool="perhaps")
    m.fact("server", pid=-7)
    m.fact("paths", data=DATA, wal="relative/path")
    m.fact("probe /", read_iops_1="fast", read_latency_1_us=-3)
    return m


def hdd_64g():
    m = Machine("hdd-raid1-64g", """
        Plenty of memory on slow disks: 64 GB, 12 CPUs, two hard disks as md RAID 1 with LVM on top. The probe shows a
        controller with a protected cache: flushes are fast, reads are not.""")
    m.memory(65_912_004, 62_008_116, swap_kb=8_388_604)
    m.cpus_x86("Intel(R) Xeon(R) CPU E5-1650 v3 @ 3.50GHz", cores=6, threads=2)
    m.kernel(shm=32 * GIB)
    m.firmware("HP", "ProLiant ML350 Gen9")
    for index, name in enumerate(("sda", "sdb")):
        m.disk(name, f"8:{index * 16}", f"pci0000:00/0000:00:03.0/0000:08:00.0/host0/port-0:{index}/end_device-0:{index}/"
               f"target0:0:{index}/0:0:{index}:0",
               6001175126016, 1, model="MB6000GVYYU", vendor="HP", cache="write through", partitions=((2,
                   f"8:{index * 16 + 2}", 6000638255104),))
    m.stacked("md127", "9:127", 6000501952512, ["sda2", "sdb2"], 1, {"md/level": "raid1"})
    m.stacked("dm-0", "253:0", 5 * TIB, ["md127"], 1, {"dm/uuid": "LVM-abc", "dm/name": "vg-data"})
    m.mount("253:0", "/", "xfs", "/dev/mapper/vg-data", "rw,relatime", "rw,attr2,inode64,noquota")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 5 * TIB, 3 * TIB)
    m.room(f"{DATA}/pg_wal", 5 * TIB, 3 * TIB)
    m.probe("/", 141, 305, 165, 110)
    return m


def two_cpus_128g():
    m = Machine("two-cpus-128g", """
        An uneven cloud machine: 2 CPUs with 128 GB, NVMe inside the machine, a large swap file. Measured.""")
    m.memory(130_814_220, 128_002_116, swap_kb=16_777_212)
    m.cpus_x86("AMD EPYC 9R14", cores=1, threads=2, vendor="AuthenticAMD", virtual=True)
    m.kernel(release="6.8.0-1021-aws", shm=64 * GIB, distribution="Ubuntu 24.04.1 LTS", clock="kvm-clock")
    m.firmware("Amazon EC2", "x8g.large")
    m.disk("nvme1n1", "259:1", "pci0000:00/0000:00:1f.0/nvme/nvme1", 1900000000000, 0, "[none] mq-deadline",
           "Amazon EC2 NVMe Instance Storage", cache="write through")
    m.disk("nvme0n1", "259:0", "pci0000:00/0000:00:04.0/nvme/nvme0", 64 * GIB, 0, "[none] mq-deadline",
           "Amazon Elastic Block Store", cache="write through", partitions=((1, "259:2", 63 * GIB),))
    m.mount("259:2", "/", "ext4", "/dev/root", "rw,relatime", "rw,discard,errors=remount-ro")
    m.system_mounts()
    m.mount("259:1", "/mnt/nvme", "xfs", "/dev/nvme1n1", "rw,noatime", "rw,attr2,inode64,noquota")
    m.mount("259:1", "/var/lib/postgresql", "xfs", "/dev/nvme1n1", "rw,noatime", "rw,attr2,inode64,noquota",
            root="/postgresql")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 1899 * 10**9, 1700 * 10**9)
    m.room(f"{DATA}/pg_wal", 1899 * 10**9, 1700 * 10**9)
    m.probe("/var/lib/postgresql", 12050, 98000, 610, 70)
    return m


def kaspad_beside():
    m = Machine("kaspad-beside-32g", """
        Everything on one host, as many operators have it: kaspad, simply-kaspa-indexer, an API server and the database
        in Docker, and another PostgreSQL cluster for something else. 32 GB, 12 CPUs, SATA SSD. kaspad still grows.""")
    docker = "0::/system.slice/docker-%s.scope"
    m.memory(32_700_112, 20_200_348, swap_kb=4_194_300)
    m.cpus_x86("12th Gen Intel(R) Core(TM) i5-12500", cores=6, threads=2)
    m.kernel(release="6.8.0-51-generic", distribution="Ubuntu 24.04.1 LTS", shm=16 * GIB)
    m.firmware("Micro-Star International Co., Ltd.", "MS-7D25")
    m.disk("sda", "8:0", AHCI.format(1, 0), 2000398934016, 0, model="CT2000MX500SSD1", vendor="ATA",
           discard=2147450880, partitions=((2, "8:2", 1999860064256),))
    m.mount("8:2", "/", "ext4", "/dev/sda2", "rw,relatime", "rw,errors=remount-ro")
    m.system_mounts()
    m.mount("0:70", "/var/lib/docker/overlay2/77/merged", "overlay", "overlay")
    m.cgroup2("/user.slice")
    m.server(pid=4100, group=docker % "77aa", shared=400 * MIB)
    m.small_programs()
    m.process(2101, "kaspad", 6656 * MIB, shared=38 * MIB, group=docker % "11bb")
    m.process(2400, "simply-kaspa-in", 350 * MIB, shared=11 * MIB, group=docker % "22cc")
    m.process(2500, "gunicorn", 60 * MIB, shared=20 * MIB, group=docker % "33dd")
    for pid in range(2501, 2505):
        m.process(pid, "gunicorn", 190 * MIB, parent=2500, shared=20 * MIB, group=docker % "33dd")
    for pid, name, rss in ((1010, "dockerd", 92 * MIB), (1011, "containerd", 48 * MIB),
                           (2090, "containerd-shim", 14 * MIB), (2391, "containerd-shim", 14 * MIB),
                            (4090, "containerd-shim", 14 * MIB)):
        m.process(pid, name, rss, shared=rss // 2, group="0::/system.slice/docker.service")
    m.process(1300, "postgres", 27 * MIB, shared=25 * MIB,
              group="0::/system.slice/system-postgresql.slice/postgresql@16-wiki.service")
    for pid in (1301, 1302, 1303):
        m.process(pid, "postgres", 530 * MIB, parent=1300, shared=520 * MIB,
                  group="0::/system.slice/system-postgresql.slice/postgresql@16-wiki.service")
    data = "/var/lib/docker/volumes/kaspa-db/_data"
    m.paths(data)
    m.room(data, 1967 * 10**9, 1204 * 10**9)
    m.room(f"{data}/pg_wal", 1967 * 10**9, 1204 * 10**9)
    return m


def btrfs_raid1():
    m = Machine("btrfs-raid1-16g", """
        btrfs over two SATA SSDs of which the mount names one, the data in a subvolume; a read-only bind mount and an
        older mount that a later one covers must not confuse the way to the device. Not measured.""")
    m.memory(16_201_004, 14_912_224)
    m.cpus_x86("AMD Ryzen 5 5600G with Radeon Graphics", cores=6, threads=2, vendor="AuthenticAMD")
    m.kernel(shm=8 * GIB, distribution="openSUSE Tumbleweed", release="6.11.8-1-default")
    m.firmware("Gigabyte Technology Co., Ltd.", "B550I AORUS PRO AX")
    for index, name in enumerate(("sda", "sdb")):
        m.disk(name, f"8:{index * 16}", AHCI.format(index + 1, index), 2000398934016, 0, model="WDC WDS200T1R0A",
               vendor="ATA", partitions=((2, f"8:{index * 16 + 2}", 1999 * 10**9),))
        m.folders.add(f"/sys/fs/btrfs/7c3c6f0e-2f1b-4d0c-8d9f-1e0a5b6c7d8e/devices/{name}2")
    m.disk("sdc", "8:32", AHCI.format(3, 2), 4000787030016, 1, model="WDC WD40EFRX-68N", vendor="ATA")
    options = "rw,ssd,space_cache=v2,subvolid=256,subvol=/@"
    m.mount("0:33", "/", "btrfs", "/dev/sda2", "rw,relatime", options, root="/@")
    m.system_mounts()
    m.mount("8:32", "/srv/pg", "ext4", "/dev/sdc", "rw,relatime", "rw")
    m.mount("0:33", "/srv", "btrfs", "/dev/sda2", "rw,relatime", options.replace("@", "@srv").replace("256", "258"),
            root="/@srv", parent=20)
    m.cgroup2("/user.slice")
    m.paths("/srv/pg/15")
    m.room("/srv/pg/15", 2 * TIB, TIB, 0, -1)
    m.room("/srv/pg/15/pg_wal", 2 * TIB, TIB, 0, -1)
    m.small_programs()
    return m


def board_zram_1g():
    m = Machine("arm-board-zram-1g", """
        A board with four small ARM cores and 1 GB, memory card, the only swap in compressed memory (zram) with the
        swappiness that goes with it, little room left on the card. Measured.""")
    m.memory(926_000, 612_000, swap_kb=463_000)
    m.cpus_arm("0xd03", 4, "Raspberry Pi 3 Model B Rev 1.2")
    m.kernel(release="6.1.21-v8+", clock="arch_sys_counter", shm=463000 * KIB, swappiness=100)
    m.file("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
           "/dev/zram0                              partition\t463000\t\t0\t\t100")
    m.disk("mmcblk0", "179:0", "platform/soc/3f202000.mmc/mmc_host/mmc0/mmc0:aaaa", 30 * GIB, 0,
           partitions=((1, "179:1", 256 * MIB), (2, "179:2", 29 * GIB)))
    m.mount("179:2", "/", "ext4", "/dev/mmcblk0p2", "rw,noatime", "rw")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server(shared=60 * MIB)
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 28 * GIB, 3 * GIB)
    m.room(f"{DATA}/pg_wal", 28 * GIB, 3 * GIB)
    m.probe("/", 420, 980, 11, 42000)
    return m


def vps_512m_full():
    m = Machine("vps-512m-full", """
        The smallest server that is sold: 1 CPU, 512 MB, a disk without a byte left. Even the defaults of PostgreSQL are
        too much for it at worst; the advice must help, not refuse itself. Not measured.""")
    m.memory(498_000, 310_000)
    m.cpus_x86("QEMU Virtual CPU version 2.5+", cores=1, virtual=True)
    m.kernel(clock="kvm-clock", shm=249_000 * KIB)
    m.disk("vda", "254:0", VIRTIO, 10 * GIB, 1, partitions=((1, "254:1", 10 * GIB - 64 * MIB),))
    m.file("/sys/class/block/vda/device/vendor", "0x1af4")
    m.mount("254:1", "/", "ext4", "/dev/root", "rw,relatime", "rw,discard,errors=remount-ro")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server(shared=40 * MIB)
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 10 * GIB - 256 * MIB, 0)
    m.room(f"{DATA}/pg_wal", 10 * GIB - 256 * MIB, 0)
    return m


def four_sockets_1t():
    m = Machine("four-sockets-1t", """
        The other end: four sockets of 28 cores with two threads each, four NUMA nodes, 1 TB, one large NVMe disk, no
        swap, transparent huge pages always on. Measured.""")
    m.memory(1_056_000_000, 1_040_000_000)
    m.cpus_x86("Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz", sockets=4, cores=28, threads=2)
    m.kernel(shm=512 * GIB, huge="[always] madvise never", zone_reclaim_mode=1)
    m.file("/proc/sys/kernel/numa_balancing", 1)
    m.firmware("Dell Inc.", "PowerEdge R940")
    m.disk("nvme0n1", "259:0", PCI_NVME, 15 * TIB, 0, "[none] mq-deadline", "INTEL SSDPF2KX153T1", cache="write through",
           discard=2199023255040, partitions=((1, "259:1", 15 * TIB - GIB),))
    m.mount("259:1", "/", "xfs", "/dev/nvme0n1p1", "rw,noatime", "rw,attr2,inode64,noquota")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 15 * TIB, 14 * TIB)
    m.room(f"{DATA}/pg_wal", 15 * TIB, 14 * TIB)
    m.probe("/", 16000, 820000, 3900, 18)
    return m


def crowded_8g():
    m = Machine("crowded-8g", """
        Everything on a desktop of 8 GB: kaspad, simply-kaspa-indexer, Docker and something in Java have taken nearly all
        memory before PostgreSQL gets any. SATA SSD. Not measured.""")
    m.memory(8_000_000, 300_000, swap_kb=2_000_000)
    m.cpus_x86("Intel(R) Core(TM) i3-8100 CPU @ 3.60GHz", cores=4)
    m.kernel(shm=4 * GIB)
    m.disk("sda", "8:0", AHCI.format(1, 0), 500107862016, 0, model="CT500MX500SSD1", vendor="ATA",
           partitions=((1, "8:1", 500 * 10**9),))
    m.mount("8:1", "/", "ext4", "/dev/sda1")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    for pid, name, rss in ((2101, "kaspad", 4700 * MIB), (2400, "simply-kaspa-in", 900 * MIB), (1010, "dockerd", 120 * MIB),
                           (1011, "containerd", 60 * MIB), (1012, "containerd-shim", 14 * MIB), (3000, "java", 500 * MIB)):
        m.process(pid, name, rss, shared=10 * MIB)
    m.paths(DATA)
    m.room(DATA, 480 * 10**9, 60 * 10**9)
    m.room(f"{DATA}/pg_wal", 480 * 10**9, 60 * 10**9)
    return m


def mirror_of_crypt():
    m = Machine("md-lvm-crypt-nobarrier-16g", """
        A stack of everything: md RAID 1 over two logical volumes, each inside dm-crypt on a SATA SSD; the file system is
        mounted with nobarrier, from a guide of ten years ago. Not measured.""")
    m.memory(16_000_000, 14_000_000)
    m.cpus_x86("Intel(R) Xeon(R) E-2278G CPU @ 3.40GHz", cores=8)
    m.kernel(shm=8 * GIB)
    for index, name in enumerate(("sda", "sdb")):
        m.disk(name, f"8:{index * 16}", AHCI.format(index + 1, index), 960197124096, 0, model="SAMSUNG MZ7LH960", vendor="ATA",
               partitions=((1, f"8:{index * 16 + 1}", 960 * 10**9),))
        m.stacked(f"dm-{index}", f"254:{index}", 959 * 10**9, [f"{name}1"], 0,
                  {"dm/uuid": f"CRYPT-LUKS2-{index}-crypt{index}", "dm/name": f"crypt{index}"})
        m.stacked(f"dm-{index + 2}", f"254:{index + 2}", 950 * 10**9, [f"dm-{index}"], 0,
                  {"dm/uuid": f"LVM-x{index}", "dm/name": f"vg{index}-pg"})
    m.stacked("md0", "9:0", 950 * 10**9, ["dm-2", "dm-3"], 0, {"md/level": "raid1"})
    m.mount("9:0", "/", "ext4", "/dev/md0", "rw,relatime", "rw,nobarrier,data=writeback")
    m.system_mounts()
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 935 * 10**9, 600 * 10**9)
    m.room(f"{DATA}/pg_wal", 935 * 10**9, 600 * 10**9)
    return m


def nfs_soft():
    m = Machine("nfs-soft-16g", """
        The data on a file server, mounted soft; a clock that needs a system call. Network file systems are not
        measured.""")
    m.memory(16_000_000, 14_000_000)
    m.cpus_x86("Intel(R) Xeon(R) E-2278G CPU @ 3.40GHz", cores=8)
    m.kernel(shm=8 * GIB, clock="acpi_pm")
    m.disk("sda", "8:0", AHCI.format(1, 0), 240 * 10**9, 0, model="KINGSTON SA400S3", vendor="ATA",
           partitions=((1, "8:1", 240 * 10**9),))
    m.mount("8:1", "/", "ext4", "/dev/sda1")
    m.system_mounts()
    m.mount("0:52", "/var/lib/postgresql", "nfs4", "nas:/export/pg", "rw,relatime",
            "rw,vers=4.2,rsize=1048576,wsize=1048576,namlen=255,soft,proto=tcp,timeo=600,retrans=2,sec=sys")
    m.cgroup2("/user.slice")
    m.server()
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 10 * TIB, TIB, 0, -1)
    m.room(f"{DATA}/pg_wal", 10 * TIB, TIB, 0, -1)
    return m


def container_without_volume():
    m = Machine("container-overlay-32g", """
        A container that somebody started without a volume and without a limit: the data lie in its own layer, 32 GB and
        8 CPUs of the host are all there to see, /dev/shm has Docker's 64 MB. Not measured.""")
    m.memory(32_000_000, 20_000_000)
    m.cpus_x86("Intel(R) Xeon(R) CPU E3-1275 v6 @ 3.80GHz", cores=8)
    m.kernel(shm=64 * MIB, host=False, hostname="5c1d2e3f4a5b")
    m.files["/.dockerenv"] = ""
    m.mount("0:51", "/", "overlay", "overlay", super_options="rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=/u,workdir=/w")
    m.mount("0:52", "/proc", "proc", "proc", GROUP_MOUNT)
    m.mount("0:54", "/sys", "sysfs", "sysfs", "ro,nosuid,nodev,noexec,relatime")
    m.mount("0:27", "/sys/fs/cgroup", "cgroup2", "cgroup", "ro,nosuid,nodev,noexec,relatime")
    m.file("/proc/self/cgroup", "0::/")
    m.process(1, "postgres", 27 * MIB, parent=0, shared=25 * MIB)
    data = "/var/lib/postgresql/data"
    m.paths(data)
    m.room(data, 200 * GIB, 90 * GIB)
    m.room(f"{data}/pg_wal", 200 * GIB, 90 * GIB)
    return m


def hybrid_groups():
    m = Machine("hybrid-cgroups-16g", """
        Control groups of both versions at once, as systemd mounted them for years: the controllers in version 1, only
        names in version 2. The service has 6 GB and half a CPU of a virtual machine with 16 GB and 4. Not measured.""")
    m.memory(16_000_000, 14_000_000)
    m.cpus_x86("Intel Xeon Processor (Skylake, IBRS)", cores=4)
    m.kernel(release="4.19.0-27-amd64", shm=8 * GIB, distribution="Debian GNU/Linux 10 (buster)")
    m.disk("vda", "254:0", VIRTIO, 100 * GIB, 1, partitions=((1, "254:1", 99 * GIB),))
    m.file("/sys/class/block/vda/device/vendor", "0x1af4")
    m.mount("254:1", "/", "ext4", "/dev/vda1")
    m.system_mounts()
    m.mount("0:26", "/sys/fs/cgroup", "tmpfs", "tmpfs", "ro,nosuid,nodev,noexec")
    m.mount("0:27", "/sys/fs/cgroup/unified", "cgroup2", "cgroup2", GROUP_MOUNT)
    for number, controllers in ((28, "name=systemd"), (29, "memory"), (30, "cpu,cpuacct")):
        folder = "systemd" if controllers.startswith("name") else controllers
        m.mount(f"0:{number}", f"/sys/fs/cgroup/{folder}", "cgroup", "cgroup", GROUP_MOUNT, f"rw,{controllers}")
    service = "/system.slice/postgresql.service"
    groups = "4:memory:{0}\n3:cpu,cpuacct:{0}\n1:name=systemd:{0}\n0::{0}"
    m.file("/proc/self/cgroup", groups.format("/user.slice"))
    m.file(f"/sys/fs/cgroup/memory{service}/memory.limit_in_bytes", 6 * GIB)
    m.file("/sys/fs/cgroup/memory/memory.limit_in_bytes", 9223372036854771712)
    m.file(f"/sys/fs/cgroup/cpu,cpuacct{service}/cpu.cfs_quota_us", 50000)
    m.file(f"/sys/fs/cgroup/cpu,cpuacct{service}/cpu.cfs_period_us", 100000)
    m.server(group=groups.format(service))
    m.small_programs()
    m.paths(DATA)
    m.room(DATA, 98 * GIB, 60 * GIB)
    m.room(f"{DATA}/pg_wal", 98 * GIB, 60 * GIB)
    return m


MACHINES = (bare_metal_nvme, lvm_sata_ssd, md_raid10_hdd, raid5_crypt_without_aes, numa, vps, arm_usb_ssd, arm_sd_card, cgroup_v1_container,
            cgroup_v2_container, systemd_slices,
            dm_crypt_laptop, zfs_host, tmpfs, wsl2, broken, hdd_64g, two_cpus_128g, kaspad_beside, btrfs_raid1,
            board_zram_1g, vps_512m_full, four_sockets_1t, crowded_8g, mirror_of_crypt, nfs_soft, container_without_volume,
            hybrid_groups)
KEPT = "expected-"


def tree(base):
    """Everything below @base that this program is answerable for, as path to content."""
    found = {}
    for folder, folders, files in os.walk(base):
        for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            path = os.path.join(folder, name)
            if name.startswith(KEPT) and folder == base:
                continue
            if os.path.islink(path):
                found[os.path.relpath(path, base)] = os.readlink(path)
            else:
                with open(path, "rb") as content:
                    found[os.path.relpath(path, base)] = content.read()
    return found


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as scratch:
        for make in MACHINES:
            machine = make()
            machine.write(scratch)
            fresh, committed = os.path.join(scratch, machine.name), os.path.join(here, machine.name)
            if "--check" in sys.argv:
                if tree(fresh) != tree(committed):
                    sys.exit(f"{machine.name} is not what compose.py writes: run it and commit what changed")
                continue
            for name in os.listdir(committed) if os.path.isdir(committed) else ():
                if not name.startswith(KEPT):
                    path = os.path.join(committed, name)
                    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
            shutil.copytree(fresh, committed, symlinks=True, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
