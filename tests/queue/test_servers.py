"""Two servers and three workers on one database, and people who ask, list, cancel, retry and download while processes are killed."""

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx2 as httpx

from octavo.control.access import actions as access
from octavo.pipeline.document import Organization
from tests.queue.conftest import Floor
from tests.queue.test_survival import RUNS_A_KILL, SEED, kill

ROUNDS = int(os.environ.get("OCTAVO_ROUNDS", "30"))


@dataclass
class Client:
    """Somebody of one organization, who does this and that; what they were answered is kept."""

    floor: Floor
    organization: Organization
    key: str
    addresses: list[str]
    chance: random.Random
    mine: list[int] = field(default_factory=list)
    unsure: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    def live(self) -> None:
        for _ in range(ROUNDS):
            what = self.chance.choices(["ask", "list", "look", "cancel", "retry", "download"], [6, 3, 3, 2, 2, 2])[0]
            run = self.chance.choice(self.mine) if self.mine else 0
            self.do(what, run)
            time.sleep(self.chance.uniform(0, 0.15))

    def do(self, what: str, run: int) -> None:
        body = {
            "report": "mill.marked", "format": self.chance.choice(["csv", "json", "xlsx"]),
            "parameters": {"rows": self.chance.randint(1, 2000), "seconds": self.chance.choice([0, 0.3])},
        }  # fmt: skip
        place = f"/api/reports/generated/{run}" if run else "/api/reports/generated"
        method, path, json = {
            "ask": ("POST", "/api/reports/generate", body),
            "list": ("GET", "/api/reports/generated", None),
            "look": ("GET", place, None),
            "cancel": ("POST", f"{place}/cancel", None),
            "retry": ("POST", f"{place}/retry", None),
            "download": ("GET", f"{place}/download", None),
        }[what if run else "ask"]
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            with httpx.Client(base_url=self.chance.choice(self.addresses), headers=headers, timeout=60, follow_redirects=True) as client:
                answer = client.request(method, path, json=json)
        except httpx.TransportError:  # its server was killed: whether it was done, nobody knows
            self.unsure += method == "POST" and path.endswith("generate")
            return
        self.statuses[what, answer.status_code] += 1
        self.floor.answers.append((self.organization.id, answer.content))
        if answer.status_code == 202:
            self.mine.append(answer.json()["id"])


def test_people_of_several_organizations_work_on_while_servers_and_workers_are_killed(
    floor: Floor, organizations: list[Organization]
) -> None:
    chance = random.Random(SEED)
    floor.mark(organizations)
    addresses = [floor.serve(), floor.serve()]
    for _ in range(3):
        floor.start(1, lease_seconds=2)
    floor.listening(3)
    clients = [
        Client(floor, organization, credential.key.text, addresses, random.Random(chance.random()))
        for organization in organizations
        for credential in access.demo_credentials(floor.database, organization)
        if credential.role == "admin"
    ]
    threads = [threading.Thread(target=client.live) for client in clients]
    with floor.watching():
        for thread in threads:
            thread.start()
        dead, replaced = 0, False
        while any(thread.is_alive() for thread in threads):
            time.sleep(chance.uniform(0.2, 0.6))
            enough = dead * RUNS_A_KILL > sum(
                len(client.mine) for client in clients
            )  # else one run may be killed more often than it is tried
            if (children := floor.children()) and not enough:
                dead += kill(chance.choice(children))
            if dead >= RUNS_A_KILL and not replaced:
                replaced = True
                floor.servers[1].send_signal(signal.SIGKILL)
                floor.servers[1].wait()
                addresses[1:] = [floor.serve()]
        for thread in threads:
            thread.join()
        floor.quiet(120)
    floor.asked = [run for client in clients for run in client.mine]
    floor.unsure = sum(client.unsure for client in clients)
    statuses = sum((client.statuses for client in clients), Counter[tuple[str, int]]())
    print(f"{len(floor.asked)} runs of {len(clients)} organizations, {dead} children killed, {floor.unsure} unsure; {dict(statuses)}")
    assert {status for _, status in statuses} <= {200, 202, 409}, statuses
    assert len(floor.answers) > len(floor.asked)
    assert floor.verify() == []
    assert (
        floor.query("select state, error_kind, error_message from octavo.generated_report where state not in ('completed', 'cancelled')")
        == []
    )
