#!/usr/bin/env python3
"""How often each finding is right, on the cases of captures/, and on worse captures of the same events.

    accuracy.py BINARY [--write] [--kept FILE]

A case says of its connections what was caused (captures/README.md).  The whole capture is judged, and then the same event as
other captures would hold it: every packet twice, cut by a snap length, one direction only, out of order, in other segments,
ended a second after the event.  Right is the finding that the case names; abstained is cannot_tell, capture, info, or a
weaker form that the case's finding may weaken to (PERMITTED in run.py); all else is wrong.  A healthy connection is accused
when its finding is neither ok nor undecided; a failure is missed when it is called ok.  What was caused and left no
trace (`unseen` in the label) is counted beside the missed ones.  What is healthy from end to end has a line a case.  The table is docs/accuracy-by-id.md;
the test demands that it is the one that this program writes, and what stands in its head.  What `run.py --properties --keep`
has run is not run again with --kept.  Output: TAP.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import sys
import tempfile

import run as cases

PAGE = cases.ROOT / 'docs/accuracy-by-id.md'
MACRO_LEAST = 97.0

Sample = collections.namedtuple('Sample', 'case label have worse')  # worse: of a changed capture


def label_samples(case, result, whole, variant):
    """Each labelled connection of one run; those that a changed capture does not show at all are undecided."""
    for pair, expected in case.primary:
        if expected.id == '-':
            continue
        have = [outcome.id for outcome in result.outcomes.get(pair, [])]
        best = next((i for i in have if i == expected.id), None) or (have[0] if have else 'cannot_tell')
        yield Sample(case.name, expected.id, best, variant)
    for finding in case.findings:
        if finding in whole.ids and variant and finding not in result.ids:
            yield Sample(case.name, finding, 'cannot_tell', variant)
        else:
            yield Sample(case.name, finding, finding if finding in result.ids else 'nothing', variant)


Seen = collections.namedtuple('Seen', 'outcomes ids')
Found = collections.namedtuple('Found', 'id')


def seen_of(kept):
    outcomes = {tuple(map(tuple, pair)): [Found(finding) for finding in ids] for pair, ids in kept['outcomes']}
    return Seen(outcomes, set(kept['ids']))


def is_worse(variant):
    """Quarters of a capture may show another event, and what was written again is the same."""
    return variant != 'written again' and 'quarters' not in variant


def samples_kept(kept, case):
    """As samples_of, of runs that were kept."""
    runs = {variant: seen_of(run) for variant, run in kept.get(case.name, {}).items()}
    return [sample for variant, result in runs.items() if is_worse(variant)
            for sample in label_samples(case, result, runs[''], variant)]


def samples_of(program, case):
    with tempfile.TemporaryDirectory() as folder:
        bench = cases.Bench(program, folder)
        whole = cases.run(program, case.args, case.capture)
        found = list(label_samples(case, whole, whole, ''))
        if case.capture.suffix == '.txt' or not case.primary:
            return found
        args = cases.with_secrets(bench, case)
        for name, link, packets, _ in cases.variants(case, whole):
            if is_worse(name):
                result = bench.on_packets(f'{case.name}.pcap', args, link, packets)
                found += label_samples(case, result, whole, name)
        return found


def is_healthy(finding):
    return finding.startswith('ok.')


def judged(sample):
    if sample.have == sample.label or (is_healthy(sample.label) and is_healthy(sample.have)):
        return 'right'
    if cases.undecided(sample.have) or sample.have in cases.permitted(sample.label, cases.PERMITTED):
        return 'abstained'
    return 'wrong'


def accused(sample):
    """Only what says what is wrong counts: a warning beside a connection is no label of it."""
    return is_healthy(sample.label) and not is_healthy(sample.have) and not cases.undecided(sample.have)


def missed(sample):
    return not is_healthy(sample.label) and not cases.undecided(sample.label) and is_healthy(sample.have)


def rows_of(samples):
    table = collections.defaultdict(collections.Counter)
    names = collections.defaultdict(set)
    for sample in samples:
        kind = 'worse ' if sample.worse else ''
        table[sample.label][kind + judged(sample)] += 1
        names[sample.label].add(sample.case)
    for label in sorted(table):
        count = table[label]
        tried = count['right'] + count['wrong'] + count['abstained']
        worse = count['worse right'] + count['worse wrong'] + count['worse abstained']
        yield (label, len(names[label]), tried, count['right'], count['wrong'], count['abstained'],
               worse, count['worse right'], count['worse wrong'], count['worse abstained'])


def without_case(samples):
    """Findings that a rule raises, and that no case has."""
    raised = (cases.ROOT / 'src/verdict/raised.def').read_text()
    seen = {sample.label for sample in samples}
    return [finding for finding in sorted(cases.KNOWN - seen)
            if f'[F_{finding.upper().replace(".", "_")}].raised' in raised]


def macro(rows):
    shares = [100 * row[3] / row[2] for row in rows if row[2]]
    return sum(shares) / len(shares)


def look_alikes(chosen):
    """Cases in which nothing is wrong, with what they look like."""
    for case in chosen:
        if case.primary and not case.unseen and all(is_healthy(expected.id) for _, expected in case.primary):
            about = (case.capture.parent / 'ABOUT.md').read_text().split('\n\n')[1]
            yield case.name, ' '.join(about.split()).replace('|', '\\|')


def look_alike_rows(samples, chosen):
    tried = collections.defaultdict(collections.Counter)
    for sample in samples:
        if is_healthy(sample.label):
            kind = 'worse' if sample.worse else 'whole'
            tried[sample.case][kind] += 1
            tried[sample.case]['accused ' + kind] += accused(sample)
    for name, about in look_alikes(chosen):
        count = tried[name]
        yield (f'| [{name}](../captures/{name}/ABOUT.md) | {about} | {count["whole"]} | {count["accused whole"]} '
               f'| {count["worse"]} | {count["accused worse"]} |')


def page(samples, chosen):
    rows = list(rows_of(samples))
    whole = [sample for sample in samples if not sample.worse]
    worse = [sample for sample in samples if sample.worse]
    wrong = sum(judged(sample) == 'wrong' for sample in worse)
    healthy = [sample for sample in whole if is_healthy(sample.label)]
    unseen = [caused for case in chosen for _, caused in case.unseen]
    silent = sum(cases.under(caused, 'tls.cert.rejected_by_client') for caused in unseen)
    spared = len(unseen) - silent
    text = [
        '# Accuracy, finding by finding', '',
        f'Made by `tests/captures/accuracy.py BINARY --write` from the {len(chosen)} cases of `captures/`; each names what was caused',
        '([captures/README.md](../captures/README.md)). "Worse captures" are the same events with every packet twice, cut to 96',
        'octets, seen in one direction only, out of order, in other segments, or ended a second after the event. Abstained: "cannot',
        'tell", or a weaker form of the same. The cases were there when the rules were written: this table shows that nothing broke,',
        'and how much a worse capture costs; how well strangers are judged is in [accuracy.md](accuracy.md) and',
        '[corpus-review.md](corpus-review.md).', '',
        f'- Macro accuracy over {len(rows)} findings: {macro(rows):.1f} %.',
        f'- Healthy connections accused: {sum(map(accused, whole))} of {len(healthy)}; in worse captures '
        f'{sum(map(accused, worse))} of {sum(is_healthy(sample.label) for sample in worse)}.',
        f'- Failures called healthy: {sum(map(missed, whole))}; in worse captures {sum(map(missed, worse))}. Beside these, failures of which',
        f'  the packets hold no trace: {silent} clients that refuse and leave in silence (`ok.tls.no_data`), {spared} breaks recorded',
        '  at the end that they spare.',
        f'- Worse captures, all labels: {wrong} wrong of {len(worse)}.', '',
        '| finding | cases | labels | right | wrong | abstained | worse captures | right | wrong | abstained |',
        '|---|---|---|---|---|---|---|---|---|---|']
    text += ['| ' + ' | '.join([f'`{row[0]}`', *map(str, row[1:])]) + ' |' for row in rows]
    bare = without_case(samples)
    listed = ', '.join(f'`{finding}`' for finding in bare) or 'none'
    text += ['', f'Raised by a rule, held by unit tests, and in no case yet: {listed}.']
    text += ['', '## What is healthy and looks like a failure', '',
             'Each case in which nothing is wrong. Accused: an endpoint, a server or a device is said to have failed.', '',
             '| case | what it is | connections | accused | in worse captures | accused |', '|---|---|---|---|---|---|']
    return '\n'.join(text + list(look_alike_rows(samples, chosen))) + '\n'


def checks(samples, text):
    rows = list(rows_of(samples))
    whole = [sample for sample in samples if not sample.worse]
    yield 'every finding is right often enough', [] if macro(rows) >= MACRO_LEAST else [f'{macro(rows):.1f} %']
    yield 'no healthy connection is accused', [f'{s.case}: {s.have} {s.worse}' for s in samples if accused(s)]
    yield 'no failure is called healthy', [f'{s.case}: {s.label} {s.worse}' for s in samples if missed(s)]
    yield 'no label is wrong', [f'{s.case}: {s.label} became {s.have}' for s in whole if judged(s) == 'wrong']
    yield 'the committed table is this one', [] if PAGE.exists() and PAGE.read_text() == text else \
        ['tests/captures/accuracy.py BINARY --write makes it again']


def samples_now(options, chosen):
    if options.kept:
        kept = json.loads(pathlib.Path(options.kept).read_text())
        return [sample for case in chosen for sample in samples_kept(kept, case)]
    program = [str(pathlib.Path(options.binary).resolve())]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [s for found in pool.map(lambda case: samples_of(program, case), chosen) for s in found]


def main():
    parser = argparse.ArgumentParser(description='accuracy, finding by finding')
    parser.add_argument('binary')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--kept', metavar='FILE')
    options = parser.parse_args()
    chosen = cases.cases_read([])
    samples = samples_now(options, chosen)
    text = page(samples, chosen)
    if options.write:
        PAGE.write_text(text)
    failed = False
    for number, (title, complaints) in enumerate(checks(samples, text), 1):
        failed |= bool(complaints)
        print(f'{"not ok" if complaints else "ok"} {number} - {title}')
        print(''.join(f'  # {c}\n' for c in complaints[:20]), end='')
    print('1..5')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
