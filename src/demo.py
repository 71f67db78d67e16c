"""demo.py CAPTURES OUT: the smallest case of each finding, as C arrays for --demo."""
import pathlib
import sys

MOST = 12000  # octets of one capture
captures, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def case_of(folder):
    """(size, name, args, ids) of a case that can stand alone."""
    args, ids = '', set()
    for line in (folder / 'expect.txt').read_text().splitlines():
        key, _, value = line.partition(' ')
        if key == 'args':
            args += ' ' + value
        elif key == 'primary' and value.split()[2] != '-':
            ids.add(value.split()[2])
        elif key == 'finding':
            ids.add(value.split()[0])
    capture = next(folder.glob('capture.*'))
    return capture.stat().st_size, folder.name, args.strip(), ids, capture


best = {}
for path in sorted(captures.glob('*/expect.txt')):
    case = case_of(path.parent)
    if case[0] > MOST or case[2] not in ('', '--scope all'):
        continue
    for ident in case[3]:
        best[ident] = min(best.get(ident, case), case, key=lambda c: (c[0], c[1]))

lines, numbers = ['/* Made by demo.py. */'], {}
for case in sorted({c[1]: c for c in best.values()}.values(), key=lambda c: c[1]):
    numbers[case[1]] = len(numbers)
    octets = ','.join(map(str, case[4].read_bytes()))
    lines.append(f'static const unsigned char demo_{numbers[case[1]]}[] = {{{octets}}};')
lines.append('static const struct demo demos[] = {')
for ident, case in sorted(best.items()):
    n = numbers[case[1]]
    lines.append(f'    {{ "{ident}", "{case[1]}", {"true" if case[2] else "false"}, demo_{n}, sizeof demo_{n} }},')
lines.append('};')
text = '\n'.join(lines) + '\n'
if not out.exists() or out.read_text() != text:
    out.write_text(text)
