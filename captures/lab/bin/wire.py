#!/usr/bin/python3
"""wire.py IF1 IF2: a wire between two interfaces that delays, swaps or loses frames.

--delay S each way; --lose PORT:N[,N...]  loses the Nth frames with TCP payload that come from PORT;
--swap PORT:N  lets frame N+1 with payload from PORT overtake frame N
--bad-ack PORT  adds 1000 to the acknowledgement number of a SYN-ACK from PORT
--hello-version HHHH  writes this version into every ClientHello
--replace HEX:HEX  replaces bytes of TCP payload by as many others
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
a = p.parse_args()
old, new = (bytes.fromhex(word) for word in a.replace.split(":"))


def open_raw(name):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((name, 0))
    return sock


def plan(word):
    port, _, numbers = word.partition(":")
    return (int(port), {int(n) for n in numbers.split(",")}) if word else (None, set())


def rewrite(frame):
    """The frame as a meddling device would pass it on."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
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
    segment[16:18] = b"\0\0"
    total = frame[26:34] + b"\0\x06" + len(segment).to_bytes(2, "big") + bytes(segment) + b"\0" * (len(segment) % 2)
    total = sum(int.from_bytes(total[n:n + 2], "big") for n in range(0, len(total), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    segment[16:18] = (~total & 0xFFFF).to_bytes(2, "big")
    return frame[:tcp] + bytes(segment) + frame[end:]


def payload_from(frame):
    """Source port of an IPv4 TCP frame with payload, else None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    head = 14 + (frame[14] & 15) * 4
    data = int.from_bytes(frame[16:18], "big") - (head - 14) - (frame[head + 12] >> 4) * 4
    return int.from_bytes(frame[head:head + 2], "big") if data > 0 else None


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
        if a.bad_ack or a.hello_version or old:
            frame = rewrite(frame)
        if frame[12:14] == b"\x86\xdd":
            when += a.delay6
        serial += 1
        heapq.heappush(queue, (when, serial, ends[1 - ends.index(sock)], frame))
    while queue and queue[0][0] <= time.monotonic():
        _, _, sock, frame = heapq.heappop(queue)
        sock.send(frame)
