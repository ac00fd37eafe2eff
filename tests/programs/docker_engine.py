"""A Docker Engine of the tests' own: its network, mounts, cgroup and folder are private, nothing of the machine's own Docker is touched.
All that the tests keep beside it lies in its folder, which goes with it, however the tests end."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from conftest import BUILD, ROOT, Answer

IMAGE = "kastune-tests/postgres:15"
DOCKER = "/usr/bin/docker"


class Engine:
    def __init__(self):
        assert os.geteuid() == 0, "a Docker Engine needs root"
        assert shutil.which("dockerd"), "dockerd is missing: scripts/setup test"
        # Layers are many small files with fsync; a tmpfs spares the disk.
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="kt-docker-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp"))
        self.socket, self.log = self.base / "docker.sock", self.base / "log"
        self.cgroup = f"kt-docker-{os.getpid()}"
        # It ends with the tests, however they end.
        words = ["setpriv", "--pdeathsig", "TERM", "unshare", "--net", "--mount", "--propagation", "slave", "sh", "-c", 'ip link set lo up; exec "$@"', "sh",
                 "dockerd", "--data-root", self.base / "data", "--exec-root", self.base / "run", "--pidfile", self.base / "pid",
                 "-H", f"unix://{self.socket}", "--storage-driver", "overlay2", "--cgroup-parent", f"/{self.cgroup}"]
        with open(self.log, "w") as log:
            self.program = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        # Its standard input ends when the tests are killed: then it waits for the Engine, and removes the folder.
        self.sweeper = subprocess.Popen(["sh", "-c", 'cat >/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.2; done; rm -rf --one-file-system "$2"',
                                         "sh", str(self.program.pid), str(self.base)], stdin=subprocess.PIPE, start_new_session=True)
        try:
            self._wait()
            image = subprocess.run([ROOT / "scripts/postgres-image"], capture_output=True, text=True, timeout=300)
            assert image.returncode == 0, image.stderr
            self.docker("build", "-q", "-t", IMAGE, image.stdout.strip())
        except BaseException:
            self.stop()
            raise

    @property
    def env(self):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DOCKER"))}
        return {**keep, "DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self.base / "config"), "DOCKER_BUILDKIT": "0",
                "LC_ALL": "C.UTF-8"}

    def _wait(self):
        end = time.monotonic() + 60
        while subprocess.run([DOCKER, "version"], env=self.env, capture_output=True).returncode != 0:
            assert self.program.poll() is None and time.monotonic() < end, self.log.read_text()[-2000:]
            time.sleep(0.1)

    def docker(self, *args, check=True):
        done = subprocess.run([DOCKER, *map(str, args)], env=self.env, capture_output=True, text=True, timeout=300)
        assert not check or done.returncode == 0, f"docker {args}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def inside(self, *argv, env=None, timeout=300):
        """In the Engine's network, where the published ports are."""
        words = ["nsenter", "-t", str(self.program.pid), "-n", "--", *map(str, argv)]
        return subprocess.run(words, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)

    def stop(self):
        if self.program.poll() is None:
            for container in self.docker("ps", "-aq", check=False).split():
                self.docker("rm", "-f", "-v", container, check=False)
            self.program.terminate()
            try:
                self.program.wait(30)
            except subprocess.TimeoutExpired:
                self.program.kill()
                self.program.wait()
        # Everything in our own control group is ours.
        for folder in pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.cgroup}"):
            for procs in folder.rglob("cgroup.procs"):
                for pid in procs.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
        with open("/proc/self/mounts") as mounts:
            ours = [line.split()[1] for line in mounts if line.split()[1].startswith(str(self.base))]
        for mount in sorted(ours, reverse=True):
            subprocess.run(["umount", "-l", mount], capture_output=True)
        for _ in range(20):
            subprocess.run(["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", f"*/{self.cgroup}*", "-exec", "rmdir", "{}", "+"],
                           capture_output=True)
            if not list(pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.cgroup}")):
                break
            time.sleep(0.1)
        shutil.rmtree(self.base, ignore_errors=True)
        self.sweeper.kill()  # before its input ends: there is nothing left to do
        self.sweeper.stdin.close()
        self.sweeper.wait()


class Container:
    """PostgreSQL in a container with a volume and a published port; gone with everything at the end."""

    count = 0

    def __init__(self, engine, *options, command=(), labels=(), memory="4g", image=IMAGE):
        Container.count += 1
        self.engine, self.name, self.port = engine, f"kaspa-db-{Container.count}", 15000 + Container.count
        self.volume = f"{self.name}-data"
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="state-", dir=engine.base))
        marks = [word for label in labels for word in ("--label", label)]
        engine.docker("run", "-d", "--name", self.name, "-p", f"127.0.0.1:{self.port}:5432", "-v", f"{self.volume}:/var/lib/postgresql/data",
                      "-m", memory, *marks, *options, image, *(("postgres", "-c", "listen_addresses=*", *command) if command else ()))
        self.wait()

    @property
    def env(self):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": "postgres"}

    @property
    def data(self):
        return pathlib.Path(self.engine.docker("volume", "inspect", "-f", "{{.Mountpoint}}", self.volume))

    def wait(self):
        end = time.monotonic() + 120
        while self.sql("SELECT 1", check=False) != "1":
            assert time.monotonic() < end, self.engine.docker("logs", self.name, check=False)
            time.sleep(0.2)

    def sql(self, text, check=True):
        done = self.engine.inside("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text, env=self.env)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def setting(self, name):
        return self.sql(f"SELECT current_setting('{name}')")

    def kastune(self, *args, env=None):
        return Answer(self.engine.inside(BUILD / "src/kastune", *args, "--state", self.state / "state", env={**self.env, **(env or {})}))

    def inspect(self):
        return json.loads(self.engine.docker("inspect", self.name))[0]

    def auto_conf(self):
        return [line for line in (self.data / "postgresql.auto.conf").read_text().splitlines() if not line.startswith("#")]

    def remove(self):
        self.engine.docker("rm", "-f", "-v", self.name, check=False)
        self.engine.docker("volume", "rm", self.volume, check=False)
        shutil.rmtree(self.state, ignore_errors=True)
