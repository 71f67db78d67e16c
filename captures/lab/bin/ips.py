#!/usr/bin/python3
"""ips.py IF-IN IF-OUT TEXT: what an inspection device does: when TEXT passes, it resets both ends of the connection."""
import socket, struct, sys

text = sys.argv[3].encode()
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.bind((sys.argv[1], 0))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reset(source, target, sport, dport, seq, ack):
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, 0x14, 0, 0, 0)
    total = checksum(source + target + struct.pack("!HH", 6, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", total) + segment[18:]
    spoof = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 64, 6, 0) + source + target
    spoof.sendto(header + segment, (socket.inet_ntoa(target), 0))


while True:
    frame, address = tap.recvfrom(65536)
    if address[2] == socket.PACKET_OUTGOING or text not in frame:
        continue
    ip = frame[14:]
    head = (ip[0] & 15) * 4
    sport, dport, seq, ack = struct.unpack("!HHII", ip[head:head + 12])
    size = int.from_bytes(ip[2:4], "big") - head - (ip[head + 12] >> 4) * 4
    reset(ip[16:20], ip[12:16], dport, sport, ack, (seq + size) & 0xFFFFFFFF)
    reset(ip[12:16], ip[16:20], sport, dport, (seq + size) & 0xFFFFFFFF, ack)
