"""Clock edges: where periods begin in zones that move their clocks, month ends, leap days, clocks that are put back.

What SQL says is held against race/periods.py, which works it out another way; what clients met at the edges is replayed by
the model.
"""
import datetime
import pathlib
import sys
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, ProofCase  # noqa: E402
from home import main  # noqa: E402
from ledger import ClockCase  # noqa: E402
from model import Log, Model, Refusal  # noqa: E402
import periods  # noqa: E402

UTC = datetime.timezone.utc
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Australia/Eucla",
         "Pacific/Chatham", "America/St_Johns", "UTC")
MOVES = (("Pacific/Apia", "2011-12-30"), ("America/Sao_Paulo", "2018-11-04"), ("America/Sao_Paulo", "2018-02-18"),
         ("Asia/Amman", "2022-10-28"), ("America/Havana", "2026-11-01"))  # a day left out, midnights that are missing or twice
PERIODS = ("hourly", "daily", "weekly", "monthly", "quarterly", "yearly")


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def moves(zone, year):
    """Instants of a year at which a zone moves its clocks."""
    found, day = [], datetime.datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        after = day + datetime.timedelta(days=2)
        if periods.offset(day, zone) != periods.offset(after, zone):
            found += [end for _, end, _ in periods.segments(day + datetime.timedelta(days=1), zone)[:-1]
                      if day < end <= after]
        day = after
    return found


def edges():
    """(zone, instant): on, just before and just after everything that is special."""
    days = [at("2028-02-28"), at("2028-02-29"), at("2028-03-01"), at("2027-01-31"), at("2027-02-28"), at("2027-12-31"),
            at("2028-01-01"), at("2027-04-30"), at("2027-03-31")]
    for zone in ZONES:
        special = [day - periods.offset(day, zone) for day in days] + moves(zone, 2026) + moves(zone, 2028)
        for instant in special:
            for minutes in (-61, -30, 0, 15, 59, 90):
                for micro in (-1, 0):
                    yield zone, instant + datetime.timedelta(minutes=minutes, microseconds=micro)
    for zone, day in MOVES:
        for hours in range(-30, 40, 3):
            yield zone, at(day) + datetime.timedelta(hours=hours)


