"""A worker makes what is asked for, stops what is cancelled, and is not brought down by one run."""

import signal
import subprocess
import sys

import psycopg

from octavo.control.runs import actions as runs
from octavo.pipeline.document import Organization
from tests.queue.conftest import SOMEBODY, Floor, gone, until


def test_a_run_is_made_sealed_and_told_and_its_file_is_what_was_asked_for(floor: Floor, organization: Organization) -> None:
    floor.start()
    run = floor.wait_for(floor.ask(organization, rows=1000), "completed")
    assert (run.attempt, run.records, run.processed_rows, run.total_rows, run.masked) == (1, 1000, 1000, 1000, False)
    assert run.media_type == "text/csv; charset=utf-8"
    assert run.manifest and run.manifest["run_id"] == f"{run.id}-1" and run.manifest["file"]["sha256"] == run.sha256
    floor.quiet()
    assert floor.verify() == []


def test_every_format_is_made(floor: Floor, organization: Organization) -> None:
    floor.start()
    asked = [floor.ask(organization, rows=50, format=name) for name in ("csv", "json", "xlsx", "pdf")]
    for run in asked:
        floor.wait_for(run, "completed")
    floor.quiet()
    assert floor.verify() == []


def test_what_a_report_refuses_fails_at_once_with_its_reason_and_is_not_tried_again(floor: Floor, organization: Organization) -> None:
    floor.start()
    with floor.database.tenant(organization.id) as connection:
        run = runs.request(connection, SOMEBODY, report="energy.invoice_to_client", format="csv", parameters={})
    failed = floor.wait_for(run, "failed")
    assert (failed.attempt, failed.failures, failed.error_kind) == (1, 1, "usage")
    assert failed.error_message and "there is no" in failed.error_message


def test_progress_is_written_while_it_is_made_and_whoever_listens_is_told(floor: Floor, organization: Organization) -> None:
    floor.start(heartbeat_seconds=0.1)
    with psycopg.connect(floor.superuser, autocommit=True) as listening:
        listening.execute("listen octavo_runs")
        run = floor.ask(organization, rows=2_000_000)
        seen = set()
        for told in listening.notifies(timeout=30):
            assert told.payload == f"{organization.id}:{run.id}"
            now = floor.find(run)
            seen.add((now.state, now.stage, now.processed_rows, now.total_rows))
            if now.state == "completed":
                break
    counted = sorted(done for state, stage, done, total in seen if (state, stage, total) == ("processing", "rows", 2_000_000))
    assert counted and 0 < counted[0] < 2_000_000
    assert ("completed", "", 2_000_000, 2_000_000) in seen


def test_cancelling_ends_the_sql_and_the_process_long_before_the_run_would_and_keeps_nothing(
    floor: Floor, organization: Organization
) -> None:
    floor.start(1)
    run = floor.ask(organization, rows=60, seconds=60)
    until(lambda: floor.sessions(run) and floor.find(run).state == "processing")
    children = floor.children()
    with floor.database.tenant(organization.id) as connection:
        runs.cancel(connection, SOMEBODY, run.id)
    until(lambda: floor.sessions(run) == 0 and gone(children, 0), 20)
    floor.quiet()
    assert floor.find(run).state == "cancelled"
    assert floor.verify() == []


def test_a_run_that_needs_too_much_memory_fails_alone_and_is_not_tried_again(floor: Floor, organization: Organization) -> None:
    floor.start(processes=2, run_memory_mb=256)
    beside = floor.ask(organization, rows=30, seconds=2)
    modest = floor.ask(organization, report="mill.glutton", megabytes=60)
    glutton = floor.ask(organization, report="mill.glutton", megabytes=400)
    failed = floor.wait_for(glutton, "failed")
    assert (failed.attempt, failed.error_kind) == (1, "memory")
    assert failed.error_message and "more than the 256 MB that one run may use" in failed.error_message
    assert floor.wait_for(modest, "completed").attempt == 1
    assert floor.wait_for(floor.ask(organization, rows=10), "completed").attempt == 1
    assert floor.wait_for(beside, "completed").attempt == 1


