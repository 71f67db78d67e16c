#!/usr/bin/env python3
"""Looks for what redaction should have replaced, with a reading of its own.

    redacted.py BINARY [--level LEVEL] [--every N] [--corpus FOLDER] [CASE...]

For each case of captures/ (or each capture of a folder), `shakeout redact` must write a capture that
  has as many packets, of the same lengths, times, ports, sequence numbers and flags;
  holds no address, MAC address, name or credential of the original, binary or as text, in any packet;
  gives each connection the same finding, owner and confidence;
  is read by tshark, where that is installed (of one case in N), without a malformed packet more than the original has.
What shakeout says it left out, or that strict redaction lost, may be missing; no case may lose anything in the standard level.
In strict redaction no random, no key share, no certificate, no vendor of a network card and no public suffix may be left either.
A refusal (exit status 2) is a failure here, but for a draw of stand-ins that was refused once, and where nothing would be left.  Names are those of DNS questions, server names and certificates as they
stand in the original's octets.  Output: TAP.
"""
import collections
import ipaddress
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import pcapfile
import run as cases

TSHARK = shutil.which('tshark')
# Words of names that protocols use as well.
PUBLIC = {'server', 'bitdefender', 'global', 'host', 'cisco', 'home', 'name', 'site', 'user', 'content', 'help', 'mail', 'client', 'local', 'secure', 'login', 'auth', 'com', 'net', 'org', 'example', 'corp', 'local', 'lan', 'test', 'arpa', 'in-addr', 'ip6', 'internal', 'openssh', 'libssh', 'ems', 'proxy', 'addr'}
FIXED = [ipaddress.ip_network(n) for n in (
    '0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '208.91.112.55/32', '::/127', 'ff00::/8', 'fe80::/10')]
PUBLIC_STRICT = PUBLIC - {'com', 'net', 'org', 'example', 'corp', 'local', 'lan', 'test', 'internal'} | {'example'}
AGAIN = bytes.fromhex('cf21ad74')  # the random that says "try again" is the same for all
KEY_SHARE = 51
LEAVES = {'strict': {'set_client_only_one'}}  # its verdict rests on a neighbour's address
SAID = re.compile(r'^(left out|lost): (?:what the certificates of )?(\d+) ', re.M)
CREDENTIAL = re.compile(rb'(?i)(?:authorization: *\w+ +|set-cookie: *|cookie: *|\nPASS +)([^\r\n]{4,})')


totals = collections.Counter()


# --- what is in the original --------------------------------------------------------------------------------

def ip_of(link, data):
    at = pcapfile.network_offset(link, data)
    return None if at is None else data[at:]


def addresses_of(link, packets):
    """Addresses in the IP headers of the packets."""
    found = set()
    for packet in packets:
        ip = ip_of(link, packet.data)
        if not ip:
            continue
        if ip[0] >> 4 == 4 and len(ip) >= 20:
            found |= {ip[12:16], ip[16:20]}
        elif ip[0] >> 4 == 6 and len(ip) >= 40:
            found |= {ip[8:24], ip[24:40]}
    return {a for a in found if not any(ipaddress.ip_address(a) in n for n in FIXED
                                        if n.version == ipaddress.ip_address(a).version)}


def macs_of(link, packets):
    if link != pcapfile.ETHERNET:
        return set()
    found = {m for p in packets if len(p.data) >= 14 for m in (p.data[:6], p.data[6:12])}
    return {m for m in found if not m[0] & 1 and any(m)}


def dns_names(payload):
    """Labels of the first question."""
    labels, at = [], 12
    while at < len(payload) and 0 < payload[at] < 64 and at + 1 + payload[at] <= len(payload):
        labels.append(payload[at + 1:at + 1 + payload[at]])
        at += 1 + payload[at]
    return labels


def words_of(link, packets, strict=False):
    """Labels of names that were asked for, and of names in hellos and certificates (dotted text in any payload)."""
    words = set()
    for packet in packets:
        ip = ip_of(link, packet.data)
        if not ip or ip[0] >> 4 != 4 or len(ip) < 28:
            continue
        header = (ip[0] & 15) * 4
        if ip[9] == 6 and len(ip) > header + 12:
            header += (ip[header + 12] >> 4) * 4
        if ip[9] == 17 and 53 in struct.unpack('!HH', ip[header:header + 4]):
            for label in dns_names(ip[header + 8:]):
                words |= set(re.findall(rb'[A-Za-z0-9]+', label))
        for name in re.findall(rb'(?:[A-Za-z0-9-]{2,63}\.)+(?:example|com|net|org|local)\b', ip[header:]):
            words |= set(re.findall(rb'[A-Za-z0-9]+', name if strict else name.rsplit(b'.', 1)[0]))
    return {w for w in words if len(w) > 3 and w.lower().decode() not in (PUBLIC_STRICT if strict else PUBLIC) and not w.isdigit() and set(w.lower()) != set(b'x')}


def payload_of(link, packet):
    """Of TCP over IPv4; empty where it is none."""
    ip = ip_of(link, packet.data)
    if not ip or ip[0] >> 4 != 4 or len(ip) < 40 or ip[9] != 6:
        return b''
    header = (ip[0] & 15) * 4
    return ip[header + (ip[header + 12] >> 4) * 4:] if len(ip) > header + 12 else b''


def shares_of(hello, client):
    """Public keys in the key_share extension of a hello (RFC 8446 section 4.2.8), which begins at its random."""
    at = 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], 'big') if client else 2
    at += 1 + hello[at] if client else 1
    at += 2
    while at + 4 <= len(hello):
        kind, size = struct.unpack('!HH', hello[at:at + 4])
        body, at = hello[at + 4:at + 4 + size], at + 4 + size
        if kind == KEY_SHARE:
            body = body[2:] if client else body
            while len(body) > 4:
                length = int.from_bytes(body[2:4], 'big')
                yield body[4:4 + length]
                body = body[4 + length:]


