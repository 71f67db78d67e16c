#!/usr/bin/env python3
"""Fails when docs/findings/ is not what the catalogue says now, or names a case that is not in captures/.

    finding_pages.py ROOT BINARY [--write]

Each id of src/verdict/findings.tsv has one page, made of what `shakeout explain ID` prints, and of the cases that are
recorded for it; docs/findings/README.md lists them all.  --write makes the pages, brings their lists of cases up to date
and removes pages of no id.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys

FAMILIES = {
    'ok': 'Healthy', 'info': 'Healthy', 'cannot_tell': 'Cannot tell', 'dns': 'DNS', 'l2': 'Link layer and ICMP',
    'icmp': 'Link layer and ICMP', 'tcp': 'TCP', 'tls': 'TLS', 'cert': 'Server certificate',
    'clientcert': 'Client certificate', 'app': 'After the handshake', 'proxy': 'Proxy', 'set': 'Many connections',
    'checkin': 'Check-ins', 'path': 'Two capture points', 'capture': 'The capture',
}


def rows_of(root):
    lines = (root / 'src/verdict/findings.tsv').read_text(encoding='ascii').splitlines()
    names = lines[0].split('\t')
    return [dict(zip(names, line.split('\t'))) for line in lines[1:]]


def cases_of(root):
    """id -> names of the cases whose expect.txt names it."""
    cases = collections.defaultdict(list)
    for expect in sorted(root.glob('captures/*/expect.txt')):
        for line in expect.read_text(encoding='utf-8').splitlines():
            words = line.split()
            named = words[3] if words[:1] == ['primary'] else words[1] if words[:1] == ['finding'] else None
            if named and expect.parent.name not in cases[named]:
                cases[named].append(expect.parent.name)
    return cases


def explained(binary, name):
    done = subprocess.run([binary, 'explain', name, '--width', '1000'], capture_output=True, text=True, check=True,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    return done.stdout.rstrip('\n').split('\n')


def escaped(text):
    return re.sub(r'([*_<>|`])', r'\\\1', text)


def body_line(line):
    """One line below a heading, as Markdown."""
    item = re.match(r'  (\d) (.*)', line)
    if item:
        return f'{item[1]}. {escaped(item[2])}'
    if line.startswith('      '):
        return f'\n   ```text\n   {line.strip()}\n   ```'
    return escaped(line.strip())


def joined(lines):
    """Undoes the wrapping: what goes on with a line stands deeper than it, and is no command."""
    out = []
    for line in lines:
        item = re.match(r'    (\S.*)', line)
        plain = re.match(r'  (?!\d )(\S.*)', line)
        if out and re.match(r'  \d ', out[-1]) and item:
            out[-1] += ' ' + item[1]
        elif out and plain and re.match(r'  (?!\d )\S', out[-1]):
            out[-1] += ' ' + plain[1]
        else:
            out.append(line)
    return out


def page_of(row, lines, cases):
    name, title = row['id'], row['title']
    out = [f'# {title}', '', f'`{name}`: {lines[1]}', '']
    for block in '\n'.join(lines[2:]).strip('\n').split('\n\n'):
        heading, *rest = block.split('\n')
        if heading == 'In this version':
            continue
        out += [f'## {heading}', '', *map(body_line, joined(rest)), '']
    out += ['## Recorded', '']
    if cases:
        out += [f'- [{case}](../../captures/{case}/ABOUT.md)' for case in cases]
    else:
        out += ['No case of `captures/` shows it.']
    return '\n'.join(out) + '\n'


def family_of(name):
    parts = name.split('.')
    second = parts[1] if parts[0] == 'tls' and parts[1] in ('cert', 'clientcert') else parts[0]
    return FAMILIES.get(second, second)


def index_of(rows):
    out = ['# Findings', '', 'Everything shakeout may conclude, one page each; `shakeout explain ID` prints the same.',
           'Made by `tests/lint/finding_pages.py` from the catalogue.']
    last = None
    for row in rows:
        family = family_of(row['id'])
        if family != last:
            out += ['', f'## {family}', '', '| id | title | severity |', '|---|---|---|']
            last = family
        out.append(f'| [`{row["id"]}`]({row["id"]}.md) | {row["title"]} | {row["severity"]} |')
    return '\n'.join(out) + '\n'


def pages_of(root, binary):
    rows, cases = rows_of(root), cases_of(root)
    pages = {f'{row["id"]}.md': page_of(row, explained(binary, row['id']), cases[row['id']]) for row in rows}
    pages['README.md'] = index_of(rows)
    return pages


def catalogue_part(text):
    """A page without its list of cases, which grows with every recording."""
    return text.split('\n## Recorded\n')[0]


def complaints_of(root, there, pages):
    for name in sorted(there.keys() | pages.keys()):
        if catalogue_part(there.get(name, '')) != catalogue_part(pages.get(name, '')):
            yield f'docs/findings/{name} is behind the catalogue'
        for case in re.findall(r'\(\.\./\.\./captures/([^/]+)/', there.get(name, '')):
            if not (root / 'captures' / case).is_dir():
                yield f'docs/findings/{name} names a case that is gone: {case}'


def main():
    root, binary = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    folder = root / 'docs/findings'
    pages = pages_of(root, binary)
    there = {path.name: path.read_text(encoding='utf-8') for path in folder.glob('*.md')}
    if '--write' in sys.argv:
        for name in there.keys() - pages.keys():
            (folder / name).unlink()
        for name, text in pages.items():
            (folder / name).write_text(text, encoding='utf-8')
        return 0
    complaints = list(complaints_of(root, there, pages))
    for complaint in complaints[:8]:
        print(complaint)
    if complaints:
        print('tests/lint/finding_pages.py . BINARY --write mends it')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
