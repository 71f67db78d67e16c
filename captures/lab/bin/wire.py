#!/usr/bin/python3
"""wire.py IF1 IF2: a wire between two interfaces that delays, swaps or loses frames.

--delay S each way; --lose PORT:N[,N...]  loses the Nth frames with TCP payload that come from PORT;
--swap PORT:N  lets frame N+1 with payload from PORT overtake frame N
--bad-ack PORT  adds 1000 to the acknowledgement number of a SYN-ACK from PORT
--hello-version HHHH  writes this version into every ClientHello
--replace HEX:HEX  replaces bytes of TCP payload by as many others
--spoil PORT:N:PLACE[:BITS]  changes one bit, or BITS (hex), of the Nth frame with TCP payload that comes from PORT, in
  the octet at PLACE of the payload; from its end when PLACE is negative
--cut TEXT  as an inspection device: where TEXT passes from the first interface, a reset goes back to its sender and,
  with --cut-both, on to the other end; --cut-pass lets the packet itself pass; --cut-ttl N, else that of the other
  end's packets; --cut-dscp N marks it, --cut-steps N adds so many resets, each 1460 octets ahead of the one before it;
  --cut-fragments lets it be fragmented; --cut-mac writes a hardware address of its own; --cut-late N waits for the Nth packet with TEXT
--cut-syn PORT  answers a SYN to PORT with a reset
"""
import argparse, heapq, select, socket, time

p = argparse.ArgumentParser()
p.add_argument("a")
p.add_argument("b")
p.add_argument("--delay", type=float, default=0)
p.add_argument("--delay6", type=float, default=0, help="the same for IPv6 only")
p.add_argument("--lose", default="")
p.add_argument("--swap", default="")
p.add_argument("--bad-ack", type=int)
p.add_argument("--hello-version", default="")
p.add_argument("--replace", default=":")
p.add_argument("--spoil", default="0:0:0")
p.add_argument("--cut")
p.add_argument("--cut-syn", type=int)
p.add_argument("--cut-ttl", type=int, default=0)
p.add_argument("--cut-late", type=int, default=1)
p.add_argument("--cut-dscp", type=int, default=0)
p.add_argument("--cut-steps", type=int, default=0)
p.add_argument("--cut-fragments", action="store_true")
p.add_argument("--cut-both", action="store_true")
p.add_argument("--cut-pass", action="store_true")
p.add_argument("--cut-mac", action="store_true")
a = p.parse_args()
old, new = (bytes.fromhex(word) for word in a.replace.split(":"))
spoil_port, spoil_frame, spoil_place, *spoil_bits = (int(word, 10 if n < 3 else 16) for n, word in enumerate(a.spoil.split(":")))


def open_raw(name):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((name, 0))
    return sock


def plan(word):
    port, _, numbers = word.partition(":")
    return (int(port), {int(n) for n in numbers.split(",")}) if word else (None, set())