def drawn_of(link, packets):
    """Randoms and key shares of hellos, and the middle of certificates: octets that mean somebody."""
    found = set()
    for packet in packets:
        octets = payload_of(link, packet)
        if len(octets) < 48 or octets[0] != 22 or octets[1] != 3 or octets[5] not in (1, 2):
            continue
        hello = octets[11:]
        if hello[:4] != AGAIN:
            found.add(hello[:24])
        try:
            found |= set(shares_of(hello, octets[5] == 1))
        except (IndexError, struct.error):
            pass
        certificate = octets.find(b'\x30\x82', 48)
        if certificate > 0 and octets[5] == 2:
            found.add(octets[certificate + 8:certificate + 40])
    return {f for f in found if len(f) > 15 and len(set(f)) > 8}


def credentials_of(packets):
    return {c for p in packets for c in CREDENTIAL.findall(p.data)}


# --- what must not be in the copy ---------------------------------------------------------------------------

def runs_of(data):
    return set(re.findall(rb'[A-Za-z0-9]+', data))


def strict_leaks(link, before, after, octets):
    for drawn in drawn_of(link, before):
        if drawn in octets:
            yield f'octets of a handshake are still there: {drawn[:16].hex()}'
    vendors = {m[:3] for m in macs_of(link, before)}
    for mac in sorted(macs_of(link, after)):
        if mac[:3] in vendors or not mac[0] & 2:
            yield f'the address {mac.hex(":")} tells a vendor'


def leaks(link, before, after, strict):
    octets = b''.join(p.data for p in after)
    if strict:
        yield from strict_leaks(link, before, after, octets)
    runs = {r.lower() for r in runs_of(octets)}
    for word in sorted(words_of(link, before, strict)):
        if word.lower() in runs:
            yield f'the word {word.decode()} is still there'
    old = addresses_of(link, before)
    for address in sorted(addresses_of(link, after) & old):
        yield f'the address {ipaddress.ip_address(address)} is still there'
    for address in sorted(old):
        text = str(ipaddress.ip_address(address)).encode()
        if len(text) > 8 and re.search(rb'(?<![0-9.])' + re.escape(text) + rb'(?![0-9])', octets):
            yield f'the address {text.decode()} is still there as text'
    for mac in sorted(macs_of(link, after) & macs_of(link, before)):
        yield f'the address {mac.hex(":")} is still there'
    for credential in credentials_of(before):
        if credential in octets:
            yield f'the credential {credential!r} is still there'


def shape_of(link, packet):
    ip = ip_of(link, packet.data)
    if not ip or ip[0] >> 4 != 4 or len(ip) < 20 or ip[9] != 6:
        return packet.time_ns, len(packet.data), max(packet.wire, len(packet.data))
    tcp = ip[(ip[0] & 15) * 4:] if not struct.unpack('!H', ip[6:8])[0] & 0x1fff else b''
    return packet.time_ns, len(packet.data), max(packet.wire, len(packet.data)), tcp[:16]


def changes(link, before, after, some_left):
    if len(before) != len(after) and not some_left:
        yield f'{len(before)} packets became {len(after)}'
    shapes = iter(shape_of(link, a) for a in before)
    for number, b in enumerate(after, 1):
        shape = shape_of(link, b)
        if not any(shape == s for s in (shapes if some_left else [next(shapes, None)])):
            yield f'packet {number} has another time, length or TCP header'
            return


