"""Makes the capture of a fleet in which five causes were planted, and says what was planted.

Endpoints check in with their EMS over an hour.  From its own moment on each cause breaks what the endpoints with one
property do; causes overlap in time, some endpoints have two, and two of a hundred endpoints fail once for no reason
that anybody shares.  Packets are written as a span port sees them; TLS bodies are noise of real lengths.
Sources: RFC 8446, RFC 5246, RFC 1035, RFC 9110 (CONNECT, 407).
"""
import collections
import random
import struct

SECOND = 10**6  # times are in microseconds
BEGIN = 1_795_093_200 * SECOND
HOUR = 3600 * SECOND
EMS, NODE = '10.0.0.10', '10.0.0.13'
RESOLVER, BAD_RESOLVER = '10.0.0.2', '10.30.9.53'
PROXY, BAD_PROXY = '10.30.2.7', '10.30.2.8'
NAME = 'ems.corp.example'
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SYN_OPTIONS = bytes.fromhex('020405b40402080a000000000000000001030307')
LATER_OPTIONS = bytes.fromhex('0101080a0000000000000000')

Cause = collections.namedtuple('Cause', 'id server port kind value members worked_until failed_since')
Fleet = collections.namedtuple('Fleet', 'packets causes noise endpoints')


class Endpoint:
    def __init__(self, number):
        self.subnet = number // 40
        self.address = f'10.{20 + self.subnet // 200}.{self.subnet % 200}.{10 + number % 40}'
        self.resolver, self.proxy, self.server, self.stack = RESOLVER, None, EMS, 'new'
        self.ttl = 127 - self.subnet % 3
        self.causes, self.port = [], 49152


# --- octets ---------------------------------------------------------------------------------------------------

def quad(address):
    return bytes(map(int, address.split('.')))


def ip_frame(source, target, protocol, body, ttl):
    header = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), 0, 0x4000, ttl, protocol, 0)
    return b'\2\0\0\0\0\1\2\0\0\0\0\2\x08\0' + header + quad(source) + quad(target) + body


def udp_frame(source, source_port, target, target_port, body, ttl):
    return ip_frame(source, target, 17, struct.pack('>HHHH', source_port, target_port, 8 + len(body), 0) + body, ttl)


def vector(width, body):
    return len(body).to_bytes(width, 'big') + body


def extension(number, body):
    return struct.pack('>H', number) + vector(2, body)


def record(kind, body, version=0x0303):
    return struct.pack('>BH', kind, version) + vector(2, body)


STACKS = {'new': (0x0304, (0x1301, 0x1302, 0xc02b, 0xc02f)), 'plain': (0x0303, (0xc02b, 0xc02f, 0x009c)),
          'old': (0x0303, (0x002f, 0x0035, 0x000a))}


def client_hello(draw, stack):
    version, suites = STACKS[stack]
    extensions = extension(0, vector(2, b'\0' + vector(2, NAME.encode()))) + extension(10, vector(2, b'\0\x1d\0\x17'))
    extensions += extension(13, vector(2, b'\4\3\x08\4\4\1'))
    if version == 0x0304:
        extensions += extension(43, vector(1, b'\3\4\3\3')) + extension(51, vector(2, b'\0\x1d' + vector(2, bytes(32))))
    body = b'\3\3' + draw.randbytes(32) + vector(1, draw.randbytes(32))
    body += vector(2, b''.join(s.to_bytes(2, 'big') for s in suites)) + b'\1\0' + vector(2, extensions)
    return body[35:67], record(22, b'\1' + vector(3, body), 0x0301)


def server_hello(draw, stack, session_id):
    extensions = b''
    if stack == 'new':
        extensions = extension(43, b'\3\4') + extension(51, b'\0\x1d' + vector(2, bytes(32)))
    body = b'\3\3' + draw.randbytes(32) + vector(1, session_id) + (b'\x13\1' if stack == 'new' else b'\xc0\x2b') + b'\0'
    return record(22, b'\2' + vector(3, body + vector(2, extensions)))


CHANGE = record(20, b'\1')


def sealed(n, kind=23):
    return record(kind, bytes(n))


def dns_question(number, name=NAME):
    labels = b''.join(vector(1, label.encode()) for label in name.split('.')) + b'\0'
    return struct.pack('>HHHHHH', number, 0x0100, 1, 0, 0, 0) + labels + b'\0\1\0\1'


def dns_answer(question, code, address):
    flags = struct.pack('>HHHHH', 0x8180 | code, 1, 0 if code else 1, 0, 0)
    answer = b'' if code else b'\xc0\x0c\0\1\0\1' + struct.pack('>IH', 300, 4) + quad(address)
    return question[:2] + flags + question[12:] + answer


# --- connections ----------------------------------------------------------------------------------------------

