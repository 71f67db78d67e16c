#!/usr/bin/env python3
"""Fails when a parser has no fuzz target, or a target has no seeds or is not built.

    fuzz_targets.py ROOT

A parser is a C file that reads foreign octets: it takes them from a struct bytes, or loads them from a buffer.
Which target reaches it is written in TARGETS; the dissectors, listed in dissectors/meson.build, share one that is
compiled once per name.
"""
import pathlib
import re
import sys

READS = re.compile(r'\bbytes_(?:u8|u16|u24|u32|u64|u32_le|uint|take|vector|copy|peek|begin_with)\(|\bload_u(?:16|32)\(')

TARGETS = {
    'src/evidence/scrub_tls.c': 'scrub',
    'src/frame/pcap.c': 'capture',
    'src/frame/pcapng.c': 'capture',
    'src/frame/sniffer.c': 'sniffer',
    'src/frame/sniffer_bare.c': 'sniffer',
    'src/frame/sniffer_head.c': 'sniffer',
    'src/keys/cipher.c': 'unseal',
    'src/keys/keylog.c': 'keylog',
    'src/keys/keys.c': 'keylog',
    'src/live/kept.c': 'kept',
    'src/packet/decode.c': 'packet',
    'src/packet/fragment.c': 'packet',
    'src/packet/icmp.c': 'packet',
    'src/packet/ip.c': 'packet',
    'src/packet/link.c': 'packet',
    'src/packet/tcp.c': 'tcp_options',
    'src/packet/tunnel.c': 'packet',
    'src/packet/usual.c': 'packet',
    'src/packet/vpn.c': 'packet',
    'src/stream/gaps.c': 'gaps',
    'src/stream/reassemble.c': 'stream',
    'src/tls/certificate.c': 'tls',
    'src/tls/extensions.c': 'tls',
    'src/tls/handshake.c': 'tls',
    'src/tls/hello.c': 'tls',
    'src/keys/unsealer.c': 'unseal',
    'src/tls/join.c': 'tls',
    'src/tls/opened.c': 'unseal',
    'src/tls/prints.c': 'tls',
    'src/tls/record.c': 'tls',
    'src/tls/shape.c': 'tls',
    'src/session/advance.c': 'engine',
    'src/session/line.c': 'engine',
    'src/session/reply.c': 'engine',
    'src/session/turns.c': 'engine',  # and every dissector of lines
    'src/session/plain.c': 'engine',
    'src/x509/cert.c': 'cert',
    'src/x509/chain.c': 'trust',
    'src/x509/facts.c': 'cert',
    'src/x509/trust.c': 'trust',
}
NO_PARSER = {'src/frame/refuse.c'}  # quotes the first octets of what it refuses
ALWAYS = {'src/frame/sniffer_bare.c', 'src/frame/sniffer_head.c', 'src/live/kept.c', 'src/stream/gaps.c', 'src/stream/reassemble.c', 'src/x509/cert.c',
          'src/x509/chain.c', 'src/x509/trust.c'}  # parse without struct bytes
SHARED = 'dissector'  # fuzz_dissector.c, compiled with -DDISSECTOR=name


def dissectors(root):
    """The names in dissectors/meson.build; each is the file and the target."""
    lists = re.findall(r"^dissectors\s*=\s*\[(.*?)\]", (root / 'dissectors/meson.build').read_text(), re.M | re.S)
    return re.findall(r"'(\w+)'", ' '.join(lists))


def parsers(root):
    """Files of src/ that read foreign octets, by what they call."""
    found = {name for name in ALWAYS if (root / name).exists()}
    for path in root.glob('src/*/*.c'):
        if READS.search(path.read_text(errors='replace')):
            found.add(str(path.relative_to(root)))
    return sorted(found - NO_PARSER)


def target_complaints(root, target, builds):
    if not (root / f'tests/fuzz/fuzz_{target}.c').exists():
        yield f'tests/fuzz/fuzz_{target}.c is missing'
    if not seeds(root, target):
        yield f'tests/fuzz/corpus/{target} holds no seed'
    if not re.search(rf"\b{target}\b", builds):
        yield f'tests/meson.build does not build the fuzz target {target}'


def seeds(root, target):
    folder = root / 'tests/fuzz/corpus' / target
    return folder.is_dir() and any(path.is_file() for path in folder.iterdir())


def dissector_complaints(root, names):
    if not (root / f'tests/fuzz/fuzz_{SHARED}.c').exists():
        yield f'tests/fuzz/fuzz_{SHARED}.c is missing'
    for name in names:
        if not (root / f'dissectors/{name}.c').exists():
            yield f'dissectors/meson.build lists {name}, which has no file'
        if not seeds(root, name) and not seeds(root, SHARED):
            yield f'neither tests/fuzz/corpus/{name} nor tests/fuzz/corpus/{SHARED} holds a seed'


def complaints_of(root):
    builds = ''.join(path.read_text() for path in root.glob('tests/**/meson.build'))
    for parser in parsers(root):
        if parser not in TARGETS:
            yield f'{parser} reads foreign octets, and {pathlib.Path(__file__).name} names no fuzz target for it'
    for stale in sorted(name for name in TARGETS if not (root / name).exists()):
        yield f'{pathlib.Path(__file__).name} names {stale}, which is gone'
    for target in sorted(set(TARGETS.values())):
        yield from target_complaints(root, target, builds)
    yield from dissector_complaints(root, dissectors(root))


def main():
    complaints = list(complaints_of(pathlib.Path(sys.argv[1]).resolve()))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
