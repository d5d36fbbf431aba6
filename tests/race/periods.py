"""Periods of policies, worked out by definition and not as sql/functions/period does it: an independent second opinion.

A day, week, month, quarter or year begins at the first instant at which the wall clock of the zone has reached its first
midnight, and lasts until the next one begins. An hour is what lies between two full hours of the wall clock or a move of
it. A rolling window is summed in buckets. Zones: IANA names, or PostgreSQL's `<name>+hh:mm:ss` (west is positive), with
which a test puts a boundary where it needs one.
"""
import calendar
import datetime
import functools
import re
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
FIRST, LAST = datetime.datetime.min.replace(tzinfo=UTC), datetime.datetime.max.replace(tzinfo=UTC)
POSIX = re.compile(r"<\w+>([+-])(\d+):(\d+):(\d+)")


@functools.lru_cache(maxsize=None)
def zone(name):
    match = POSIX.fullmatch(name)
    if not match:
        return zoneinfo.ZoneInfo(name)
    west = datetime.timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4]))
    return datetime.timezone(-west if match[1] == "+" else west)


def posix_zone(boundary):
    """A zone in which it is midnight at this instant."""
    since = (boundary - EPOCH).seconds
    return f"<race>+{since // 3600:02d}:{since // 60 % 60:02d}:{since % 60:02d}"


def offset(at, name):
    return at.astimezone(zone(name)).utcoffset()


@functools.lru_cache(maxsize=4096)
def segments(day, name):
    """[(begin, end, offset)]: the spans of one offset from three days before a day to three days after it."""
    low, high = day - datetime.timedelta(days=3), day + datetime.timedelta(days=3)
    found, begin = [], low
    at = low
    while at < high:
        after = min(at + datetime.timedelta(minutes=30), high)
        if offset(at, name) != offset(after, name):
            left, right = at, after
            while right - left > MICROSECOND:
                middle = left + (right - left) / 2
                left, right = (middle, right) if offset(middle, name) == offset(at, name) else (left, middle)
            found.append((begin, right, offset(begin, name)))
            begin = right
        at = after
    found.append((begin, high, offset(begin, name)))
    return found


def around(at, name):
    return segments(datetime.datetime.combine(at.date(), datetime.time(), UTC), name)


def first_reached(local, name):
    """First instant at which the wall clock shows this local time or a later one."""
    for begin, end, shift in around(local.replace(tzinfo=UTC), name):
        at = max(begin, local.replace(tzinfo=UTC) - shift)
        if at < end:
            return at
    raise AssertionError(f"{local} is not reached in {name}")


def hour(at, name):
    for begin, end, shift in around(at, name):
        if begin <= at < end:
            full = (at + shift).replace(minute=0, second=0, microsecond=0) - shift
            return max(full, begin), min(full + datetime.timedelta(hours=1), end)
    raise AssertionError("an instant outside of its days")


def month(first, months):
    number = first.year * 12 + first.month - 1 + months
    return first.replace(year=number // 12, month=number % 12 + 1)


def firsts(period, local, week_start, reset_day):
    """First local midnights of the period before, of and after this local time."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if period == "daily":
        return [day + datetime.timedelta(days=n) for n in (-1, 0, 1, 2)]
    if period == "weekly":
        week = day - datetime.timedelta(days=(day.isoweekday() - week_start) % 7)
        return [week + datetime.timedelta(days=7 * n) for n in (-1, 0, 1, 2)]
    length = {"monthly": 1, "quarterly": 3, "yearly": 12}[period]
    first = day.replace(day=1, month=(day.month - 1) // length * length + 1)
    begins = (month(first, n * length) for n in (-2, -1, 0, 1, 2))
    return [begin.replace(day=min(reset_day, calendar.monthrange(begin.year, begin.month)[1])) for begin in begins]


def bucket_seconds(window):
    return -(-window // 18000) * 60


def bucket(window, at):
    size = datetime.timedelta(seconds=bucket_seconds(window))
    return EPOCH + (at - EPOCH) // size * size


def window_floor(window, at):
    """First bucket that counts at an instant."""
    return bucket(window, at - datetime.timedelta(seconds=window))


def bounds(period, at, name="UTC", week_start=1, reset_day=1, window=None):
    """[start, end) of the period an instant lies in; rolling: of its bucket."""
    if period in ("lifetime", "per_session", "per_task"):
        return FIRST, LAST
    if period == "rolling":
        start = bucket(window, at)
        return start, start + datetime.timedelta(seconds=bucket_seconds(window))
    if period == "hourly":
        return hour(at, name)
    begins = [first_reached(local, name) for local in
              firsts(period, at.astimezone(zone(name)), week_start, reset_day)]
    start = max(begin for begin in begins if begin <= at)
    return start, min(begin for begin in begins if begin > at)
