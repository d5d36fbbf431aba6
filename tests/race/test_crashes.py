"""kill -9 of everything in the middle of load: what was acknowledged is there, the rest is settled, it serves again."""
import os
import pathlib
import signal
import sys
import time
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, ProofCase, SECONDS  # noqa: E402
from home import WORK, main, wait_for  # noqa: E402
from swarm import Swarm  # noqa: E402

QUIET_S = 1.5  # of load between two deeds


class Crashes(ProofCase):
    def replaced(self, name):
        """Kills a service with -9; another comes in its place by itself."""
        old = self.home.kill(name)
        wait_for(lambda: self.home.processes().get(name, (0,))[0] not in (0, old), f"another {name}", 60)

    def serves(self):
        wait_for(lambda: self.home.post(f"{API}/check", {"provider": "acme", "model": "plain", "estimated_tokens": 1},
                                        timeout=5).status == 200, "the ledger to serve again by itself", 60)

    def backend(self):
        pid = self.home.value("SELECT pid FROM pg_stat_activity WHERE usename = 'budget_app' AND query LIKE '%ledger_run%'"
                              " ORDER BY state = 'active' DESC LIMIT 1")
        os.kill(int(pid or 0) or self.home.pid("ledger"), signal.SIGKILL)

    def supervisor(self):
        self.home.kill("supervisor")
        self.home.start()

    def test_killed_under_load_nothing_is_lost_and_nothing_doubled(self):
        leaf = self.team(generous=Decimal("0.5"))[1]
        deeds = [lambda: self.replaced("ledger"), lambda: self.replaced("postgres"), lambda: self.replaced("lighttpd"),
                 self.backend, self.supervisor, lambda: (self.home.kill("ledger"), self.replaced("postgres"))]
        with Swarm(self.ports, [leaf], WORK, 300 + 2 * SECONDS, clients=64, wild=0.1) as swarm:
            for n in range(max(1, int(SECONDS / 12))):
                for deed in deeds:
                    time.sleep(QUIET_S)  # the load goes on meanwhile
                    deed()
                    self.serves()
            time.sleep(QUIET_S)
            swarm.stop()
        calls = swarm.calls
        print(f"# seed {swarm.seed}: {len(calls)} calls, {sum(c.status in (0, 500, 502, 503) for c in calls)} in doubt")
        self.kinds(calls, "granted", "refused", "recorded", "replayed", "released", "in doubt", "retry after")
        self.settled(calls)
        self.replay(calls, leaf)
        self.clean()
        self.serves()
        wait_for(lambda: self.home.get("/health").json["status"] == "healthy", "everything to be well", 60)


if __name__ == "__main__":
    main()
