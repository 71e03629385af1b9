"""Real servers without containers, for tests and local distributed runs: PostgreSQL, Redis, Apache Kafka 4 (KRaft).

    devstack install                 what is missing: Debian packages, Kafka's jars by Maven (needs root for packages)
    devstack up|down [SERVER...]     postgres redis kafka; all when none is named. `up` returns when they answer
    devstack stop|kill|pause|resume SERVER
    devstack status [-o json]        what runs
    devstack env                     export lines for the tests
    devstack wipe                    stop everything and delete the data

Everything listens on 127.0.0.1. DEVSTACK_HOME and DEVSTACK_{POSTGRES,REDIS,KAFKA}_PORT put several side by side
(choose ports below 32768: above, an outgoing connection may hold one just when its server starts).
Only the standard library is used: this must run before anything is installed.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
HOME = Path(os.environ.get("DEVSTACK_HOME") or f"/var/tmp/millrace-devstack-{os.getuid()}")
JARS = Path(os.environ.get("DEVSTACK_JARS") or Path.home() / ".cache" / "millrace" / "kafka-jars")
PORTS = {
    "postgres": int(os.environ.get("DEVSTACK_POSTGRES_PORT", 25432)),
    "redis": int(os.environ.get("DEVSTACK_REDIS_PORT", 26379)),
    "kafka": int(os.environ.get("DEVSTACK_KAFKA_PORT", 29092)),
}
PACKAGES = {
    "postgresql": lambda: bool(list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))),
    "redis-server": lambda: shutil.which("redis-server") is not None,
    "openjdk-17-jre-headless": lambda: shutil.which("java") is not None,
    "maven": lambda: shutil.which("mvn") is not None,
    "nginx-light": lambda: shutil.which("nginx") is not None or Path("/usr/sbin/nginx").exists(),
    "chromium": lambda: shutil.which("chromium") is not None,
}
CLUSTER = "bWlsbHJhY2UtZGV2c3RhYw"
JVM = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Dlog4j2.configurationFile={HERE}/log4j2.yaml"]


class Failed(RuntimeError):
    """Something did not work; the message says what, with the end of the log."""


def retry(command: list[str], tries: int = 3) -> None:
    """Run a command that may fail for a passing reason."""
    for left in reversed(range(tries)):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode == 0:
            return
        if not left:
            raise Failed(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
        time.sleep(3)


def install() -> None:
    """Install what is missing; quick when nothing is."""
    missing = [name for name, there in PACKAGES.items() if not there()]
    if missing:
        if os.getuid() != 0:
            raise Failed(f"these Debian packages are missing: {' '.join(missing)}; install them as root")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        retry(["apt-get", "update", "-qq"])
        retry(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing])
    if not list(JARS.glob("kafka_2.13-*.jar")):
        JARS.mkdir(parents=True, exist_ok=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}", "-DincludeScope=runtime"]
        retry(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), *goal])


def java(*arguments: str) -> list[str]:
    """A command on Kafka's class path."""
    return ["java", *JVM, "-cp", f"{JARS}/*", *arguments]


def start_kafka() -> list[str]:
    """Prepare a one-node cluster and return its command."""
    if not list(JARS.glob("kafka_2.13-*.jar")):
        raise Failed("Kafka's jars are missing; run `devstack install`")
    data, port, settings = HOME / "kafka", PORTS["kafka"], HOME / "kafka.properties"
    data.mkdir(exist_ok=True)
    settings.write_text(kafka_properties(data, port))
    if not (data / "meta.properties").exists():
        retry(java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(settings)), tries=1)
    return java("kafka.Kafka", str(settings))