class Clock(ClockCase, ProofCase):
    settings = {"TZ": "UTC"}

    def test_periods_begin_where_the_wall_clock_says(self):
        asked, expected = [], []
        for number, (zone, instant) in enumerate(edges()):
            for period in PERIODS:
                week, day = 1 + number % 7, (1, 31, 15, 29, 30)[number % 5]
                asked.append(f"('{period}', '{zone}', {week}, {day}, '{instant.isoformat()}')")
                expected.append(periods.bounds(period, instant, zone, week, day))
        found = []
        for low in range(0, len(asked), 1000):
            found += self.home.sql("SELECT b.period_start AT TIME ZONE 'UTC', b.period_end AT TIME ZONE 'UTC' FROM (VALUES "
                                   + ", ".join(asked[low:low + 1000]) + ") v (period, zone, week, day, at)"
                                   " CROSS JOIN LATERAL budget.period_bounds(period, zone, week::smallint, day::smallint, NULL,"
                                   " at::timestamptz) b")
        wrong = [f"{what}: {said} instead of {[str(x.replace(tzinfo=None)) for x in wanted]}"
                 for what, said, wanted in zip(asked, found, expected)
                 if tuple(datetime.datetime.fromisoformat(x).replace(tzinfo=UTC) for x in said) != tuple(wanted)]
        print(f"# {len(asked)} periods")
        self.assertEqual(len(found), len(asked))
        self.assertEqual(wrong[:5], [], f"{len(wrong)} of {len(asked)}")

    # what clients meet there: in the order of time, also from test to test, or the log would have no order

    ENDS = (
        ("daily", "Australia/Lord_Howe", {}, "2030-04-06T13:00:00"),        # the day before the clocks go back half an hour
        ("hourly", "Australia/Lord_Howe", {}, "2030-04-06T15:00:00"),       # 01:30 comes again
        ("daily", "Australia/Lord_Howe", {}, "2030-04-07T13:30:00"),        # and that day is 24.5 hours long
        ("daily", "Europe/Berlin", {}, "2030-10-27T23:00:00"),              # 25 hours
        ("hourly", "America/New_York", {}, "2030-11-03T06:00:00"),          # the second 01:00 is another hour
        ("daily", "America/New_York", {}, "2030-11-04T05:00:00"),
        ("daily", "Asia/Kathmandu", {}, "2030-11-10T18:15:00"),
        ("hourly", "Australia/Eucla", {}, "2030-11-11T00:15:00"),
        ("daily", "Pacific/Chatham", {}, "2030-11-11T10:15:00"),
        ("monthly", "Pacific/Chatham", {"month_reset_day": 31}, "2030-11-29T10:15:00"),  # the 30th is the last
        ("yearly", "Asia/Kathmandu", {}, "2030-12-31T18:15:00"),
        ("quarterly", "Europe/Berlin", {}, "2031-03-31T22:00:00"),
        ("weekly", "America/New_York", {"week_start": 7}, "2031-04-06T04:00:00"),
        ("daily", "Africa/Casablanca", {}, "2031-04-10T23:00:00"),
        ("daily", "UTC", {}, "2032-02-29T00:00:00"),
        ("monthly", "Europe/Berlin", {"month_reset_day": 31}, "2032-02-28T23:00:00"),    # 29 February
        ("daily", "UTC", {}, "2032-03-01T00:00:00"),
    )

    def test_a_limit_is_new_from_the_first_instant_of_a_period(self):
        refusals = []
        for period, zone, more, end in self.ENDS:
            with self.subTest(period, zone=zone, end=end):
                refusals += self.over_an_end(period, zone, more, at(end))
        self.assertEqual(Model(Log(self.home.sql)).replay(refusals), [])
        self.assertEqual(self.drift(), [])

    def over_an_end(self, period, zone, more, end):
        self.set_clock(end - datetime.timedelta(seconds=30))
        budget = self.budget(time_zone=zone, **more)
        policy = self.policy(budget, period=period, cost_limit=1)
        line = self.standing(policy)
        self.assertEqual(line["resets_at"], end.strftime("%Y-%m-%dT%H:%M:%S.000000Z"))
        self.record(budget, input_tokens=600)
        held = self.hold(budget, cost="0.4", ttl_seconds=3600)
        refused = [Refusal(*self.asked(lambda: self.hold(budget, cost="0.000001", expect=402)))]
        self.set_clock(end + datetime.timedelta(microseconds=1))
        self.assertEqual(self.used(policy), (0, Decimal("0.4")), "spent begins anew, held goes on")
        refused.append(Refusal(*self.asked(lambda: self.hold(budget, cost="0.600001", expect=402))))
        self.hold(budget, cost="0.6")
        self.record(budget, allocation_id=held["allocation_id"], input_tokens=400, final=True)
        self.assertEqual(self.used(policy), (Decimal("0.4"), Decimal("0.6")))
        return refused

    def asked(self, ask):
        """(from, to, answer) by the clock of the home."""
        start = self.clock_now()
        document = ask()
        return start, self.clock_now(), document

    def clock_now(self):
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=self.ahead)

    def test_holds_end_exactly_when_they_say(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        self.freeze("2033-05-05 12:00:00")
        hold = self.hold(budget, cost="0.7", ttl_seconds=60)
        self.assertEqual(hold["expires_at"], "2033-05-05T12:01:00.000000Z")
        self.freeze("2033-05-05 12:00:59")
        self.hold(budget, cost="0.7", expect=402)
        self.freeze("2033-05-05 12:01:00")
        self.assertEqual(self.used(policy), (0, 0))
        again = self.hold(budget, cost="0.7", ttl_seconds=60)
        late = self.record(budget, allocation_id=hold["allocation_id"], input_tokens=100)
        self.assertEqual((late["cause"], late["flags"]), ("late", ["hold_expired"]))
        self.assertEqual(self.used(policy), (Decimal("0.1"), Decimal("0.7")))
        self.freeze("2033-05-05 12:02:00")
        self.ask(f"allocations/{again['allocation_id']}/release", {}, 200)
        self.assertEqual(self.home.get(f"{API}/allocations/{again['allocation_id']}").json["state"], "expired")
        self.hold(budget, cost="0.9")
        self.assertEqual(self.drift(), [])

    def freeze(self, instant):
        """The clock of the home stands still there. Partitions come first: timeouts of a frozen server never end a wait."""
        self.home.sql(f"SELECT budget.partitions_make(3, false, '{instant}+00')")
        with open(self.clock, "r+b", buffering=0) as file:
            file.write(instant.encode().ljust(20))

    def test_stepping_back_in_the_midst_changes_nothing(self):
        self.set_clock(at("2034-01-01T00:02:00"))
        budget = self.budget(time_zone="UTC")
        policy = self.policy(budget, period="daily", cost_limit=1)
        holds = [self.hold(budget, cost="0.2", ttl_seconds=30) for _ in range(3)]
        self.record(budget, input_tokens=100, allocation_id=holds[0]["allocation_id"], final=True)
        decided = self.clock_now()
        self.set_clock(decided - datetime.timedelta(seconds=150))  # into the year before
        late = self.record(budget, input_tokens=50)
        self.assertGreaterEqual(late["charged_at"], "2034-01-01T00:02:00", "no period comes back")
        self.hold(budget, cost="0.46", expect=402)
        self.hold(budget, cost="0.45", ttl_seconds=30)
        line = [line for line in self.check(budget)["policies"] if line["policy_id"] == policy][0]
        self.assertEqual((line["cost_used"], line["cost_held"]), (Decimal("0.15"), Decimal("0.85")))
        self.set_clock(decided + datetime.timedelta(seconds=31))
        self.assertEqual(self.used(policy), (Decimal("0.15"), 0))
        self.hold(budget, cost="0.85")
        self.assertEqual(Model(Log(self.home.sql)).replay(), [])
        self.assertEqual(self.drift(), [])


if __name__ == "__main__":
    main()
