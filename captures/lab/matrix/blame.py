#!/usr/bin/python3
"""blame.py ROWS [PAGE]: the table of captures/lab/blame, from its rows, into the section "blame" of the page."""
import collections
import re
import sys

SCORERS = [
    ('a reset in a connection', ('tcp.reset', 'tcp.accept_then_reset', 'tls.', 'path.')),
    ('a refused SYN', ('tcp.syn.refused',)),
]
# Each of these findings says something else of who sent it.
SCORERS += [(f'`{ident}`', (ident,)) for ident in (
    'tcp.reset.injected', 'tcp.reset.both_ends', 'tcp.reset.after_clienthello', 'tcp.reset.by_client', 'tcp.reset.by_server',
    'tcp.syn.refused_by_host', 'tcp.syn.refused_by_middlebox')]


def claim(ident, owner):
    """Whom the verdict blames: an end, a device, or nobody."""
    if ident.startswith(('tls.cert.rejected_by_client', 'tls.client.')):
        return 'client'
    return {'middlebox': 'device', 'server': 'server', 'client': 'client'}.get(owner, 'nobody')


def lines(rows):
    out = ['| scorer | runs | blames the right one | the wrong one | abstains | precision | share of abstentions |',
           '|---|---|---|---|---|---|---|']
    for name, ids in SCORERS:
        tally = collections.Counter()
        for who, _, _, _, ident, owner, _ in rows:
            if ident.startswith(ids) and not (name.startswith('`') and ident != ids[0]):
                blamed = claim(ident, owner)
                tally['right' if blamed == who else 'abstains' if blamed == 'nobody' else 'wrong'] += 1
        claims, runs = tally['right'] + tally['wrong'], sum(tally.values())
        if not runs:
            continue
        precision = f"{100 * tally['right'] / claims:.1f} %" if claims else 'no claim'
        out.append(f"| {name} | {runs} | {tally['right']} | {tally['wrong']} | {tally['abstains']} | "
                   f"{precision} | {100 * tally['abstains'] / runs if runs else 0:.1f} % |")
    out += ['', '| what was done | recorded at | way | said of it | blamed | |', '|---|---|---|---|---|---|']
    for who, at, delay, what, ident, owner, word in rows:
        blamed = claim(ident, owner)
        mark = '' if blamed == who else 'abstains' if blamed == 'nobody' else '**wrong**'
        way = 'LAN' if float(delay) == 0 else f'{2000 * float(delay):.0f} ms'
        out.append(f'| {what} | {at} | {way} | `{ident}`, {word} | {blamed} | {mark} |')
    return out


rows = [line.rstrip('\n').split('\t') for line in open(sys.argv[1], encoding='utf-8')]
text = '\n'.join(lines(rows)) + '\n'
if len(sys.argv) > 2:
    page = open(sys.argv[2], encoding='utf-8').read()
    page = re.sub(r'(<!-- blame -->\n).*?(<!-- end of blame -->)', lambda m: m[1] + text + m[2], page, flags=re.S)
    open(sys.argv[2], 'w', encoding='utf-8').write(page)
else:
    print(text)
