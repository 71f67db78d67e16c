"""Makes a day of check-ins: endpoints with timers, jitter, sleep, roaming addresses and two policies, some of which miss.

Laptops are closed for hours, some several times; then nothing of them is to be seen.  Planted misses come from endpoints
that are awake: either their attempts to check in get no answer, or they only do other things.  Times and packets are
those of fleet.py.
"""
import collections
import random

import fleet

DAY = 24 * fleet.HOUR
POLICIES = (60, 300)  # seconds
WEB = '203.0.113.80'  # something else that endpoints do

Person = collections.namedtuple('Person', 'addresses interval changed missed_at')


class Roamer(fleet.Endpoint):
    """An endpoint next to the capture, with a network card of its own."""

    def __init__(self, number):
        super().__init__(number)
        self.ttl = 128
        self.card = bytes((2, 0, 0x5e, 0, number >> 8, number & 255))


class Card(list):
    """A list of packets that puts the endpoint's own MAC into those that it sends."""

    def __init__(self, out, endpoint):
        super().__init__()
        self.out, self.endpoint = out, endpoint

    def append(self, item):
        time, frame = item
        mine = frame[26:30] == fleet.quad(self.endpoint.address)
        other = b'\2\0\0\0\0\1'
        ends = other + self.endpoint.card if mine else self.endpoint.card + other
        self.out.append((time, ends + frame[12:]))


def nights_of(draw):
    """Stretches of the day in which the laptop is closed."""
    closed = [(0, draw.randrange(5, 8) * fleet.HOUR), (draw.randrange(17, 20) * fleet.HOUR, DAY)]
    for _ in range(draw.randrange(3)):
        begin = draw.randrange(9, 16) * fleet.HOUR + draw.randrange(fleet.HOUR)
        closed.append((begin, begin + draw.randrange(20, 90) * 60 * fleet.SECOND))
    return closed


def times_of(draw, intervals, closed, jitter):
    """When the timer fires while the laptop is open.  intervals: (from, seconds)."""
    time, times = draw.randrange(60 * fleet.SECOND), []
    while time < DAY:
        if not any(begin <= time < end for begin, end in closed):
            times.append(time)
        interval = [seconds for since, seconds in intervals if since <= time][-1] * fleet.SECOND
        time += interval + round(interval * draw.uniform(-jitter, jitter))
    return times


def misses_of(draw, times, interval, wanted):
    """Runs of three to eight check-ins inside a waking stretch; the indices of each run."""
    runs = []
    for _ in range(200):
        if len(runs) == wanted:
            break
        first, n = draw.randrange(8, max(9, len(times) - 20)), draw.randrange(3, 9)
        run = range(first, first + n)
        near = range(first - 8, first + n + 8)
        awake = near[-1] < len(times) and times[near[-1]] - times[near[0]] < 2 * len(near) * interval * fleet.SECOND
        if awake and not any(set(near) & set(other) for other in runs):
            runs.append(run)
    return runs


def live(out, endpoint, draw, policy, roams):
    interval = POLICIES[policy % 2]
    intervals = [(0, interval)]
    if policy == 2:  # the policy changes at noon
        intervals = [(0, POLICIES[1]), (12 * fleet.HOUR, POLICIES[0])]
        interval = POLICIES[0]
    times = times_of(draw, intervals, nights_of(draw), draw.choice((0, 0.02, 0.1)))
    runs = misses_of(draw, times, max(POLICIES), draw.choice((0, 0, 1, 2)))
    failing = {i for k, run in enumerate(runs) for i in run if k % 2 == 0}
    silent = {i for k, run in enumerate(runs) for i in run if k % 2}
    addresses, half = [endpoint.address], len(times) // 2
    packets = Card(out, endpoint)
    for i, time in enumerate(times):
        if roams and i == half:
            endpoint.address = '10.77' + endpoint.address[5:]
            addresses.append(endpoint.address)
        at = fleet.BEGIN + time
        if i in silent:
            fleet.Connection(packets, endpoint, WEB, 80, at, draw).open()
            continue
        fleet.check_in(packets, endpoint, at, draw, {'drop'} if i in failing else set())
        if draw.random() < 0.1:  # everybody does other things as well
            fleet.Connection(packets, endpoint, WEB, 80, at + fleet.SECOND, draw).open()
    return Person(addresses, interval, policy == 2, [fleet.BEGIN + times[run[0]] for run in runs])


def day_make(n, seed):
    draw, packets = random.Random(seed), []
    persons = [live(packets, Roamer(i), draw, i % 3, i % 5 == 0) for i in range(n)]
    packets.sort(key=lambda p: p[0])
    return packets, persons
