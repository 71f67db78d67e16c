#!/usr/bin/env python3
"""The screens of the console, as files: each in the forms in which a terminal, a pipe or a narrow window gets it.

    screens.py BINARY [--write] [SCREEN...]

A screen is written in 60, 80 and 200 columns, with and without glyphs beyond ASCII, with and without colour.  No line is wider
than asked for (tables, rows of evidence, ids, commands and the ladder may have 80); without its colours a screen is the one without colour; with its glyphs put into words it has the words of the
one in ASCII, in their order.  The form with glyphs and without colour is the committed file under tests/screens/: who changes
what people read sees it there, and --write makes the files again.  Output: TAP.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

import run as cases

sys.path.insert(0, str(cases.ROOT / 'tests/fleet'))
import fleet  # noqa: E402

FOLDER = cases.ROOT / 'tests/screens'
WIDTHS = (60, 80, 200)
COLOUR = re.compile(r'\x1b\[[0-9;]*m')
# Rows of tables, lines of the ladder, what a person copies, who speaks with whom.
UNBREAKABLE = re.compile(r'^(  endpoint  |  \d+\.\d+\.\d+\.\d+  |\S+ +\d+  \S|endpoint|\d+\.|  +\d+  | +#\d+ | +-- |\. not)|^ +endpoints  |shakeout (explain|bundle)|->|[│|]|\d  +\d+/\d+$')
# What is pasted is one line, however long.
COMMAND = re.compile(r'^ {14}(diagnose |get system |ip\.addr |ipv6\.addr |dns\.qry|arp\.|icmpv6\.|\(tcp\.flags|curl |curl\.exe |openssl |Test-NetConnection |'
                     r'Get-|Resolve-DnsName |pktmon |netsh |ping |dig |ss |nc |ssh |tcpdump |tracepath |ip neigh |timedatectl|w32tm )')
CELLS = str.maketrans({'✓': '+', '✗': 'x', '·': '-'})
WORDS = {'✓': 'OK', '✗': 'FAIL', '─': '-', '│': '|', '►': '>', '◄': '<', '…': '...'}

# Screen, what is read ('' = nothing), options.
SCREENS = [
    ('healthy', 'ok_gnutls_tls13', []),
    ('silent_drop', 'syn_silent_drop', []),
    ('mtu', 'mtu_blackhole_server_flight', []),
    ('certificate_tls13', 'cert_unknown_ca_gnutls_tls13', []),
    ('wrong_name_once', 'cert_wrong_name_once_curl_tls12', []),
    ('left_in_silence', 'cert_unknown_ca_node_tls12', []),
    ('dns_blocked', 'dns_blocked_answer', []),
    ('fleet', 'FLEET', []),
    ('nothing_relevant', 'nothing_relevant', []),
    ('damaged', 'DAMAGED', []),
    ('sniffer_text', 'sniffer_6_drop', []),
    ('cannot_tell', 'one_sided_client', []),
    ('piped_no_names', 'syn_silent_drop', ['-n']),
    ('explain', '', ['explain', 'tcp.syn.silent_drop']),
    ('ladder', 'cert_unknown_ca_openssl_tls12', ['-v']),
    ('ladder_healthy', 'cert_expires_soon', ['-v']),
    ('stages', 'FLEET', ['--matrix']),
    ('dense', 'FLEET', ['--matrix=dense']),
    ('one_endpoint', 'FLEET', ['--endpoint', '10.20.1.46']),
    ('backup', 'checkin_on_backup_server', []),
]


def prepare(what, folder):
    """The options and the file of a screen; the file lies where the program is started, for its name is on the screen."""
    if not what:
        return [], []
    if what == 'FLEET':
        fleet.fleet_write(fleet.fleet_make(200, 12, 1), folder / 'fleet.pcap')
        return [], ['fleet.pcap']
    if what == 'DAMAGED':
        whole = next(c for c in cases.cases_read(['ok_gnutls_tls12'])).capture.read_bytes()
        (folder / 'damaged.pcap').write_bytes(whole[:len(whole) - 7] + b'\xff' * 20)
        return [], ['damaged.pcap']
    case = cases.cases_read([what])[0]
    name = f'{what}{case.capture.suffix}'
    (folder / name).write_bytes(case.capture.read_bytes())
    return case.args, [name]


def shown(binary, folder, args, *form):
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'HOME': str(folder), 'XDG_CONFIG_HOME': str(folder)}
    done = subprocess.run([binary, *args, *form], cwd=folder,
                          env=environment, capture_output=True, timeout=120, check=False)
    return done.stdout.decode()


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else not unicodedata.combining(c) for c in line)


def in_words(text, dense=False):
    if dense:  # a cell is a letter; line one is as ever
        first, rest = text.split('\n', 1)
        text = f'{first}\n{rest.translate(CELLS)}'
    for glyph, word in WORDS.items():
        text = text.replace(glyph, word)
    return re.sub(r'^(\W*)! ', r'\1WARN ', text, flags=re.M)


def flowing(text):
    """Words in their order, wherever lines end; rules as wide as the page count as one."""
    return re.sub(r'-{2,}', '--', text).split()


def different(name, want, have):
    lines = [line.rstrip('\n') for line in difflib.unified_diff(want, have, lineterm='', n=0)]
    return [f'{name}: {line}' for line in lines[2:8]]


def form_complaints(binary, folder, args, width):
    common = [*args, '--utc', '--width', str(width)]
    plain = shown(binary, folder, common, '--unicode', '--color', 'never')
    coloured = shown(binary, folder, common, '--unicode', '--color', 'always')
    ascii_only = shown(binary, folder, common, '--ascii', '--color', 'never')
    complaints = [f'{width}: {columns(line)} columns: {line}' for text in (plain, ascii_only)
                  for line in text.splitlines() if not COMMAND.search(line) and columns(line) > (max(width, 80) if UNBREAKABLE.search(line) else width)]
    if COLOUR.sub('', coloured) != plain:
        complaints += different(f'{width}, colour', plain.splitlines(), COLOUR.sub('', coloured).splitlines())
    plain_words = in_words(plain, '--matrix=dense' in args)
    if flowing(plain_words) != flowing(ascii_only):
        complaints += different(f'{width}, ASCII', flowing(plain_words), flowing(ascii_only))
    if not ascii_only.isascii():
        complaints.append(f'{width}: not ASCII')
    return plain, complaints


def screen_complaints(binary, name, what, options, write):
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        args, files = prepare(what, folder)
        for width in WIDTHS:
            plain, complaints = form_complaints(binary, folder, [*args, *options, *files], width)
            path = FOLDER / f'{name}.{width}.txt'
            if write:
                path.write_text(plain)
            elif not path.exists() or path.read_text() != plain:
                want = path.read_text().splitlines() if path.exists() else []
                complaints += different(path.name, want, plain.splitlines()) or [f'{path.name} is not there']
            found += complaints
    return found


def main():
    parser = argparse.ArgumentParser(description='the screens of the console')
    parser.add_argument('binary')
    parser.add_argument('screens', nargs='*')
    parser.add_argument('--write', action='store_true')
    options = parser.parse_args()
    binary, failed, number = str(pathlib.Path(options.binary).resolve()), False, 0
    FOLDER.mkdir(exist_ok=True)
    for number, (name, what, args) in enumerate([s for s in SCREENS if not options.screens or s[0] in options.screens], 1):
        found = screen_complaints(binary, name, what, args, options.write)
        failed |= bool(found)
        print(f'{"not ok" if found else "ok"} {number} - screen {name}')
        print(''.join(f'  # {c}\n' for c in found[:12]), end='')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
