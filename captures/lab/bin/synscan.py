#!/usr/bin/python3
"""synscan.py HOST:PORT SOURCE-PORT: send one SYN; the kernel, which knows nothing of it, resets the answer."""
import random, socket, struct, sys, time

host, port = sys.argv[1].split(":")
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.connect((host, 9))
source = probe.getsockname()[0]
segment = struct.pack("!HHIIBBHHH", int(sys.argv[2]), int(port), random.getrandbits(32), 0, 6 << 4, 2, 1024, 0, 0) + b"\x02\x04\x05\xb4"
data = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", 6, len(segment)) + segment
total = sum(struct.unpack(f"!{len(data) // 2}H", data))
while total >> 16:
    total = (total & 0xFFFF) + (total >> 16)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.sendto(segment[:16] + struct.pack("!H", ~total & 0xFFFF) + segment[18:], (host, 0))
time.sleep(0.5)
