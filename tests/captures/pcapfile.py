"""Reads pcap and pcapng, rewrites packets, writes pcap: only for the properties of the cases.

A packet is (time_ns, data, wire): captured octets and the length on the wire.  Files of several link types, and
anything fancier than Enhanced Packet Blocks, are refused: no case needs them.
"""
import collections
import fractions
import struct

Packet = collections.namedtuple('Packet', 'time_ns data wire')

ETHERNET, RAW, LINUX_SLL, LINUX_SLL2 = 1, 101, 113, 276
NANO_MAGIC = 0xa1b23c4d
SECTION, INTERFACE, ENHANCED = 0x0a0d0d0a, 1, 6


class Unreadable(Exception):
    pass


# --- reading and writing ------------------------------------------------------------------------------------

def read(path):
    """(link type, packets) of a capture file."""
    with open(path, 'rb') as f:
        data = f.read()
    return read_pcapng(data) if data[:4] == b'\x0a\x0d\x0d\x0a' else read_pcap(data)


def read_pcap(data):
    for order in '<', '>':
        magic, = struct.unpack(order + 'I', data[:4])
        if magic in (0xa1b2c3d4, NANO_MAGIC):
            break
    else:
        raise Unreadable('no pcap')
    unit = 1 if magic == NANO_MAGIC else 1000
    link, = struct.unpack(order + 'I', data[20:24])
    packets, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack(order + '4I', data[at:at + 16])
        if at + 16 + captured > len(data):  # the file breaks off in the middle of a packet
            break
        packets.append(Packet(seconds * 10**9 + fraction * unit, data[at + 16:at + 16 + captured], wire))
        at += 16 + captured
    return link & 0xffff, packets