def test_told_to_stop_a_worker_finishes_what_ends_within_the_grace(floor: Floor, organization: Organization) -> None:
    worker = floor.start(lease_seconds=2, grace_seconds=20)
    run = floor.ask(organization, rows=10, seconds=3.5)
    until(lambda: floor.find(run).state == "processing")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    done = floor.find(run)
    assert (done.state, done.attempt) == ("completed", 1), "longer than the lease, and still made once"


def test_told_to_stop_a_worker_gives_back_at_once_what_would_take_longer(floor: Floor, organization: Organization) -> None:
    worker = floor.start(grace_seconds=1)
    run = floor.ask(organization, rows=10, seconds=5)
    until(lambda: floor.sessions(run))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    given_back = floor.find(run)
    assert (given_back.state, given_back.failures, floor.sessions(run)) == ("pending", 0, 0)
    floor.start()
    assert floor.wait_for(run, "completed").attempt == 2
    floor.quiet()
    assert floor.verify() == []


def test_a_crash_in_a_library_is_tried_once_more_and_a_panic_not_at_all(floor: Floor, organization: Organization) -> None:
    floor.start()
    asked = {end: floor.ask(organization, report="mill.villain", end=end) for end in ("crash", "abort", "panic")}
    for end, attempts, kind in (("crash", 2, "crashed"), ("abort", 2, "crashed"), ("panic", 1, "internal")):
        failed = floor.wait_for(asked[end], "failed")
        assert (failed.attempt, failed.error_kind) == (attempts, kind), end
    assert floor.wait_for(floor.ask(organization), "completed").attempt == 1


def test_what_killed_processes_left_among_temporary_files_is_cleared_away(floor: Floor, organization: Organization) -> None:
    worker = floor.start(1, lease_seconds=2)
    run = floor.ask(organization, rows=10, seconds=2)
    until(lambda: floor.sessions(run))
    (room,) = [path for path in floor.temporary.glob("octavo-w-*/*") if path.is_dir() and not path.name.startswith("pymp-")]
    (room / "half.typ").write_text("left")
    for child in floor.children():
        child.kill()
    until(lambda: not room.exists(), 10)
    until(lambda: floor.find(run).state == "processing")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert list(floor.temporary.iterdir())
    second = floor.start(1, lease_seconds=2)
    floor.wait_for(run, "completed")
    second.send_signal(signal.SIGTERM)
    second.wait(10)
    assert list(floor.temporary.iterdir()) == []


def test_a_wake_up_whose_end_could_not_be_written_does_not_stay_in_the_queue_of_a_living_worker(
    floor: Floor, organization: Organization
) -> None:
    floor.start(1, lease_seconds=2)
    with psycopg.connect(floor.superuser, autocommit=True) as connection:
        connection.execute(
            "create function public.not_now() returns trigger language plpgsql as $$ begin raise deadlock_detected; end $$;"
            "create trigger not_now before delete on octavo_queue.procrastinate_jobs for each row execute function public.not_now()"
        )
        floor.wait_for(floor.ask(organization), "completed")
        until(lambda: "the queue was not told" in floor.log())
        assert set(connection.execute("select status::text, worker_id is null from octavo_queue.procrastinate_jobs")) == {("doing", False)}
        connection.execute("drop trigger not_now on octavo_queue.procrastinate_jobs")
    floor.quiet()
    assert floor.wait_for(floor.ask(organization), "completed").attempt == 1
    assert "Traceback" not in floor.log()


def test_children_end_with_the_server_that_forked_them_and_the_worker_gets_others(floor: Floor, organization: Organization) -> None:
    floor.start(1, lease_seconds=2)
    run = floor.ask(organization, rows=10, seconds=3)
    until(lambda: floor.sessions(run))
    children = floor.children()
    server = children[0].parent()
    assert server
    server.kill()
    assert gone(children, 10)
    assert floor.wait_for(run, "completed").attempt == 2
    floor.quiet()
    assert floor.verify() == []


def test_a_child_whose_worker_was_killed_as_it_asked_for_it_goes_without_a_word() -> None:
    """The worker's end of the pipe is closed before anything was written into it, as the kernel does it for a process that is killed."""
    program = (
        "import os\nfrom multiprocessing import forkserver\nfrom octavo.queue import child\nchild.warm_up()\n"
        "ended, to_child = forkserver.connect_to_new_process([])\nos.close(to_child)\nos.read(ended, 8)\nprint('gone')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("gone\n", "")