def is_tcp(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 6


def checksum(data):
    total = sum(int.from_bytes(data[n:n + 2], "big") for n in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def reset(frame, back, ttl, ahead=0):
    """A frame with a reset in answer to this one (back), or in its place; its number so many octets ahead."""
    ip, tcp = frame[14:34], frame[14 + (frame[14] & 15) * 4:]
    size = int.from_bytes(ip[2:4], "big") - (frame[14] & 15) * 4 - (tcp[12] >> 4) * 4 + (tcp[13] & 2) // 2
    end = ((int.from_bytes(tcp[4:8], "big") + size) & 0xFFFFFFFF).to_bytes(4, "big")
    ends = ip[16:20] + ip[12:16] if back else ip[12:20]
    ports = tcp[2:4] + tcp[:2] if back else tcp[:4]
    number = ((int.from_bytes(tcp[8:12] if back else end, "big") + ahead) & 0xFFFFFFFF).to_bytes(4, "big")
    numbers = number + (end if back else tcp[8:12])
    segment = ports + numbers + b"\x50\x14" + bytes(6)
    segment = segment[:16] + checksum(ends + b"\0\x06\0\x14" + segment) + segment[18:]
    head = b"\x45" + bytes([a.cut_dscp << 2]) + b"\0\x28\0\0" + (b"\0\0" if a.cut_fragments else b"\x40\0") + bytes([ttl]) + b"\x06"
    macs = frame[6:12] + frame[:6] if back else frame[:12]
    if a.cut_mac:
        macs = macs[:6] + bytes.fromhex("020000000666")
    return macs + b"\x08\0" + head + checksum(head + b"\0\0" + ends) + ends + segment


def rewrite(frame, spoiled):
    """The frame as a meddling device would pass it on."""
    if not is_tcp(frame):
        return frame
    tcp = 14 + (frame[14] & 15) * 4
    end = 14 + int.from_bytes(frame[16:18], "big")
    segment = bytearray(frame[tcp:end])
    data = (segment[12] >> 4) * 4
    if a.bad_ack and segment[13] & 0x12 == 0x12 and int.from_bytes(segment[:2], "big") == a.bad_ack:
        segment[8:12] = ((int.from_bytes(segment[8:12], "big") + 1000) & 0xFFFFFFFF).to_bytes(4, "big")
    if a.hello_version and segment[data:data + 1] == b"\x16" and segment[data + 5:data + 6] == b"\x01":
        segment[data + 9:data + 11] = bytes.fromhex(a.hello_version)
    if old:
        segment[data:] = segment[data:].replace(old, new)
    if spoiled:
        segment[spoil_place + (data if spoil_place >= 0 else len(segment))] ^= spoil_bits[0] if spoil_bits else 1
    segment[16:18] = b"\0\0"
    segment[16:18] = checksum(frame[26:34] + b"\0\x06" + len(segment).to_bytes(2, "big") + bytes(segment) +
                              b"\0" * (len(segment) % 2))
    return frame[:tcp] + bytes(segment) + frame[end:]


def payload_from(frame):
    """Source port of an IPv4 TCP frame with payload, else None."""
    if not is_tcp(frame):
        return None
    head = 14 + (frame[14] & 15) * 4
    data = int.from_bytes(frame[16:18], "big") - (head - 14) - (frame[head + 12] >> 4) * 4
    return int.from_bytes(frame[head:head + 2], "big") if data > 0 else None


def is_cut(frame):
    """Does this frame of the first end make the device act?"""
    global seen
    if not is_tcp(frame):
        return False
    tcp = 14 + (frame[14] & 15) * 4
    if a.cut_syn and frame[tcp + 13] & 0x12 == 2 and int.from_bytes(frame[tcp + 2:tcp + 4], "big") == a.cut_syn:
        return True
    if not a.cut or a.cut.encode() not in frame:
        return False
    seen += 1
    return seen == a.cut_late


seen, far_ttl = 0, 64
ends = [open_raw(a.a), open_raw(a.b)]
lose_port, lose = plan(a.lose)
swap_port, swap = plan(a.swap)
count, queue, serial = {}, [], 0
while True:
    wait = max(0, queue[0][0] - time.monotonic()) if queue else None
    ready, _, _ = select.select(ends, [], [], wait)
    for sock in ready:
        frame, address = sock.recvfrom(65536)
        if address[2] == socket.PACKET_OUTGOING:
            continue
        when, port = time.monotonic() + a.delay, payload_from(frame)
        if port:
            count[port] = n = count.get(port, 0) + 1
            if port == lose_port and n in lose:
                continue
            if port == swap_port and n in swap:
                when += 0.003
        if sock is ends[1] and is_tcp(frame):
            far_ttl = frame[22]
        if (a.cut or a.cut_syn) and sock is ends[0] and is_cut(frame):
            for step in range(1 + a.cut_steps):
                ends[0].send(reset(frame, True, a.cut_ttl or far_ttl, 1460 * step))
            if a.cut_both:
                ends[1].send(reset(frame, False, a.cut_ttl or frame[22]))
            if not a.cut_pass:
                continue
        spoiled = port and (port, count[port]) == (spoil_port, spoil_frame)
        if a.bad_ack or a.hello_version or old or spoiled:
            frame = rewrite(frame, spoiled)
        if frame[12:14] == b"\x86\xdd":
            when += a.delay6
        serial += 1
        heapq.heappush(queue, (when, serial, ends[1 - ends.index(sock)], frame))
    while queue and queue[0][0] <= time.monotonic():
        _, _, sock, frame = heapq.heappop(queue)
        sock.send(frame)
