#!/usr/bin/env python3
"""Looks for what redaction should have replaced, with a reading of its own.

    redacted.py BINARY [--corpus FOLDER] [CASE...]

For each case of captures/ (or each capture of a folder), `shakeout redact` must write a capture that
  has as many packets, of the same lengths, times, ports, sequence numbers and flags;
  holds no address, MAC address, name or credential of the original, binary or as text, in any packet;
  gives each connection the same finding, owner and confidence;
  is read by tshark, where that is installed, without a malformed packet more than the original has.
A refusal (exit status 2) is a failure here, but for a draw of stand-ins that was refused once.  Names are those of DNS questions, server names and certificates as they
stand in the original's octets.  Output: TAP.
"""
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
PUBLIC = {'server', 'help', 'mail', 'client', 'local', 'secure', 'login', 'auth', 'com', 'net', 'org', 'example', 'corp', 'local', 'lan', 'test', 'arpa', 'in-addr', 'ip6', 'internal', 'openssh', 'libssh', 'ems', 'proxy', 'addr'}
FIXED = [ipaddress.ip_network(n) for n in (
    '0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '208.91.112.55/32', '::/127', 'ff00::/8', 'fe80::/10')]
CREDENTIAL = re.compile(rb'(?i)(?:authorization: *\w+ +|set-cookie: *|cookie: *|\nPASS +)([^\r\n]{4,})')


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


def words_of(link, packets):
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
            words |= set(re.findall(rb'[A-Za-z0-9]+', name.rsplit(b'.', 1)[0]))
    return {w for w in words if len(w) > 3 and w.lower().decode() not in PUBLIC and not w.isdigit()}


def credentials_of(packets):
    return {c for p in packets for c in CREDENTIAL.findall(p.data)}


# --- what must not be in the copy ---------------------------------------------------------------------------

def runs_of(data):
    return set(re.findall(rb'[A-Za-z0-9]+', data))


def leaks(link, before, after):
    octets = b''.join(p.data for p in after)
    runs = {r.lower() for r in runs_of(octets)}
    for word in sorted(words_of(link, before)):
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
        return packet.time_ns, len(packet.data), packet.wire
    tcp = ip[(ip[0] & 15) * 4:]
    return packet.time_ns, len(packet.data), packet.wire, tcp[:16]


def changes(link, before, after):
    if len(before) != len(after):
        yield f'{len(before)} packets became {len(after)}'
    for number, (a, b) in enumerate(zip(before, after), 1):
        if shape_of(link, a) != shape_of(link, b):
            yield f'packet {number} has another time, length or TCP header'
            return


def malformed(path):
    done = subprocess.run([TSHARK, '-r', str(path), '-Y', '_ws.malformed && (tcp || dns || icmp || icmpv6 || arp)', '-T', 'fields', '-e', 'frame.number'],
                          capture_output=True, timeout=300, check=False)
    return len(done.stdout.split()), done.returncode


# --- one capture --------------------------------------------------------------------------------------------

def without_files(args):
    """Keys and anchors speak of the original: its names, and certificates that redaction makes anew."""
    named = ('--keylog', '--ca-bundle')
    return [a for i, a in enumerate(args) if a not in named and (not i or args[i - 1] not in named)]


def show_all(result):
    return sorted(cases.show(o) for outcomes in result.outcomes.values() for o in outcomes if o.id != 'dns.ptr_missing')


def redact(binary, capture, args, path):
    return subprocess.run([binary, 'redact', *args, str(capture), '-w', str(path)], capture_output=True, text=True,
                          timeout=300, errors='replace', check=False)


def complaints(binary, capture, args, folder, is_case):
    path = folder / 'redacted.pcapng'
    path.unlink(missing_ok=True)
    done = redact(binary, capture, args, path)
    if done.returncode and 'stand-ins are drawn anew each time' in done.stderr:
        done = redact(binary, capture, args, path)  # somebody's address was drawn for a neighbour in a block of 8 bits
    if done.returncode:
        yield f'exit status {done.returncode}: {done.stderr.strip()[-300:]}'
        return
    try:
        link, before = pcapfile.read(capture)
        _, after = pcapfile.read(path)
    except (pcapfile.Unreadable, struct.error, IndexError):
        return
    yield from changes(link, before, after)
    yield from leaks(link, before, after)
    if TSHARK and is_case:
        (bad_before, _), (bad_after, status) = malformed(capture), malformed(path)
        if status or bad_after > bad_before:
            yield f'tshark: {bad_after} malformed packets, the original has {bad_before}'
    if not any(True for _ in re.finditer(cases.KEY_LINE, pathlib.Path(capture).read_bytes())) and is_case and \
            not any(a.startswith('--ems') for a in args):
        was, now = (show_all(cases.run([binary], args, p)) for p in (capture, path))
        if was != now:
            yield f'verdicts: {[w for w in was if w not in now]} became {[n for n in now if n not in was]}'


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
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, capture, args, is_case) in enumerate(captures_of(sys.argv[2:]), 1):
            found = list(complaints(binary, capture, args, pathlib.Path(folder), is_case))
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {number} - redaction of {name}', flush=True)
            for complaint in found[:8]:
                print(f'  # {complaint}')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