def kafka_properties(data: Path, port: int) -> str:
    """The broker's settings: one node, small, quick to form groups and to come back after a crash."""
    lines = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{port + 1}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # a killed broker may come back only when its old registration has expired
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 2000,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.segment.bytes": 67108864,
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def start_postgres() -> list[str]:
    """Make the data folder if need be and return the server's command. PostgreSQL does not run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not programs:
        raise Failed("PostgreSQL is missing; run `devstack install`")
    data, prefix = HOME / "postgres", []
    if os.getuid() == 0:
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    if not (data / "PG_VERSION").exists():
        data.mkdir(exist_ok=True)
        if prefix:
            shutil.chown(data, "postgres", "postgres")
        options = ["-D", str(data), "-U", "millrace", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        retry([*prefix, str(programs[-1] / "initdb"), *options], tries=1)
    options = ["-h", "127.0.0.1", "-p", str(PORTS["postgres"]), "-k", "", "-c", "max_connections=300"]
    return [*prefix, str(programs[-1] / "postgres"), "-D", str(data), *options, "-c", "shared_buffers=256MB"]


def start_redis() -> list[str]:
    """Redis with an append-only file."""
    (HOME / "redis").mkdir(exist_ok=True)
    options = ["--bind", "127.0.0.1", "--port", str(PORTS["redis"]), "--dir", str(HOME / "redis")]
    return ["redis-server", *options, "--appendonly", "yes", "--save", ""]


STARTERS: dict[str, Callable[[], list[str]]] = {
    "postgres": start_postgres,
    "redis": start_redis,
    "kafka": start_kafka,
}


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead but not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def process(name: str) -> int | None:
    """The server's process, when it lives."""
    try:
        pid = int((HOME / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return None
    return pid if alive(pid) else None


def children(pid: int) -> list[int]:
    """The processes a process started (PostgreSQL's have sessions of their own, so no group holds them all)."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def answers(name: str) -> bool:
    """Whether the server serves: a question of its own protocol, not only an open port."""
    try:
        with socket.create_connection(("127.0.0.1", PORTS[name]), 1) as client:
            client.settimeout(1)
            if name == "redis":
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
            if name == "postgres":  # an SSL request is answered by one letter as soon as the server accepts sessions
                client.sendall(bytes.fromhex("0000000804d2162f"))
                return client.recv(1) in (b"N", b"S")
            client.sendall(bytes.fromhex("0000000e") + bytes.fromhex("0012000000000001") + b"\x00\x04devs")
            return len(client.recv(4)) == 4
    except OSError:
        return False


def up(names: list[str]) -> None:
    """Start servers and wait until they answer."""
    HOME.mkdir(parents=True, exist_ok=True)
    HOME.chmod(0o755)
    for name in names:
        if process(name) is None:
            with (HOME / f"{name}.log").open("ab") as log:
                started = subprocess.Popen(
                    STARTERS[name](), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            (HOME / f"{name}.pid").write_text(str(started.pid))
    for name in names:
        await_answer(name)
    if "postgres" in names:
        create_database()


def await_answer(name: str, seconds: float = 60) -> None:
    """Wait; a server that died or stays silent is a failure with the end of its log."""
    end = time.monotonic() + seconds
    while not answers(name):
        if process(name) is None or time.monotonic() > end:
            log = (HOME / f"{name}.log").read_text(errors="replace")[-2000:]
            raise Failed(f"{name} did not start; the end of its log:\n{log}")
        time.sleep(0.1)


def create_database() -> None:
    """The database `millrace`, once."""
    options = ["-h", "127.0.0.1", "-p", str(PORTS["postgres"]), "-U", "millrace"]
    for _ in range(100):
        done = subprocess.run(["createdb", *options, "millrace"], capture_output=True, text=True, check=False)
        if done.returncode == 0 or "already exists" in done.stderr:
            return
        time.sleep(0.1)
    raise Failed(f"createdb: {done.stderr}")


def send(name: str, number: int) -> None:
    """Signal a server; after a deadly one, wait until it is gone."""
    pid = process(name)
    if pid is None:
        return
    family = [pid, *children(pid)] if number == signal.SIGKILL else [pid]  # as when a machine dies
    for each in family:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGINT if name == "postgres" and number == signal.SIGTERM else number)
    if number in (signal.SIGKILL, signal.SIGTERM):
        end = time.monotonic() + 30
        while any(alive(each) for each in family):
            if time.monotonic() > end:
                raise Failed(f"{name} does not stop")
            time.sleep(0.05)
        (HOME / f"{name}.pid").unlink(missing_ok=True)
        # A dead postmaster nobody has reaped yet still has its number, which PostgreSQL takes for a living one.
        if name == "postgres":
            (HOME / "postgres" / "postmaster.pid").unlink(missing_ok=True)


def down(names: list[str]) -> None:
    """Stop servers cleanly, also paused ones."""
    for name in names:
        send(name, signal.SIGCONT)
        send(name, signal.SIGTERM)


def environment() -> dict[str, str]:
    """What the tests need to know."""
    return {
        "MILLRACE_TEST_POSTGRES": f"postgresql://millrace@127.0.0.1:{PORTS['postgres']}/millrace",
        "MILLRACE_TEST_REDIS": f"redis://127.0.0.1:{PORTS['redis']}/0",
        "MILLRACE_TEST_KAFKA": f"127.0.0.1:{PORTS['kafka']}",
        "MILLRACE_TEST_CRASH": f"{sys.executable} {HERE / 'devstack.py'} crash",
    }


def status(as_json: bool) -> None:
    """Print what runs."""
    found = {name: {"pid": process(name), "port": port, "answers": answers(name)} for name, port in PORTS.items()}
    if as_json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(f"{name:9} {'up' if row['answers'] else 'down':5} port {row['port']} pid {row['pid'] or '-'}")


def main(arguments: list[str]) -> int:
    """Obey one command."""
    signals = {"stop": signal.SIGTERM, "kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}
    command, *names = arguments or ["help"]
    servers = [name for name in names if name in PORTS] or list(PORTS)
    if command == "install":
        install()
    elif command == "up":
        up(servers)
    elif command == "down":
        down(servers)
    elif command == "crash" and names:
        send(names[0], signal.SIGKILL)
        up([names[0]])
    elif command in signals and names and names[0] in PORTS:
        send(names[0], signals[command])
    elif command == "status":
        status("json" in names)
    elif command == "env":
        print("\n".join(f"export {name}='{value}'" for name, value in environment().items()))
    elif command == "wipe":
        for name in PORTS:
            send(name, signal.SIGKILL)
        shutil.rmtree(HOME, ignore_errors=True)
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failure:
        sys.exit(f"devstack: {failure}")