class Connection:
    """Packets of one TCP connection, in order, each `step` after the one before it."""

    def __init__(self, out, endpoint, server, port, time, draw):
        endpoint.port = 49152 + (endpoint.port - 49151) % 16000
        self.out, self.time, self.draw = out, time, draw
        self.ends = ((endpoint.address, endpoint.port), (server, port))
        self.next = [draw.getrandbits(32), draw.getrandbits(32)]
        self.ttl = (endpoint.ttl, 64)

    def packet(self, side, flags, body=b'', step=2000):
        (source, source_port), (target, target_port) = self.ends[side], self.ends[1 - side]
        options = SYN_OPTIONS if flags & SYN else LATER_OPTIONS
        acknowledged = self.next[1 - side] if flags & ACK else 0
        header = struct.pack('>HHIIBBHHH', source_port, target_port, self.next[side], acknowledged,
                             (20 + len(options)) // 4 << 4, flags, 64240, 0, 0)
        self.out.append((self.time, ip_frame(source, target, 6, header + options + body, self.ttl[side])))
        self.next[side] = (self.next[side] + len(body) + bool(flags & (SYN | FIN))) & 0xffffffff
        self.time += step

    def drop(self):
        for wait in 1, 2, 4, 8:
            self.packet(0, SYN, step=wait * SECOND)
            self.next[0] = (self.next[0] - 1) & 0xffffffff

    def refuse(self):
        self.packet(0, SYN)
        self.packet(1, RST | ACK)

    def open(self):
        self.packet(0, SYN)
        self.packet(1, SYN | ACK)
        self.packet(0, ACK)

    def say(self, side, body):
        self.packet(side, PSH | ACK, body)
        self.packet(1 - side, ACK)

    def close(self):
        self.packet(0, FIN | ACK)
        self.packet(1, FIN | ACK)
        self.packet(0, ACK)

    def handshake(self, stack):
        session_id, hello = client_hello(self.draw, stack)
        self.say(0, hello)
        if stack == 'new':
            self.say(1, server_hello(self.draw, stack, session_id) + CHANGE + sealed(1100))
            self.say(0, CHANGE + sealed(53))
        else:  # resumed: RFC 5246 section 7.3, figure 2
            self.say(1, server_hello(self.draw, stack, session_id) + CHANGE + sealed(40, 22))
            self.say(0, CHANGE + sealed(40, 22))

    def work(self, stack):
        self.handshake(stack)
        for _ in range(2):
            self.say(0, sealed(200))
            self.say(1, sealed(300))
        self.close()

    def rejected(self, stack):
        self.say(0, client_hello(self.draw, stack)[1])
        self.say(1, record(21, b'\2\x28'))
        self.close()

    def ask_proxy(self, status):
        self.say(0, f'CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n\r\n'.encode())
        headers = 'Proxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n' if status.startswith('407') else ''
        self.say(1, f'HTTP/1.1 {status}\r\n{headers}\r\n'.encode())


# --- what endpoints do ----------------------------------------------------------------------------------------

def check_in(out, endpoint, time, draw, broken):
    connection = Connection(out, endpoint, endpoint.server, 8013, time, draw)
    if 'drop' in broken:
        connection.drop()
    elif 'refuse' in broken:
        connection.refuse()
    else:
        connection.open()
        if 'alert' in broken:
            connection.rejected(endpoint.stack)
        else:
            connection.work(endpoint.stack)


def visit_proxy(out, endpoint, time, draw, broken):
    connection = Connection(out, endpoint, endpoint.proxy, 3128, time, draw)
    connection.open()
    connection.ask_proxy('407 Proxy Authentication Required' if 'login' in broken else '200 Connection established')
    if 'login' in broken:
        connection.close()
    else:
        connection.work('new')


def look_up(out, endpoint, time, draw, broken):
    question = dns_question(draw.getrandbits(16))
    port = draw.randrange(49152, 65535)
    code = 3 if 'nxdomain' in broken else 0
    out.append((time, udp_frame(endpoint.address, port, endpoint.resolver, 53, question, endpoint.ttl)))
    out.append((time + 3000, udp_frame(endpoint.resolver, 53, endpoint.address, port,
                                       dns_answer(question, code, endpoint.server), 64)))


# --- planting -------------------------------------------------------------------------------------------------

PLAN = {  # what breaks: (id, server, port, kind of property)
    'drop': ('tcp.syn.silent_drop', EMS, 8013, 'subnet'),
    'nxdomain': ('dns.nxdomain', BAD_RESOLVER, 53, 'resolver'),
    'login': ('proxy.connect.407', BAD_PROXY, 3128, 'proxy'),
    'refuse': ('tcp.syn.refused_by_host', NODE, 8013, 'server'),
    'alert': ('tls.cipher.none_common', EMS, 8013, 'tls_stack'),
}


def plant(endpoints, draw):
    """Gives each cause its endpoints; some get two."""
    size = max(4, len(endpoints) // 40)
    subnets = sorted({e.subnet for e in endpoints})
    doomed = set(draw.sample(subnets, max(1, len(subnets) // 40)))
    chosen = {'drop': [e for e in endpoints if e.subnet in doomed]}
    rest = [e for e in endpoints if e.subnet not in doomed]
    draw.shuffle(rest)
    for cause in 'nxdomain', 'login', 'refuse', 'alert':
        chosen[cause] = [rest.pop() for _ in range(size)]
    for first, second in (('drop', 'login'), ('alert', 'login'), ('refuse', 'nxdomain')):
        chosen[second] += draw.sample(chosen[first], max(1, size // 8))
    for cause, members in chosen.items():
        for endpoint in members:
            endpoint.causes.append(cause)
    for endpoint in chosen['nxdomain']:
        endpoint.resolver = BAD_RESOLVER
    for endpoint in chosen['login']:
        endpoint.proxy = BAD_PROXY
    for endpoint in chosen['refuse']:
        endpoint.server = NODE
    for endpoint in chosen['alert']:
        endpoint.stack = 'old'
    for i, endpoint in enumerate(rest):  # what others have, too
        endpoint.proxy = PROXY if i % 3 == 0 else None
        endpoint.stack = 'plain' if i % 4 == 1 else 'new'
    return chosen, rest


def moments(endpoint, visits, draw):
    """When it checks in: at a steady interval with some jitter."""
    interval = HOUR // visits
    begin = BEGIN + draw.randrange(interval)
    return [begin + i * interval + draw.randrange(interval // 10) for i in range(visits)]


def act(out, endpoint, visits, since, single, draw, log):
    """One endpoint's hour.  A failure is logged with its time, and so is a success."""
    times = moments(endpoint, visits, draw)
    noisy = draw.randrange(1, visits - 1) if single else None
    for i, time in enumerate(times):
        broken = {cause for cause in endpoint.causes if time >= since[cause]}
        if i == noisy:
            broken = {single}
        look_up(out, endpoint, time - SECOND, draw, broken)
        log(endpoint, 'nxdomain', time - SECOND, 'nxdomain' in broken)
        if 'nxdomain' not in broken:
            check_in(out, endpoint, time, draw, broken)
            for cause in ('drop', 'refuse', 'alert'):
                log(endpoint, cause, time, cause in broken)
        if endpoint.proxy and i % 2 == 0:
            visit_proxy(out, endpoint, time + 20 * SECOND, draw, broken)
            log(endpoint, 'login', time + 20 * SECOND, 'login' in broken)


def value_of(cause, member):
    return {'drop': member.address.rsplit('.', 1)[0] + '.0/24', 'nxdomain': BAD_RESOLVER,
            'login': f'{BAD_PROXY}:3128', 'refuse': NODE, 'alert': None}[cause]


def causes_of(chosen, history):
    """What must come out; a subnet each where one cause has several.  One cause may hide another: who never failed
    in its way is no member."""
    for cause, members in chosen.items():
        by_value = collections.defaultdict(list)
        for member in members:
            if any(failed for _, failed in history[member.address, cause]):
                by_value[value_of(cause, member)].append(member)
        for value, those in by_value.items():
            worked = [t for m in those for t, failed in history[m.address, cause] if not failed]
            failed = [t for m in those for t, failed in history[m.address, cause] if failed]
            first = min(failed)
            until = max((t for t in worked if t < first), default=None)
            identity, server, port, kind = PLAN[cause]
            if cause == 'refuse' and until is None:  # nothing else shows who refuses
                identity = 'tcp.syn.refused'
            yield Cause(identity, server, port, kind, value, {m.address for m in those}, until, first)


def fleet_make(n, visits, seed):
    draw = random.Random(seed)
    endpoints = [Endpoint(i) for i in range(n)]
    chosen, rest = plant(endpoints, draw)
    since = {cause: BEGIN + HOUR * draw.randrange(30, 60) // 100 for cause in PLAN}
    since[draw.choice(sorted(PLAN))] = BEGIN - HOUR  # one is as old as the capture
    noise = dict(zip((e.address for e in rest[:max(2, n // 50)]),
                     [draw.choice(['drop', 'alert', 'refuse', 'drop']) for _ in range(n)]))
    packets, history = [], collections.defaultdict(list)
    for endpoint in endpoints:
        single = noise.get(endpoint.address)
        act(packets, endpoint, visits, since, single, draw,
            lambda e, cause, time, failed: history[e.address, cause].append((time, failed)))
    packets.sort(key=lambda p: p[0])
    return Fleet(packets, list(causes_of(chosen, history)), noise, endpoints)


def fleet_write(fleet, path):
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for time, frame in fleet.packets:
            out.write(struct.pack('<IIII', time // SECOND, time % SECOND, len(frame), len(frame)))
            out.write(frame)
