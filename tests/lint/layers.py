#!/usr/bin/env python3
"""Fails when a file includes a layer, or a library, that src/LAYERS and the table below do not grant it.

    layers.py ROOT

A file in src/LAYER or dissectors/ may include its own layer and those that src/LAYERS lists.  Files directly in
src/ may include any layer, but no library.  Tests may include any layer and any library; tests/unit mirrors src/.
Only direct includes are read: a header that leaks a lower layer onward is caught when it is read itself.
"""
import pathlib
import re
import sys

LIBRARIES = {
    'openssl': ['x509', 'keys', 'evidence'], 'pcap': ['frame'], 'archive': ['frame', 'evidence'],
    'archive_entry': ['frame', 'evidence'], 'ini': ['config'], 'ndpi': ['session'], 'ndpi_api': ['session'],
    'ndpi_main': ['session'], 'ndpi_typedefs': ['session'], 'jansson': ['report', 'evidence', 'live'],
    'sqlite3': ['store'], 'curl': ['store'], 'ncurses': ['live'], 'microhttpd': ['live'],
    'seccomp': ['sandbox'], 'cap-ng': ['sandbox'],
}
TOP = 'src'  # the layer of files directly in src/


def grants_read(root):
    grants = {}
    for line in (root / 'src/LAYERS').read_text().splitlines():
        line = line.split('#')[0].strip()
        if line:
            layer, granted = line.split(':')
            grants[layer.strip()] = granted.split()
    return grants


def grants_complain(grants):
    for layer, granted in grants.items():
        for other in granted:
            if other not in grants:
                yield f'src/LAYERS: {layer} is granted {other}, which is no layer'
            elif layer in grants[other]:
                yield f'src/LAYERS: {layer} and {other} are granted each other'


def includes_of(path):
    """(quote, target) of every include directive, conditional ones too."""
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', path.read_text(errors='replace'), re.M)


def layer_of_target(root, path, target):
    """The layer a quoted include belongs to; None when nobody can tell (a generated file)."""
    first = target.split('/')[0]
    if '/' in target:
        return first
    if (path.parent / target).exists():
        return None if path.parent == root / 'src' else path.parent.name
    if (root / 'src' / target).exists():
        return TOP
    return None


def allowed(layer, grants):
    return set(grants) | {TOP} if layer == TOP else {layer, *grants[layer]}


def include_complaint(root, path, layer, grants, quote, target):
    if quote == '<':
        homes = LIBRARIES.get(re.split(r'[/.]', target)[0])
        if homes and layer not in homes:
            return f'{layer} may not include the library <{target}>'
        return None
    wanted = layer_of_target(root, path, target)
    if wanted is None:
        return None
    if wanted != TOP and wanted not in grants:
        return f'"{target}" is in no layer of src/LAYERS'
    if wanted not in allowed(layer, grants):
        return f'{layer} may not include "{target}"'
    return None


def layer_of_file(root, path):
    parts = path.relative_to(root).parts
    return 'dissectors' if parts[0] == 'dissectors' else TOP if len(parts) == 2 else parts[1]


def sources_complain(root, grants):
    files = [*root.glob('src/**/*.[ch]'), *root.glob('dissectors/**/*.[ch]')]
    for path in sorted(files):
        layer = layer_of_file(root, path)
        name = path.relative_to(root)
        if layer != TOP and layer not in grants:
            yield f'{name}: the folder {layer} is missing from src/LAYERS'
            continue
        for quote, target in includes_of(path):
            complaint = include_complaint(root, path, layer, grants, quote, target)
            if complaint:
                yield f'{name}: {complaint}'


def tests_complain(root, grants):
    """Unit tests stand in a folder named like the layer they test, and name a file that exists there."""
    for path in sorted(root.glob('tests/unit/**/*.c')):
        name = path.relative_to(root)
        parts = name.parts[2:]
        if len(parts) == 2 and parts[0] not in grants and parts[0] != TOP:
            yield f'{name}: no layer is called {parts[0]}'
        elif len(parts) > 2:
            yield f'{name}: too deep, unit tests mirror src/'
    for path in sorted(root.glob('tests/**/*.[ch]')):
        for quote, target in includes_of(path):
            first = target.split('/')[0]
            if quote == '"' and '/' in target and first not in grants and first not in ('forge', 'unit', '..'):
                yield f'{path.relative_to(root)}: "{target}" is in no layer of src/LAYERS'


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    grants = grants_read(root)
    complaints = [*grants_complain(grants), *sources_complain(root, grants), *tests_complain(root, grants)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
