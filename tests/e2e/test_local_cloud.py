"""The local cloud as a thing that starts, stops and lasts."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from statewright.local import locks
from statewright.local.places import Places, read_record
from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT, Cloud, command, many_orders, start_cloud, wait_for

ORDER = (
    b'{"order_id":"%s","customer_id":"1","order_date":"2026-01-02",'
    b'"quantity":1,"amount":2.5,"currency":"USD"}'
)


MANY = 20_000


def processes_of(state: Path) -> list[int]:
    """Return the processes that belong to the cloud with this state: its daemon and all below it."""
    daemon = locks.holder(Places(state).lock)
    return [] if daemon is None else [daemon, *below(daemon)]


def below(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    children = [child for child, parent in pairs if parent == pid]
    return [*children, *(each for child in children for each in below(child))]


def running(pids: list[int]) -> list[int]:
    """Return those of the processes that still run; one that nobody has waited for does not."""
    return [pid for pid in pids if (state := process_state(pid)) and state != "Z"]


def process_state(pid: int) -> str:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1]


def all_ended(pids: list[int], seconds: float = 20.0) -> bool:
    return bool(wait_for(lambda: True if not running(pids) else None, seconds))


def test_a_second_up_says_that_it_is_up_already(cloud: Cloud) -> None:
    again = cloud.run("up")

    assert again.returncode == 0
    assert "up already" in again.stdout
    assert cloud.env["AWS_ENDPOINT_URL"] in again.stdout


def test_two_starts_at_once_give_one_cloud(own_state: Path) -> None:
    port, sfn_port = map(str, free_ports(2))
    arguments = ["up", "--state", str(own_state), "--port", port, "--sfn-port", sfn_port]
    starts = [
        subprocess.Popen(
            [sys.executable, "-m", "statewright.cli", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]

    said = [each.communicate(timeout=60)[0] for each in starts]

    assert [each.returncode for each in starts] == [0, 0], said
    assert sum("is up already" in each for each in said) == 1


def test_what_was_there_before_down_is_there_after_up(own_state: Path) -> None:
    cloud = start_cloud(own_state)
    before = cloud.ingest("orders/kept.jsonl", ORDER % b"kept")
    parameter = {"Name": "/statewright/pseudonym_key", "WithDecryption": True}
    key = cloud.client("ssm").get_parameter(**parameter)["Parameter"]["Value"]
    history = cloud.states_of(before["executionArn"])
    down = cloud.run("down")
    assert (down.returncode, down.stdout) == (0, "The local cloud is down.\n")
    assert cloud.run("env").returncode == 2

    cloud = start_cloud(own_state)

    after = cloud.client("stepfunctions").describe_execution(executionArn=before["executionArn"])
    assert (after["status"], after["output"]) == (before["status"], before["output"])
    assert cloud.states_of(before["executionArn"]) == history
    assert cloud.client("ssm").get_parameter(**parameter)["Parameter"]["Value"] == key
    body = cloud.client("s3").get_object(Bucket=cloud.env["RAW_BUCKET"], Key="orders/kept.jsonl")["Body"]
    assert body.read() == ORDER % b"kept"
    assert [row["status"] for row in cloud.ledger("orders/kept.jsonl")] == ["SUCCEEDED"]
    assert cloud.ingest("orders/later.jsonl", ORDER % b"later")["status"] == "SUCCEEDED"


def test_down_with_wipe_leaves_nothing(own_state: Path) -> None:
    cloud = start_cloud(own_state)
    (own_state / "notes.txt").write_text("not the cloud's")

    done = cloud.run("down", "--wipe")

    assert done.returncode == 0
    assert [each.name for each in own_state.iterdir()] == ["notes.txt"]


def test_down_without_a_cloud_is_no_error(own_state: Path) -> None:
    done = command("down", "--state", own_state)

    assert (done.returncode, done.stdout) == (0, "The local cloud was not up.\n")


@pytest.mark.parametrize(("option", "other"), [("--port", "--sfn-port"), ("--sfn-port", "--port")])
def test_a_taken_port_is_named_with_its_option(own_state: Path, option: str, other: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("up", "--state", own_state, option, str(port), other, str(free_ports(1)[0]))

    assert done.returncode == 1
    assert f"port {port} is taken by another program; choose another with {option} PORT" in done.stderr
    assert processes_of(own_state) == []


@pytest.fixture
def busy_cloud(own_state: Path) -> tuple[Cloud, list[int]]:
    """A cloud whose function workers have started too, and its processes."""
    cloud = start_cloud(own_state)
    assert cloud.ingest("orders/a.jsonl", ORDER % b"a")["status"] == "SUCCEEDED"
    return cloud, processes_of(own_state)


def test_kill_9_of_the_daemon_leaves_no_process_and_loses_nothing(
    busy_cloud: tuple[Cloud, list[int]],
) -> None:
    cloud, processes = busy_cloud
    assert len(processes) >= 3  # the daemon, the emulator, a worker

    os.kill(processes[0], signal.SIGKILL)

    assert all_ended(processes)
    assert cloud.run("status").returncode == 1
    again = start_cloud(cloud.state)
    assert [row["status"] for row in again.ledger("orders/a.jsonl")] == ["SUCCEEDED"]


def test_the_callers_profile_proxy_and_endpoints_stay_outside(own_state: Path) -> None:
    elsewhere = "http://127.0.0.1:9"
    cloud = start_cloud(
        own_state,
        env={
            "AWS_PROFILE": "no-such-profile",
            "AWS_ENDPOINT_URL_S3": elsewhere,
            "AWS_ENDPOINT_URL_DYNAMODB": elsewhere,
            "HTTP_PROXY": elsewhere,
            "http_proxy": elsewhere,
        },
    )

    assert cloud.ingest("orders/inside.jsonl", ORDER % b"inside")["status"] == "SUCCEEDED"


def test_an_emulator_that_dies_takes_the_cloud_with_it(own_state: Path) -> None:
    start_cloud(own_state)
    processes = processes_of(own_state)

    os.kill(processes[1], signal.SIGKILL)  # the daemon's first child

    assert all_ended(processes)
    assert "ended by itself" in (own_state / "logs" / "daemon.log").read_text()
    assert command("status", "--state", own_state).returncode == 1


def start_on_many_orders(cloud: Cloud, state: str) -> str:
    """Upload many orders; return their execution's ARN once it is in `state`."""
    cloud.put("orders/many.jsonl.gz", many_orders(MANY))
    arn = str(cloud.execution_of("orders/many.jsonl.gz")["executionArn"])
    wait_for(lambda: True if state in cloud.states_of(arn) else None, 30)
    return arn


