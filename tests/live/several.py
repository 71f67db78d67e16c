#!/usr/bin/env python3
"""Watches a link through two interfaces at once, each of which shows one direction, as a passive tap does.

    several.py BINARY

As mirror.py, but what the client sends is copied to one interface and what it gets to another.  Only in the order of
time do they make connections.  Verdicts, evidence, state and metrics must be those of one link; an interface that goes
must be named, and no silence claimed until it is back.  Output: TAP.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mirror  # noqa: E402
import run  # noqa: E402
from mirror import EMS, Watch, check_in, metrics_of  # noqa: E402
from run import Net, Tests, connect, make_certificate, sh, wait_for  # noqa: E402

INSIDE = 'SHAKEOUT_SEVERAL_INSIDE'
SENT, GOT = 'm1', 'n1'     # what the client sends, what it gets
SILENT, REFUSED = EMS + 1000, EMS + 1


def make(out, seen, direction):
    sh('ip', 'link', 'add', out, 'type', 'veth', 'peer', 'name', seen)
    for interface in out, seen:
        sh(sys.executable, run.__file__, '--offloads-off', interface)
        sh('ip', 'link', 'set', interface, 'up')
    sh('tc', 'filter', 'add', 'dev', 'c0', direction, 'protocol', 'all', 'prio', '1', 'u32', 'match', 'u32', '0', '0',
       'action', 'mirred', 'egress', 'mirror', 'dev', out)


def told(watch, words):
    return [line for line in [*watch.out, *watch.err] if words in line]


def shown_by_tshark(path, *fields):
    command = ['tshark', '-n', '-r', path, '-T', 'fields', *(word for field in fields for word in ('-e', field))]
    return [line.split('\t') for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()]


def evidence_of(folder, word):
    return next((path for path in sorted(folder.iterdir()) if word in path.name), None)


def look_at_evidence(tests, folder):
    if not run.shutil.which('tshark'):
        print('# tshark is not here: files of evidence are not looked at')
        return
    for word in 'good', 'tcp.syn.refused':
        path = evidence_of(folder, word)
        rows = shown_by_tshark(path, 'frame.interface_name', 'ip.src', 'frame.time_epoch') if path else []
        wrong = [row for row in rows if (row[0] == SENT) != (row[1] == run.CLIENT)]
        times = [row[2] for row in rows]
        tests.expect(f'evidence names both interfaces, in the order of time ({word})', {row[0] for row in rows} == {SENT, GOT}
                     and not wrong and times == sorted(times), sorted(path.name for path in folder.iterdir()), rows[:20])


def look_at_state(tests, watch):
    watch.process.send_signal(run.signal.SIGUSR1)
    time.sleep(1.5)
    state = watch.state()
    ports = {port['name']: port for port in state['interfaces']}
    tests.expect('the state counts each interface', set(ports) == {SENT, GOT} and all(p['packets'] and p['up']
                 for p in ports.values()) and sum(p['packets'] for p in ports.values()) == state['capture']['packets']
                 and state['capture']['directions'] == 2, state)
    samples, complaints = metrics_of(watch.textfile.read_text())
    up = {labels for name, labels in samples if name == 'shakeout_up'}
    lost = [v for (name, _), v in samples.items() if name == 'shakeout_capture_dropped_packets_total']
    tests.expect('metrics have a series for each interface', not complaints and up == {f'interface="{SENT}"',
                 f'interface="{GOT}"'} and lost == [0] * 4, samples, complaints)


def tap_scene(tests, binary, net, folder):
    watch = Watch(binary, folder / 'tap', '-i', GOT, '--wait', '--scope', 'all', '--evidence', folder / 'evidence')
    for _ in range(3):
        check_in(folder)
    connect(REFUSED, 2)
    wait_for(lambda: watch.notices(REFUSED), 'a notice', 5)
    tests.expect('two directions on two interfaces are one connection', 'tcp.syn.refused' in watch.notices(REFUSED)[0][1]
                 and not watch.notices(EMS) and len(watch.out) == 1, watch.out, watch.err)
    look_at_state(tests, watch)
    away(tests, binary, net, watch)
    alive = watch.process.poll() is None
    code = watch.end()
    tests.expect('the report says which interface was gone', alive and code == 1 and told(watch, f'{GOT} was gone 1 time'),
                 watch.out, watch.err, code)
    look_at_evidence(tests, folder / 'evidence')


def away(tests, binary, net, watch):
    """Answers go on, and nobody sees them: the silence is that of the watch."""
    net.nft(f'add rule inet t in tcp dport {SILENT} drop')
    sh('ip', 'link', 'del', 'n0')
    sh('tc', 'filter', 'del', 'dev', 'c0', 'ingress')
    wait_for(lambda: told(watch, f'{GOT} is gone'), 'a word', 5)
    watch.process.send_signal(run.signal.SIGUSR1)
    state = watch.wait_for_state(lambda s: not s['capture']['up'])
    code, out = mirror.check(binary, '--status', watch.status)
    tests.expect('one that is gone is named', [p['up'] for p in state['interfaces']] == [1, 0] and code == 3
                 and f'{GOT} is gone' in out, state, code, out)
    connect(EMS, 4)
    connect(SILENT, 4)
    time.sleep(3)
    tests.expect('meanwhile no silence is told', not watch.notices(SILENT) and not watch.notices(EMS), watch.out)
    make('n0', GOT, 'ingress')
    wait_for(lambda: told(watch, f'{GOT} is there again'), 'a word', 5)
    connect(REFUSED + 1, 2)
    wait_for(lambda: watch.notices(REFUSED + 1), 'a notice', 5)
    connect(SILENT + 1, 1)
    tests.expect('behind it everything is told again', not watch.notices(SILENT) and not watch.notices(EMS), watch.out)


def ends_scene(tests, binary, folder):
    """Without --wait the watch goes on with what is left, and ends with the last of them."""
    watch = Watch(binary, folder / 'ends', '-i', f'{GOT}', '--scope', 'all')
    check_in(folder)
    sh('ip', 'link', 'del', 'n0')
    wait_for(lambda: told(watch, f'{GOT} is gone'), 'a word', 5)
    time.sleep(1)
    alive = watch.process.poll() is None
    sh('ip', 'link', 'del', 'm0')
    try:
        code = watch.process.wait(5)
    except subprocess.TimeoutExpired:
        code = None
    tests.expect('the last interface that goes ends the watch', alive and code is not None and told(watch, 'PARTIAL'), alive,
                 code, watch.out)
    watch.process.kill()


def options_scene(tests, binary):
    def said(*options):
        done = subprocess.run([binary, *options], capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, done.stderr
    for options, words in (['-i', f'{SENT},{SENT}'], 'twice'), (['-i', f'{SENT},any'], 'every interface'), \
            (['-i', f'{SENT},'], 'a name'), (['-i', f'{SENT},nowhere0'], 'no such interface'), \
            (['-i', ','.join(f'x{i}' for i in range(9))], 'too many'), (['doctor', '-i', f'{SENT},{GOT}'], 'one interface'):
        code, err = said(*options)
        tests.expect(f'refused: {" ".join(options)}', code == 2 and words in err, code, err)


def inside(binary):
    tests, net, server = Tests(), Net(), None
    try:
        with tempfile.TemporaryDirectory(prefix='shakeout-several.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            server = mirror.serve(net, folder, EMS)
            sh('tc', 'qdisc', 'add', 'dev', 'c0', 'clsact')
            make('m0', SENT, 'egress')
            make('n0', GOT, 'ingress')
            tap_scene(tests, binary, net, folder)
            options_scene(tests, binary)
            ends_scene(tests, binary, folder)
    finally:
        if server:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.environ.get(INSIDE):
        return inside(binary)
    return run.go_inside(INSIDE, 'several interfaces', 'tc')


if __name__ == '__main__':
    sys.exit(main())