def malformed(path, level):
    """Certificates that are zero, as strict redaction leaves them, are none; there it is as designed."""
    zeros = ' && !tls.handshake.certificate' if level == 'strict' else ''
    done = subprocess.run([TSHARK, '-r', str(path), '-Y', f'_ws.malformed && (tcp || dns || icmp || icmpv6 || arp){zeros}', '-T', 'fields', '-e', 'frame.number'],
                          capture_output=True, timeout=300, check=False)
    return len(done.stdout.split()), done.returncode


# --- one capture --------------------------------------------------------------------------------------------

def without_files(args):
    """Keys and anchors speak of the original: its names, and certificates that redaction makes anew."""
    named = ('--keylog', '--ca-bundle')
    return [a for i, a in enumerate(args) if a not in named and (not i or args[i - 1] not in named)]


def show_all(result):
    return sorted(cases.show(o) for outcomes in result.outcomes.values() for o in outcomes if o.id != 'dns.ptr_missing')


def redact(binary, capture, args, path, level):
    return subprocess.run([binary, 'redact', *args, str(capture), '-w', str(path), '--redact', level], capture_output=True, text=True,
                          timeout=300, errors='replace', check=False)


def verdict_complaints(was, now, said, level):
    missing, added = [w for w in was if w not in now], [n for n in now if n not in was]
    if said and level != 'strict':  # cases only
        yield f'left out: {said}'
    if len(missing) > sum(said.values()) or len(added) > said.get('lost', 0):
        yield f'verdicts: {missing} became {added}'


def complaints(binary, capture, args, folder, is_case, level, ask_tshark):
    path = folder / 'redacted.pcapng'
    path.unlink(missing_ok=True)
    done = redact(binary, capture, args, path, level)
    if done.returncode and 'stand-ins are drawn anew each time' in done.stderr:
        done = redact(binary, capture, args, path, level)  # somebody's address was drawn for a neighbour in a block of 8 bits
    if done.returncode and (level == 'strict' or not is_case) and 'every connection that it could keep' in done.stderr:
        return  # nothing is there, and it says why
    if done.returncode:
        yield f'exit status {done.returncode}: {done.stderr.strip()[-300:]}'
        return
    try:
        link, before = pcapfile.read(capture)
        _, after = pcapfile.read(path)
    except (pcapfile.Unreadable, struct.error, IndexError):
        return
    if not before:
        return  # our reader finds nothing in it
    said = {what: int(n) for what, n in SAID.findall(done.stderr)}
    totals.update(said)
    yield from changes(link, before, after, 'left out' in said)
    yield from leaks(link, before, after, level == 'strict')
    if ask_tshark and is_case:
        (bad_before, _), (bad_after, status) = malformed(capture, level), malformed(path, level)
        if status or bad_after > bad_before:
            yield f'tshark: {bad_after} malformed packets, the original has {bad_before}'
    if not any(True for _ in re.finditer(cases.KEY_LINE, pathlib.Path(capture).read_bytes())) and is_case and \
            not any(a.startswith('--ems') for a in args):
        was, now = (show_all(cases.run([binary], args, p)) for p in (capture, path))
        yield from verdict_complaints(was, now, said, level)


def captures_of(arguments):
    if arguments[:1] == ['--corpus']:
        for path in sorted(pathlib.Path(arguments[1]).rglob('*')):
            if path.suffix in ('.pcap', '.pcapng', '.cap') and path.is_file():
                yield str(path.relative_to(arguments[1])), path, ['--scope', 'all'], False
        return
    for case in cases.cases_read(arguments):
        if case.capture.suffix != '.txt':
            yield case.name, case.capture, without_files(case.args), True


def main():
    binary, arguments = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    level = 'standard'
    if arguments[:1] == ['--level']:
        level, arguments = arguments[1], arguments[2:]
    every, arguments = cases.tshark_share(arguments)
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, capture, args, is_case) in enumerate(captures_of(arguments), 1):
            before = totals['left out']
            found = list(complaints(binary, capture, args, pathlib.Path(folder), is_case, level, TSHARK and number % every == 0))
            if name in LEAVES.get(level, ()) and totals['left out'] == before:
                found.append('nothing was left out')
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {number} - {level} redaction of {name}', flush=True)
            for complaint in found[:8]:
                print(f'  # {complaint}')
    print(f'# {level}: {totals["left out"]} connections left out, {totals["lost"]} lost what certificates told')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
