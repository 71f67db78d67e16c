#!/usr/bin/env python3
"""Holds the pictures of --diagram to their form.

    diagram.py BINARY [CASE...]

The SVG must be well-formed XML that draws with our elements and runs and fetches nothing, with a contrast of at least
4.5:1 in both themes; with many endpoints it has at most 17 nodes on the left and 13 on the right, and says what fails.  The text for Graphviz is drawn by dot, where that is installed.  Names that bite stay text.
Output: TAP.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import inputs
import page
import pcapfile
import run as cases

sys.path.insert(0, str(cases.ROOT / 'tests/fleet'))
import fleet  # noqa: E402  (lies in a folder of its own)

DOT = shutil.which('dot')
SVG = '{http://www.w3.org/2000/svg}'
ELEMENTS = {SVG + name for name in ('svg', 'title', 'desc', 'style', 'rect', 'path', 'text')}
CASES = ['ok_openssl_tls13', 'syn_silent_drop', 'proxy_connect_403', 'dns_nxdomain', 'set_client_only_one', 'capture_damaged']
LEFT, RIGHT = 17, 13


def contrast_complaints(style):
    for theme in re.findall(r'svg\{(--bg[^}]*)\}?', style):
        colours = dict(re.findall(r'--(\w+):(#[0-9a-f]{3,6})', theme))
        for text in ('fg', 'dim', 'bad', 'good', 'unknown', 'warn'):
            for ground in ('bg', 'soft'):
                ratio = page.contrast(colours[text], colours[ground])
                if ratio < page.CONTRAST:
                    yield f'{text} on {ground} has a contrast of {ratio:.2f}'


def svg_complaints(text, words):
    try:
        root = xml.etree.ElementTree.fromstring(text)
    except xml.etree.ElementTree.ParseError as error:
        yield f'not well-formed: {error}'
        return
    for element in root.iter():
        if element.tag not in ELEMENTS:
            yield f'an element {element.tag}'
        yield from (f'an attribute {name}' for name in element.attrib if name.startswith('on') or 'href' in name or name == 'style')
    style = root.find(SVG + 'style').text
    if 'url(' in style or '@import' in style:
        yield 'the style fetches something'
    yield from contrast_complaints(style)
    said = '\n'.join(element.text or '' for element in root.iter(SVG + 'text'))
    yield from (f'{word} is not said' for word in words if word not in said)
    boxes = [rect for rect in root.iter(SVG + 'rect') if rect.get('class') != 'g']
    if len(boxes) > LEFT + RIGHT:
        yield f'{len(boxes)} nodes'


def dot_complaints(text):
    if not text.startswith('digraph shakeout {\n') or not text.endswith('}\n'):
        yield 'no digraph'
    if DOT:
        done = subprocess.run([DOT, '-Tsvg'], input=text.encode(), capture_output=True, timeout=60, check=False)
        if done.returncode or done.stderr.strip():
            yield f'dot: {done.stderr.decode(errors="replace")[:300]}'


def complaints(binary, args, capture, folder, words=()):
    for ending in 'svg', 'dot':
        path = folder / f'paths.{ending}'
        done = subprocess.run([binary, *args, '-q', str(capture), '--diagram', str(path), '--force'], capture_output=True,
                              timeout=120, check=False)
        if not path.exists():
            yield done.stderr.decode(errors='replace')
            return
        text = path.read_bytes().decode()
        yield from (f'{ending}: {c}' for c in inputs.escapes_complaints(text))
        yield from svg_complaints(text, words) if ending == 'svg' else dot_complaints(text)
        path.unlink()


def hostile(folder):
    source = cases.cases_read(['cert_unknown_ca_openssl_tls12'])[0].capture
    link, packets = pcapfile.read(source)
    path = folder / 'hostile.pcap'
    pcapfile.write(path, link, [p._replace(data=inputs.poisoned(p.data)) for p in packets])
    return path


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    number = failed = 0

    def result(name, found):
        nonlocal number, failed
        number += 1
        found = list(found)
        failed += bool(found)
        print(f'{"not ok" if found else "ok"} {number} - picture of {name}')
        for complaint in found[:6]:
            print(f'  # {complaint}')

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for case in cases.cases_read(sys.argv[2:] or CASES):
            result(case.name, complaints(binary, case.args, case.capture, folder))
        result('a capture with names that bite', complaints(binary, ['--scope', 'all'], hostile(folder), folder))
        fleet.fleet_write(fleet.fleet_make(60, 4, 1), folder / 'fleet.pcap')
        result('60 endpoints', complaints(binary, [], folder / 'fleet.pcap', folder, ['endpoints', 'ems.corp.example', 'fail: ']))
        wrong = subprocess.run([binary, str(folder / 'fleet.pcap'), '--diagram', 'paths.png'], capture_output=True, check=False)
        result('an ending that nobody knows', ['accepted'] if wrong.returncode != 2 else [])
    if not DOT:
        print('# SKIP dot is not installed')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
