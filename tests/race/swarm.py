"""Clients that race: several processes of many threads, each with a connection of its own to one of several homes.

    with Swarm(ports, [budget], folder, seconds=15) as swarm: …       # they work while the body runs
    swarm.calls                                                       # what was asked and answered, as it happened

A client allocates, records, extends, releases, checks and repeats what it sent before, at random (the seed is printed by a
failing test). What is answered with 503 or not at all is sent again with the same id, to the next home, until it is settled.
The clock of a call is the wall clock, which is the ledger's, too: the model needs both to be one.
"""
import collections
import datetime
import decimal
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
API = "/api/v1"
MIX = {"allocate": 30, "record": 26, "release": 22, "extend": 8, "repeat": 8, "reserve": 6, "check": 6, "keyed": 3, "twins": 3,
       "batch": 2}
COMPONENTS = ("writer", "reader", None)
SETTLE_S = 60


def uuid7():
    bits = (int(time.time() * 1000) << 80) | (7 << 76) | (uuid.uuid4().int & ((1 << 76) - 1))
    return str(uuid.UUID(int=(bits & ~(3 << 62)) | (2 << 62)))


class Client(threading.Thread):
    def __init__(self, number, plan, calls):
        super().__init__(daemon=True)
        self.number, self.plan, self.calls = number, plan, calls
        self.random = random.Random(plan["seed"] * 1000 + number)
        self.ports, self.at = plan["ports"], number % len(plan["ports"])
        self.connection = None
        self.held = []                                    # (allocation id, tokens that were held)
        self.sent = collections.deque(maxlen=40)          # (path, body, key) of what can be sent again
        self.remaining = None

    def run(self):
        while time.time() < self.plan["until"] and not os.path.exists(self.plan["end"]):
            self.act(self.random.choices(list(self.plan["mix"]), list(self.plan["mix"].values()))[0])
        if self.connection:
            self.connection.close()

    def act(self, verb):
        getattr(self, verb)()

    # what a client does

    def subject(self):
        body = {"provider": "acme", "model": "plain", "budget_id": self.random.choice(self.plan["budgets"])}
        component = self.random.choice(COMPONENTS)
        if component:
            body["component"] = component
        if self.random.random() < 0.5:
            body["context_id"] = f"session {self.random.randrange(self.plan['sessions'])}"
        return body

    def size(self):
        """Tokens: mostly small, sometimes large, sometimes all that was left when last refused."""
        if self.remaining and self.random.random() < 0.4:
            return max(1, self.remaining)
        return self.random.choice((1, 3, 10, 10, 25, 50))

    def hold(self, path, **more):
        tokens = self.size()
        body = {**self.subject(), "allocation_id": uuid7(), "ttl_seconds": self.random.choice(self.plan["ttls"]),
                "final": self.random.random() < 0.5, **more}
        body.update({"tokens_allocated": tokens} if path == "allocations" else {"estimated_tokens": tokens})
        answer = self.insist(path, body, body["allocation_id"])
        if answer and answer[1].get("allocation_id"):
            self.held.append((body["allocation_id"], tokens))
        elif answer:
            left = answer[1].get("remaining_tokens"), answer[1].get("max_tokens_that_fit")
            self.remaining = min((value for value in left if value is not None), default=None)

    def allocate(self):
        self.hold("allocations")

    def reserve(self):
        self.hold("check", reserve=True)

    def check(self):
        self.insist("check", {**self.subject(), "estimated_tokens": self.size()}, None)

    def record(self):
        wild = self.random.random() < self.plan["wild"]
        if not self.held and not wild:
            return
        if self.plan["strict"]:
            return self.settle()
        body = {"provider": "acme", "model": "plain", "budget_id": self.plan["budgets"][0], "record_id": uuid7()}
        tokens = self.random.choice((1, 2, 5, 20))
        if self.held and not (wild and self.random.random() < 0.5):
            body["allocation_id"], held = self.random.choice(self.held)
            tokens = self.random.randrange(1, held + 1) if not wild else held + self.random.randrange(1, 30)
            if self.random.random() < 0.6:
                body["final"] = self.random.random() < 0.7
        elif self.random.random() < 0.3:
            body["context_id"] = f"session {self.random.randrange(self.plan['sessions'])}"
        output = self.random.randrange(tokens + 1)
        body.update(input_tokens=tokens - output, output_tokens=output)
        if not wild and output:  # held at the dearest class, which is output: never more than that
            body.update(input_tokens=0, output_tokens=tokens)
        self.insist("usage/record", body, body["record_id"])

    def settle(self):
        """One record for a hold, never more than it held: nothing can pass a limit by that."""
        hold, held = self.held.pop(self.random.randrange(len(self.held)))
        body = {"provider": "acme", "model": "plain", "record_id": uuid7(), "allocation_id": hold, "final": True,
                "input_tokens": 0, "output_tokens": self.random.randrange(1, held + 1)}
        self.insist("usage/record", body, body["record_id"])

    def release(self):
        if self.held:
            hold = self.held.pop(self.random.randrange(len(self.held)))[0]
            self.insist(f"allocations/{hold}/release", {}, None)

    def extend(self):
        if self.held:
            hold = self.random.choice(self.held)[0]
            self.insist(f"allocations/{hold}/extend", {"ttl_seconds": self.random.choice((1, 2, 4))}, None)

    def repeat(self):
        if self.sent:
            path, body, key = self.random.choice(self.sent)
            self.at = (self.at + 1) % len(self.ports)
            self.drop()
            self.insist(path, body, None, key)

    def plain(self):
        """A record that no hold stands behind: the smallest there is."""
        return {"provider": "acme", "model": "plain", "budget_id": self.plan["budgets"][0], "record_id": uuid7(),
                "input_tokens": 1}

    def keyed(self):
        """Known by a header instead of an id."""
        body = self.plain()
        key = body.pop("record_id")
        self.sent.append(("usage/record", body, key))
        self.insist("usage/record", body, None, key)

    def batch(self):
        """Several at once, one of which was sent before and one of them twice."""
        items = [self.plain() for _ in range(4)]
        items += [items[0]] + [body for path, body, key in self.sent if path == "usage/record" and not key][-1:]
        self.insist("usage/batch", items, None)

    def twins(self):
        """The same at the same moment, by two connections to different homes."""
        if self.held and self.random.random() < 0.5:
            body = dict(self.plain(), allocation_id=self.random.choice(self.held)[0], final=True)
        else:
            body = {**self.subject(), "allocation_id": uuid7(), "ttl_seconds": 2, "tokens_allocated": self.size()}
        path = "usage/record" if "record_id" in body else "allocations"
        twin = Client(self.number, self.plan, self.calls)
        twin.at = (self.at + 1) % len(self.ports)
        second = threading.Thread(target=twin.insist, args=(path, body, None))
        second.start()
        self.insist(path, body, None)
        second.join()
        twin.drop()

    # how it asks

    def insist(self, path, body, identity, key=None):
        """Asks until there is an answer that settles it; keeps all that was said."""
        if identity:
            self.sent.append((path, body, None))
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until:
            answer = self.ask(path, body, key)
            if answer and answer[0] not in (500, 502, 503, 504):
                return answer
            self.at = (self.at + 1) % len(self.ports)
            self.drop()
            time.sleep(0.05)
        self.calls.append({"start": time.time(), "end": time.time(), "path": path, "body": body, "status": 0,
                           "text": "not settled", "key": key})
        return None

    def ask(self, path, body, key):
        call = {"client": self.number, "port": self.ports[self.at], "path": path, "body": body, "key": key,
                "start": time.time()}
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", call["port"], timeout=20)
            self.connection.request("POST", f"{API}/{path}", json.dumps(body), headers)
            response = self.connection.getresponse()
            call.update(status=response.status, text=response.read().decode(), retry=response.headers["Retry-After"],
                        replayed=response.headers["Idempotency-Replayed"])
        except (OSError, http.client.HTTPException) as error:
            self.drop()
            call.update(status=0, text=repr(error))
        call["end"] = time.time()
        self.calls.append(call)
        if call["status"] == 0:
            return None
        try:
            return call["status"], json.loads(call["text"])
        except ValueError:
            return call["status"], {}

    def drop(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Call:
    """One question and its answer."""

    def __init__(self, line):
        self.__dict__.update(line)
        self.start = datetime.datetime.fromtimestamp(self.start, datetime.timezone.utc)
        self.end = datetime.datetime.fromtimestamp(self.end, datetime.timezone.utc)

    @property
    def json(self):
        try:
            return json.loads(self.text, parse_float=decimal.Decimal)
        except ValueError:
            return {}

    def __repr__(self):
        return f"{self.start} {self.path} {self.body} -> {self.status} {self.text[:400]}"


class Swarm:
    def __init__(self, ports, budgets, folder, seconds, clients=128, processes=4, wild=0, strict=False, sessions=6,
                 ttls=(1, 1, 2, 3, 8), mix=None, seed=None):
        self.seed = seed if seed is not None else random.randrange(10 ** 6)
        self.until = time.time() + seconds
        self.end = pathlib.Path(folder) / f"swarm-{self.seed}-end"  # its being there ends the race
        self.processes = []
        for number in range(processes):
            plan = {"ports": ports, "budgets": budgets, "until": self.until, "end": str(self.end), "wild": wild,
                    "strict": strict, "sessions": sessions, "ttls": ttls, "mix": mix or MIX,
                    "seed": self.seed * 100 + number, "clients": clients // processes,
                    "log": str(pathlib.Path(folder) / f"swarm-{self.seed}-{number}.jsonl")}
            self.processes.append((plan["log"], subprocess.Popen([sys.executable, "-B", __file__, json.dumps(plan)],
                                                                 stdin=subprocess.DEVNULL)))

    def __enter__(self):
        return self

    def stop(self):
        """Before its time."""
        self.end.touch()
        self.until = time.time()

    def __exit__(self, *_):
        for _log, process in self.processes:
            process.wait(max(0, self.until - time.time()) + SETTLE_S + 60)

    @property
    def calls(self):
        """All of it, in order of asking."""
        lines = []
        for log, _ in self.processes:
            with open(log, encoding="utf-8") as file:
                lines += [Call(json.loads(line)) for line in file]
        return sorted(lines, key=lambda call: call.start)


def work(plan):
    calls = []
    clients = [Client(number, plan, calls) for number in range(plan["clients"])]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    with open(plan["log"] + ".new", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(call) + "\n" for call in list(calls))
    os.rename(plan["log"] + ".new", plan["log"])


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
