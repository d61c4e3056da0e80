"""Workers send what is due: every recipient once, whoever is killed meanwhile, and whatever the mail server does to some.

Small for every day; CONTRIBUTING.md names the variable that makes it as large as is wanted.
"""

import os
import random
import signal
import threading
import time
from collections import Counter

from octavo.control.delivery import actions
from octavo.control.runs import actions as runs
from octavo.pipeline.document import Organization
from tests.control.delivering import mail
from tests.mailbox import Mailbox, listening
from tests.queue.conftest import MILL, SOMEBODY, Floor, until

MAILS = int(os.environ.get("OCTAVO_MAILS", "100"))
SEED = int(os.environ.get("OCTAVO_SEED", "20261121"))


class Fickle(Mailbox):
    """Refuses 5 % for now, 1 % for ever, and hangs up on 1 % once it has their mail; for each recipient the same way every time."""

    def __init__(self, count: int) -> None:
        super().__init__()
        chance = random.Random(SEED)
        everybody = [f"person{number}@beta.example" for number in range(count)]
        some = chance.sample(everybody, max(count * 7 // 100, 3))
        one = max(count // 100, 1)
        self.everybody = everybody
        self.never, self.dropped, self.later = set(some[:one]), set(some[one : 2 * one]), set(some[2 * one :])
        self.at_recipient = self._at_recipient
        self.after_keeping = lambda recipient: "hang up" if recipient in self.dropped else None

    def _at_recipient(self, recipient: str) -> str | None:
        if recipient in self.never:
            return "550 no such person"
        return "451 greylisted" if recipient in self.later and self.asked[recipient] == 1 else None


def ask(floor: Floor, organization: Organization, recipients: list[str]) -> runs.Run:
    with floor.database.tenant(organization.id) as connection:
        run = runs.request(
            connection,
            SOMEBODY,
            report="mill.grain",
            format="csv",
            parameters={"rows": 50},
            reports=MILL,
            masked=False,
            deliver_to=mail(*recipients),
        )
    floor.asked.append(run.id)
    return run


def over(floor: Floor, count: int) -> bool:
    left, total = floor.query("select count(*) filter (where state in ('pending', 'sending')), count(*) from octavo.delivery")[0]
    return bool(left == 0 and total == count)


def test_a_mail_goes_out_moments_after_its_run_was_made(floor: Floor, organization: Organization) -> None:
    with listening(Mailbox()) as box:
        floor.mailbox = box
        floor.start(1, mail_url=f"smtp://127.0.0.1:{box.port}?starttls=none", mail_from="reports@octavo.example")
        run = ask(floor, organization, ["anna@alpha.example"])
        until(lambda: over(floor, 1), 60)
    (message,) = box.mails
    (file,) = message.iter_attachments()
    assert file.get_payload(decode=True) == (floor.store / str(floor.find(run).file_key)).read_bytes()
    assert floor.verify() == []


def test_many_mails_of_one_run_end_each_sent_once_failed_or_unknown_although_senders_are_killed(
    floor: Floor, organization: Organization
) -> None:
    box = Fickle(MAILS)
    chance = random.Random(SEED)
    settings = {
        "mail_url": "", "mail_from": "reports@octavo.example", "lease_seconds": 3, "delivery_retry_seconds": 0.5, "senders": 3,
    }  # fmt: skip
    killed = stopped = 0
    floor.mailbox = box
    with listening(box):
        settings["mail_url"] = f"smtp://127.0.0.1:{box.port}?starttls=none"
        workers = [floor.start(1, **settings), floor.start(1, **settings)]
        begun = time.monotonic()
        run = ask(floor, organization, box.everybody)
        until(lambda: len(box.raw) >= MAILS // 5, 120)
        while not over(floor, MAILS) and killed + stopped < 4:
            time.sleep(chance.uniform(0.1, 0.6))
            place = chance.randrange(2)
            if (killed + stopped) % 2:
                workers[place].send_signal(signal.SIGTERM)
                stopped += 1
            else:
                workers[place].send_signal(signal.SIGKILL)
                killed += 1
            workers[place].wait()
            workers[place] = floor.start(1, **settings)
        until(lambda: over(floor, MAILS), 180 + MAILS / 4)
        seconds = time.monotonic() - begun
    became = {
        str(recipient): (str(state), kind)
        for recipient, state, kind in floor.query("select recipient, state, error_kind from octavo.delivery")
    }
    lost = {recipient for recipient, (state, kind) in became.items() if (state, kind) == ("unknown", "lost")}
    arrived = box.recipients
    print(
        f"{MAILS} mails, {killed} killed, {stopped} stopped, {dict(Counter(became.values()))}, {seconds:.1f} s, {len(box.connections)} connections, seed {SEED}"
    )
    assert set(became) == set(box.everybody)
    assert {recipient for recipient, (state, _) in became.items() if state == "failed"} == box.never
    assert {recipient for recipient, (state, _) in became.items() if state == "unknown"} == box.dropped | lost
    assert {recipient for recipient, (state, _) in became.items() if state == "sent"} == set(box.everybody) - box.never - box.dropped - lost
    assert all(arrived[recipient] == 1 for recipient, (state, _) in became.items() if state == "sent")
    assert all(arrived[recipient] <= 1 for recipient in lost)
    assert all(arrived[recipient] == 1 for recipient in box.dropped - lost)
    assert [recipient for recipient in box.later if became[recipient][0] == "sent" and box.asked[recipient] < 2] == []
    with floor.database.tenant(organization.id) as connection:
        assert actions.delivered(connection, run.id) == "partly"
    assert floor.verify() == []


def test_told_to_stop_a_worker_finishes_its_mails_and_gives_back_the_rest(floor: Floor, organization: Organization) -> None:
    slow = threading.Event()

    def wait(recipient: str) -> str | None:
        slow.wait(0.3)
        return None

    with listening(Mailbox(at_recipient=wait)) as box:
        floor.mailbox = box
        settings = {"mail_url": f"smtp://127.0.0.1:{box.port}?starttls=none", "senders": 2}
        worker = floor.start(1, **settings)
        ask(floor, organization, [f"person{number}@beta.example" for number in range(30)])
        until(lambda: len(box.raw) >= 3, 60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        left = dict(floor.query("select state, count(*) from octavo.delivery group by state"))
        assert set(left) == {"sent", "pending"}
        assert left["sent"] == len(box.raw)
        floor.start(1, **settings)
        until(lambda: over(floor, 30), 60)
    assert set(box.recipients.values()) == {1}
    assert len(box.recipients) == 30
    assert floor.verify() == []


def test_a_mail_server_that_is_away_for_a_while_loses_nothing(floor: Floor, organization: Organization) -> None:
    box = floor.mailbox = Mailbox()
    with listening(box):
        pass
    floor.start(1, mail_url=f"smtp://127.0.0.1:{box.port}?starttls=none", delivery_retry_seconds=0.5)
    ask(floor, organization, ["anna@alpha.example", "bert@alpha.example"])
    until(lambda: floor.query("select min(failures) from octavo.delivery")[0][0], 60)
    with listening(box):
        until(lambda: over(floor, 2), 60)
    assert box.recipients == {"anna@alpha.example": 1, "bert@alpha.example": 1}
    assert floor.verify() == []