def test_down_lets_executions_end_that_run(own_state: Path) -> None:
    cloud = start_cloud(own_state)
    arn = start_on_many_orders(cloud, "ParseAndValidate")

    assert cloud.run("down").returncode == 0

    cloud = start_cloud(own_state)
    assert cloud.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_a_file_cut_off_by_kill_9_says_so_and_can_be_ingested_again(own_state: Path) -> None:
    cloud = start_cloud(own_state)
    arn = start_on_many_orders(cloud, "WriteToDdb")
    processes = processes_of(own_state)
    os.kill(processes[0], signal.SIGKILL)
    assert all_ended(processes)

    cloud = start_cloud(own_state)

    assert cloud.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "ABORTED"
    [row] = cloud.ledger("orders/many.jsonl.gz")
    assert (row["status"], row["error"]) == ("FAILED", "Interrupted")
    again = cloud.start({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": "orders/many.jsonl.gz"})
    assert json.loads(again["output"])["counts"]["written"] == MANY
    pages = (
        cloud.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=cloud.env["ORDERS_TABLE"], Select="COUNT")
    )
    assert sum(page["Count"] for page in pages) == MANY


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_daemon_stops_all(own_state: Path, number: signal.Signals) -> None:
    start_cloud(own_state)
    processes = processes_of(own_state)

    os.kill(processes[0], number)

    assert all_ended(processes)
    assert read_record(Places(own_state)) is None


def test_ctrl_c_stops_a_cloud_in_the_foreground(own_state: Path) -> None:
    port, sfn_port = map(str, free_ports(2))
    arguments = ["up", "--foreground", "--state", str(own_state), "--port", port, "--sfn-port", sfn_port]
    with subprocess.Popen(
        [sys.executable, "-m", "statewright.cli", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as foreground:
        wait_for(lambda: read_record(Places(own_state)), 30)
        processes = processes_of(own_state)

        os.killpg(foreground.pid, signal.SIGINT)  # as a terminal does it: to the whole group

        assert foreground.wait(30) == 0
    assert all_ended(processes)


def test_ctrl_c_during_a_start_leaves_no_process(own_state: Path) -> None:
    port, sfn_port = map(str, free_ports(2))
    arguments = ["up", "--state", str(own_state), "--port", port, "--sfn-port", sfn_port]
    with subprocess.Popen(
        [sys.executable, "-m", "statewright.cli", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as starting:
        processes = wait_for(lambda: processes_of(own_state) or None, 30)

        os.killpg(starting.pid, signal.SIGINT)

        assert starting.wait(30) != 0
    assert all_ended(processes)


def test_nothing_listens_beyond_loopback(cloud: Cloud) -> None:
    cloud.ingest("orders/listening.jsonl", ORDER % b"listening")

    addresses = [address for pid in processes_of(cloud.state) for address in listening_addresses(pid)]

    assert len(addresses) >= 2  # the data services, the engine
    assert set(addresses) <= {"127.0.0.1"}


def listening_addresses(pid: int) -> list[str]:
    """Return the IPv4 addresses (and `::` for any IPv6) on which a process listens, as Linux tells them."""
    links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    inodes = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:")}
    found = []
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[index] for index in (1, 3, 9))
            if state == "0A" and inode in inodes:
                raw = local.split(":")[0]
                found.append(socket.inet_ntoa(bytes.fromhex(raw)[::-1]) if family == "tcp" else "::")
    return found


def test_status_tells_what_ran_and_the_last_files(cloud: Cloud) -> None:
    cloud.ingest("orders/told.jsonl", ORDER % b"told")

    found = json.loads(cloud.run("status", "--json").stdout)

    assert found["up"] is True
    assert found["endpoints"]["sfn"] == cloud.env["AWS_ENDPOINT_URL_SFN"]
    assert found["executions"]["ingest"]["SUCCEEDED"] >= 1
    assert ["orders/told.jsonl", "SUCCEEDED"] in [[row["file_key"], row["status"]] for row in found["files"]]
    assert "orders/told.jsonl" in cloud.run("status").stdout


def test_only_the_user_can_look_into_the_state(cloud: Cloud) -> None:
    for folder in ("emulator", "logs"):
        assert (cloud.state / folder).stat().st_mode & 0o077 == 0


def test_up_is_ready_when_it_returns(own_state: Path) -> None:
    started = time.monotonic()
    cloud = start_cloud(own_state)

    machines = cloud.client("stepfunctions").list_state_machines()["stateMachines"]

    wanted = {arn for name, arn in cloud.env.items() if name.endswith("_STATE_MACHINE_ARN")}
    assert {each["stateMachineArn"] for each in machines} == wanted
    assert time.monotonic() - started < 30


def test_status_is_shown_anew_on_a_terminal_until_ctrl_c(cloud: Cloud) -> None:
    arguments = [sys.executable, "-m", "statewright.cli", "status", "--state", cloud.state, "--watch", "0.5"]
    ours, its = pty.openpty()
    process = subprocess.Popen(arguments, cwd=ROOT, stdin=its, stdout=its, stderr=its, close_fds=True)
    os.close(its)
    shown = b""
    try:
        while shown.count(b"items of tables") < 2:
            shown += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the terminal's other end is closed
            while os.read(ours, 65536):
                pass
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
