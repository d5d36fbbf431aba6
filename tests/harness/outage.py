"""A home whose PostgreSQL a test takes away and gives back."""
import contextlib
import os
import signal

from home import freeze, wait_for
from ledger import LedgerCase


class OutageCase(LedgerCase):
    @contextlib.contextmanager
    def away(self, number=signal.SIGQUIT):
        """PostgreSQL is gone and nobody starts it, until the block ends."""
        supervisor = self.home.pid("supervisor")
        freeze(supervisor)
        try:
            os.kill(self.home.pid("postgres"), number)
            wait_for(lambda: self.home.get("/ready").status == 503, "the database to be gone")
            yield
        finally:
            os.kill(supervisor, signal.SIGCONT)
        wait_for(lambda: self.home.get("/ready").status == 200, "the database to be back", 60)

    def is_ledger_back(self):
        answer = self.home.post("/api/v1/check", {"estimated_tokens": 1})
        return answer.status == 200 and "degraded" not in answer.json

    def segments(self, ending=""):
        return [path for path in (self.home.folder / "spool").iterdir()
                if path.is_file() and path.name.endswith((".open", ".ready")) and path.name.endswith(ending)]

    def wait_for_replay(self):
        wait_for(lambda: not self.segments(), "the spool to be empty", 60)

    def spool(self, budget=None, headers=None, **fields):
        """A record while the database is away: its 202."""
        answer = self.record(budget, 202, headers, **fields)
        self.assertIs(answer["spooled"], True)
        for name in ("total_cost", "cost", "input_cost"):
            self.assertNotIn(name, answer)
        return answer

    def rows(self, budget):
        return self.home.sql("SELECT u.record_id FROM budget.usage_record u JOIN budget.shape s USING (tenant_id, shape_id) "
                             f"WHERE s.budget_id = '{budget}' ORDER BY 1")
