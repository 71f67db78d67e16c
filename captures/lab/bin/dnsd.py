#!/usr/bin/python3
"""dnsd.py ADDRESS [tcp] [NAME=ANSWER...]: a DNS server of a few lines.

ANSWER is one or more of, joined by '+': an IPv4 address (A), an IPv6 address (AAAA), nxdomain, servfail, refused,
empty, silent, aaaa-nxdomain, aaaa-servfail, slow (answers after 1.5 s), truncated (over UDP),
alias:NAME (a CNAME record, and what the zone has for that name).
With tcp it serves TCP as well. ems.corp.example is 10.0.0.10 and
time.corp.example 10.0.0.2 unless given; every other name does not exist.
"""
import socket, struct, sys, threading, time

RCODES = {"servfail": 2, "nxdomain": 3, "refused": 5}
zone = {"ems.corp.example": ["10.0.0.10"], "time.corp.example": ["10.0.0.2"]}
serve_tcp = "tcp" in sys.argv[2:]
for word in sys.argv[2:]:
    if word == "tcp":
        continue
    name, answer = word.split("=")
    zone[name] = answer.split("+")

SOA = b"\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x3c" + struct.pack("!H", 22) + b"\x00\x00" + struct.pack("!5I", 1, 60, 60, 60, 60)


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def aliases(words):
    """The CNAME records that lead from the question on, the owner of the rest, and what the last name has."""
    records, owner = [], b"\xc0\x0c"
    while words[0].startswith("alias:"):
        target = words[0][6:]
        data = encoded(target)
        records.append(owner + struct.pack("!HHIH", 5, 1, 60, len(data)) + data)
        owner, words = data, zone.get(target, ["nxdomain"])
    return records, owner, words


def answer(query, over_tcp=False):
    end = 12
    labels = []
    while query[end]:
        labels.append(query[end + 1:end + 1 + query[end]].decode())
        end += 1 + query[end]
    qtype = struct.unpack("!H", query[end + 1:end + 3])[0]
    question = query[12:end + 5]
    words = zone.get(".".join(labels).lower(), ["nxdomain"])
    if "silent" in words:
        return None
    if "slow" in words:
        time.sleep(1.5)
    chain, owner, words = aliases(words)
    rcode, records, family = 0, chain, {1: socket.AF_INET, 28: socket.AF_INET6}.get(qtype)
    for word in words:
        if word.startswith("aaaa-"):
            if qtype == 28:
                rcode = RCODES[word[5:]]
        elif word in RCODES:
            rcode = RCODES[word]
        elif "." in word or ":" in word:
            if family == (socket.AF_INET6 if ":" in word else socket.AF_INET):
                data = socket.inet_pton(family, word)
                records.append(owner + struct.pack("!HHIH", qtype, 1, 60, len(data)) + data)
    truncated = 0
    if "truncated" in words and not over_tcp:
        records, truncated = [], 0x0200
    authority = b"" if records or truncated or rcode in (2, 5) else SOA
    flags = 0x8480 | rcode | truncated | (struct.unpack("!H", query[2:4])[0] & 0x0100)
    return query[:2] + struct.pack("!5H", flags, 1, len(records), 1 if authority else 0, 0) + question + b"".join(records) + authority


def reply(query, peer):
    data = answer(query)
    if data:
        sock.sendto(data, peer)


def tcp_peer(peer):
    with peer:
        while length := peer.recv(2):
            data = answer(peer.recv(struct.unpack("!H", length)[0]), True)
            if data:
                peer.sendall(struct.pack("!H", len(data)) + data)


def tcp_serve():
    while True:
        threading.Thread(target=tcp_peer, args=(listener.accept()[0],), daemon=True).start()


if serve_tcp:
    listener = socket.create_server((sys.argv[1], 53))
    threading.Thread(target=tcp_serve, daemon=True).start()
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 53))
while True:
    query, peer = sock.recvfrom(4096)
    threading.Thread(target=reply, args=(query, peer), daemon=True).start()
