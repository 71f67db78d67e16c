#!/usr/bin/env python3
"""Prints a recorded capture as a FortiGate sniffer would have shown it.

    sniffertext.py CAPTURE VERBOSITY [--interface NAME] [--inside ADDRESS] [--relative] [--terminal]

The layout is that of the head lines and rows which the sniffer's printers write: verbosity 1 to 3 without, 4 to 6
with interface and direction; 2 and 5 show the octets from the network header on, 3 and 6 from the link header.  With
--interface one interface was named ("--" for the direction); without, it ran on `any`, whose link headers are made
up.  Packets of --inside come in on port3 and go out on port1.  --terminal adds prompts, CR LF and the trailer, as a
terminal log has them.
"""
import argparse
import datetime
import ipaddress
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / 'tests/captures'))
import pcapfile  # noqa: E402

FLAGS = ((2, 'syn'), (1, 'fin'), (4, 'rst'), (8, 'psh'))


def tcp_words(octets):
    seq, ack = struct.unpack('>II', octets[4:12])
    flags = octets[13]
    word = next((word for bit, word in FLAGS if flags & bit), None)
    if not word:
        return f'ack {ack} '
    return f'{word} {seq} ack {ack} ' if flags & 16 else f'{word} {seq} '


def ip_words(octets):
    """The words behind the time, and nothing for what the printers do not know."""
    if octets[0] >> 4 == 4:
        behind, protocol = octets[(octets[0] & 15) * 4:], octets[9]
        source, target = (ipaddress.ip_address(octets[at:at + 4]) for at in (12, 16))
    else:
        behind, protocol = octets[40:], octets[6]
        source, target = (ipaddress.ip_address(octets[at:at + 16]) for at in (8, 24))
    if protocol not in (6, 17):
        words = {1: 'icmp: echo request', 50: 'ESP(spi=0x0,seq=0x0)'}.get(protocol, f' ip-proto-{protocol} ')
        return source, f'{source} -> {target}: {words}'
    from_port, to_port = struct.unpack('>HH', behind[:4])
    words = tcp_words(behind) if protocol == 6 else f'udp {struct.unpack(">H", behind[4:6])[0] - 8}'
    return source, f'{source}.{from_port} -> {target}.{to_port}: {words}'


def arp_words(octets):
    sender, target = (ipaddress.ip_address(octets[at:at + 4]) for at in (14, 24))
    mac = ':'.join(f'{octet:x}' for octet in octets[8:14])
    if octets[7] == 1:
        return sender, f'arp who-has {target} tell {sender}'
    return sender, f'arp reply {sender} is-at {mac}'


def rows(octets):
    for at in range(0, len(octets), 16):
        piece = octets[at:at + 16]
        groups = ' '.join(piece[i:i + 2].hex() for i in range(0, len(piece), 2))
        text = ''.join(chr(octet) if 33 <= octet < 127 else '.' for octet in piece)
        yield f'0x{at:04x}\t {groups:<39}\t{text}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('capture')
    parser.add_argument('verbosity', type=int, choices=range(1, 7))
    parser.add_argument('--interface')
    parser.add_argument('--inside')
    parser.add_argument('--relative', action='store_true')
    parser.add_argument('--terminal', action='store_true')
    args = parser.parse_args()
    end = '\r\n' if args.terminal else '\n'
    link, packets = pcapfile.read(args.capture)
    if link != 1:
        sys.exit('sniffertext.py: an Ethernet capture, please')
    name, lines = args.interface or 'any', []
    if args.terminal:
        lines.append(f'FGT60F # diagnose sniffer packet {name} \'host 10.0.0.10\' {args.verbosity} 0'
                     + ('' if args.relative else ' a') + '\r')
    lines += ['Using Original Sniffing Mode', f'interfaces=[{name}]', "filters=[host 10.0.0.10]"]
    began = packets[0].time_ns
    for packet in packets:
        octets, kind = packet.data, packet.data[12:14]
        sender, words = arp_words(octets[14:]) if kind == b'\x08\x06' else ip_words(octets[14:])
        if args.relative:
            stamp = f'{(packet.time_ns - began) // 1000 / 1e6 + 0.5:.6f}'
        else:
            moment = datetime.datetime.fromtimestamp(packet.time_ns // 10**9, datetime.timezone.utc)
            stamp = f'{moment:%Y-%m-%d %H:%M:%S}.{packet.time_ns // 1000 % 10**6:06d}'
        inside = args.inside and str(sender) == args.inside
        place = f'{args.interface} -- ' if args.interface else 'port3 in ' if inside else 'port1 in '
        lines.append(f'{stamp} {place if args.verbosity > 3 else ""}{words}')
        if args.verbosity in (3, 6):
            made_up = octets if args.interface else b'\0\0\0\0\0\1' + octets[6:12] + octets[12:]
            lines += [*rows(made_up), '']
        elif args.verbosity in (2, 5):
            lines += [*rows(octets[14:]), '']
    if args.terminal:
        lines += ['^C', f'{len(packets)} packets received by filter', '0 packets dropped by kernel', '', 'FGT60F # ']
    sys.stdout.write(end.join(lines) + end)


if __name__ == '__main__':
    main()