def resolution_of(options, order):
    """Nanoseconds per tick: option 9 (if_tsresol), else microseconds."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack(order + 'HH', options[at:at + 4])
        if code == 9 and length >= 1:
            exponent = options[at + 4]
            return fractions.Fraction(10**9, 2**(exponent & 127) if exponent & 128 else 10**exponent)
        at += 4 + (length + 3 & ~3)
    return 1000


def read_pcapng(data):
    packets, links, ticks, at, order = [], [], [], 0, '<'
    while at + 12 <= len(data):
        if data[at:at + 4] == b'\x0a\x0d\x0d\x0a':
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
        kind, length = struct.unpack(order + 'II', data[at:at + 8])
        body = data[at + 8:at + length - 4]
        if kind == INTERFACE:
            links.append(struct.unpack(order + 'H', body[:2])[0])
            ticks.append(resolution_of(body[8:], order))
        elif kind == ENHANCED:
            interface, high, low, captured, wire = struct.unpack(order + '5I', body[:20])
            packets.append(Packet(int((high << 32 | low) * ticks[interface]), body[20:20 + captured], wire))
        at += max(length, 12)
    if len(set(links)) != 1:
        raise Unreadable('several link types')
    return links[0], packets


def write(path, link, packets):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', NANO_MAGIC, 2, 4, 0, 0, 262144, link))
        for p in packets:
            f.write(struct.pack('<4I', p.time_ns // 10**9, p.time_ns % 10**9, len(p.data), p.wire) + p.data)


def borders(data):
    """Offsets at which a file may end without damage: behind the header and behind each record or block."""
    if data[:4] == b'\x0a\x0d\x0d\x0a':
        order = '<' if data[8:12] == b'\x4d\x3c\x2b\x1a' else '>'
        found, at = [], 0
        while at + 12 <= len(data):
            at += struct.unpack(order + 'I', data[at + 4:at + 8])[0]
            found.append(at)
        return found
    order = '<' if data[0] in (0xd4, 0x4d) else '>'
    found, at = [24], 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack(order + 'I', data[at + 8:at + 12])[0]
        found.append(at)
    return found


# --- looking into packets -----------------------------------------------------------------------------------

Headers = collections.namedtuple('Headers', 'ip tcp payload version source destination sport dport flags')


def network_offset(link, data):
    """Where the IP header starts, or None."""
    if link == RAW:
        return 0
    if link == LINUX_SLL:
        return 16
    if link == LINUX_SLL2:
        return 20
    if link != ETHERNET:
        return None
    at = 12
    while data[at:at + 2] in (b'\x81\x00', b'\x88\xa8'):
        at += 4
    return at + 2 if data[at:at + 2] in (b'\x08\x00', b'\x86\xdd') else None


def source_of(link, packet):
    """The IP source address as octets, or b''."""
    at = network_offset(link, packet.data)
    if at is None or len(packet.data) <= at:
        return b''
    four = packet.data[at] >> 4 == 4
    return packet.data[at + 12:at + 16] if four else packet.data[at + 8:at + 24]


def tcp_of(link, packet):
    """Headers of an unfragmented TCP packet, or None."""
    data, ip = packet.data, network_offset(link, packet.data)
    if ip is None or len(data) < ip + 20:
        return None
    version = data[ip] >> 4
    if version == 4:
        tcp, protocol = ip + (data[ip] & 15) * 4, data[ip + 9]
        source, destination = data[ip + 12:ip + 16], data[ip + 16:ip + 20]
        end = ip + int.from_bytes(data[ip + 2:ip + 4], 'big')
    else:
        tcp, protocol = ip + 40, data[ip + 6]
        source, destination = data[ip + 8:ip + 24], data[ip + 24:ip + 40]
        end = tcp + int.from_bytes(data[ip + 4:ip + 6], 'big')
    if protocol != 6 or len(data) < tcp + 20:
        return None
    sport, dport = struct.unpack('>HH', data[tcp:tcp + 4])
    payload = data[tcp + (data[tcp + 12] >> 4) * 4:end]
    return Headers(ip, tcp, payload, version, source, destination, sport, dport, data[tcp + 13])


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def with_payload(packet, h, start, end, flags):
    """The same packet carrying only payload[start:end], with lengths, sequence number and checksums redone."""
    head = bytearray(packet.data[:h.tcp + (packet.data[h.tcp + 12] >> 4) * 4])
    body = h.payload[start:end]
    sequence = (int.from_bytes(head[h.tcp + 4:h.tcp + 8], 'big') + start) % 2**32
    head[h.tcp + 4:h.tcp + 8] = sequence.to_bytes(4, 'big')
    head[h.tcp + 13] = flags
    length = len(head) - h.tcp + len(body)
    if h.version == 4:
        struct.pack_into('>H', head, h.ip + 2, h.tcp - h.ip + length)
        identification = int.from_bytes(head[h.ip + 4:h.ip + 6], 'big') + (0x4000 if start else 0)
        struct.pack_into('>H', head, h.ip + 4, identification % 65536)
        struct.pack_into('>H', head, h.ip + 10, 0)
        struct.pack_into('>H', head, h.ip + 10, checksum(bytes(head[h.ip:h.tcp])))
    else:
        struct.pack_into('>H', head, h.ip + 4, length)
    struct.pack_into('>H', head, h.tcp + 16, 0)
    pseudo = h.source + h.destination + struct.pack('>II', 6, length)
    struct.pack_into('>H', head, h.tcp + 16, checksum(pseudo + bytes(head[h.tcp:]) + body))
    data = bytes(head) + body
    return Packet(packet.time_ns, data, len(data))


# --- what may happen to a capture on its way ----------------------------------------------------------------

def with_port(link, packet, old, new):
    """The same packet with another TCP port; its checksum is left as it was, for nobody reads it."""
    h = tcp_of(link, packet)
    if not h or old not in (h.sport, h.dport):
        return packet
    data = bytearray(packet.data)
    place = h.tcp + (0 if h.sport == old else 2)
    data[place:place + 2] = struct.pack('>H', new)
    return packet._replace(data=bytes(data))


def duplicated(packets, delay_ns):
    """Every packet twice, as a mirror of two ports or two VLANs gives them."""
    twice = []
    for p in packets:
        twice += [p, p._replace(time_ns=p.time_ns + delay_ns)]
    return sorted(twice, key=lambda p: p.time_ns)


def snapped(packets, length):
    return [p._replace(data=p.data[:length]) for p in packets]


def until(packets, time_ns):
    return [p for p in packets if p.time_ns <= time_ns]


def one_direction(link, packets, address, sent):
    """Only what this address sent, or only what it did not send."""
    return [p for p in packets if (source_of(link, p) == address) == sent]


def swapped(link, packets, within_ns):
    """Neighbours of one direction of one connection change places, their times stay."""
    out, i = list(packets), 0
    while i + 1 < len(out):
        a, b = tcp_of(link, out[i]), tcp_of(link, out[i + 1])
        if a and b and a[4:8] == b[4:8] and a.payload and b.payload and \
                out[i + 1].time_ns - out[i].time_ns <= within_ns:
            first, second = out[i], out[i + 1]
            out[i], out[i + 1] = second._replace(time_ns=first.time_ns), first._replace(time_ns=second.time_ns)
            i += 1
        i += 1
    return out


SYN, FIN, RST, PSH = 2, 1, 4, 8


def resegmented(link, packets):
    """Each data segment in two, cut at a place that is rarely a border of anything."""
    out = []
    for p in packets:
        h = tcp_of(link, p)
        if not h or len(h.payload) < 2 or h.flags & (SYN | RST) or p.wire != len(p.data):
            out.append(p)
            continue
        middle = 3 if len(h.payload) > 3 else 1
        out.append(with_payload(p, h, 0, middle, h.flags & ~(FIN | PSH)))
        out.append(with_payload(p, h, middle, len(h.payload), h.flags))
    return out
