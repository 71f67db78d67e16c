#!/usr/bin/env python3
"""A parser that was taken over tries to break out of shakeout; nothing may come of it.

    run.py BREAKOUT [--sanitized]

BREAKOUT is shakeout with breakout.c in the place of packet_decode.  It is run in every way in which shakeout meets
packets.  Then kernels that lack a part are played, by filters of system calls that say so, and shakeout must say it in
one sentence and do its work.  Builds with sanitizers refuse sockets and exec alone.  Output: TAP.
"""
import ctypes
import errno
import fcntl
import gzip
import os
import pathlib
import platform
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURE = ROOT / 'captures/syn_silent_drop/capture.pcapng'
REFUSED = {'EPERM', 'EACCES'}
FILES = {'read-file', 'own-memory', 'make-file', 'remove-file', 'make-folder', 'list-folder', 'link'}
SANITIZED = {'socket-inet', 'socket-inet6', 'socket-unix', 'socket-netlink', 'socket-packet', 'exec', 'inject-send'}
LANDLOCK, SECCOMP, PRCTL, SET_SECCOMP = 444, 317, 157, 22  # of x86-64


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp of seccomp.h"""
    _fields_ = [('argument', ctypes.c_uint), ('operator', ctypes.c_int), ('a', ctypes.c_uint64), ('b', ctypes.c_uint64)]


class Tests:
    def __init__(self):
        self.number = self.failed = 0

    def check(self, name, complaints):
        complaints = [c for c in complaints if c]
        self.number += 1
        self.failed += bool(complaints)
        print(f'{"not ok" if complaints else "ok"} {self.number} - {name}')
        for complaint in complaints:
            print(f'    {complaint}'[:1500])
        sys.stdout.flush()

    def skip(self, name, why):
        self.number += 1
        print(f'ok {self.number} - {name} # SKIP {why}')


def attempts(text):
    return re.findall(r'^breakout ([a-z0-9-]+) (\w+)$', text, re.M)


def complaints(err, sanitized, allowed=()):
    """What was granted, or failed for a reason of its own, which proves nothing."""
    tried = [(what, how) for what, how in attempts(err) if not sanitized or what in SANITIZED]
    if len(tried) < (6 if sanitized else 20):
        yield f'not tried: {err!r}'
    for what, how in tried:
        if what in allowed:
            continue
        if how not in REFUSED:
            yield f'{what}: {how}'


class Runner:
    def __init__(self, binary, sanitized, folder):
        self.binary, self.sanitized, self.folder = binary, sanitized, folder
        self.secret = folder / 'secret'

    def environment(self, target):
        # What a sanitizer finds in the wild tries here is not the matter.
        self.secret.write_text('nobody else may read this\n')
        return {**os.environ, 'XDG_DATA_HOME': str(self.folder / 'data'), 'BREAKOUT_READ': str(self.secret),
                'BREAKOUT_WRITE': str(target), 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}

    def run(self, *args, target=None, **more):
        work = self.folder / 'work'
        work.mkdir(exist_ok=True)
        return subprocess.run([self.binary, *map(str, args)], capture_output=True, text=True, check=False, cwd=work,
                              timeout=120, env=self.environment(target or self.folder / 'made'), **more)


def file_scenes(tests, runner):
    packed = runner.folder / 'packed.gz'
    packed.write_bytes(gzip.compress(CAPTURE.read_bytes()))
    out = runner.folder / 'out'
    out.mkdir()
    ways = {'a file': [CAPTURE], 'two files': [CAPTURE, packed], 'JSON Lines': ['--format', 'jsonl', CAPTURE],
            'a built-in capture': ['--demo', 'tcp.syn.silent_drop'], 'trust': ['--ca-bundle', 'system', CAPTURE],
            'a page': ['--html', out / 'page.html', CAPTURE], 'evidence': ['-w', out / 'e.pcapng', CAPTURE],
            'redacted evidence': ['-w', out / 'r.pcapng', '--redact', 'standard', CAPTURE],
            'a redacted capture': ['redact', CAPTURE, '-w', out / 'c.pcapng'],
            'a bundle': ['bundle', CAPTURE, '--case', '7', '-o', out / 'b.zip']}
    for name, args in ways.items():
        done = runner.run(*args)
        tests.check(f'nothing comes of it: {name}', [*complaints(done.stderr, runner.sanitized),
                                                     done.returncode not in (0, 1, 3) and done.stderr])
    done = subprocess.run([runner.binary, '-'], stdin=CAPTURE.open('rb'), capture_output=True, text=True, check=False,
                          cwd=runner.folder, env=runner.environment(runner.folder / 'made'))
    tests.check('nothing comes of it: standard input', complaints(done.stderr, runner.sanitized))
    made = sorted(path.name for path in out.iterdir())
    tests.check('what was asked for was written', [made != ['b.zip', 'c.pcapng', 'e.pcapng', 'page.html', 'r.pcapng']
                                                   and f'{made}'])
    left = [path for path in (runner.folder / 'work').iterdir()]
    tests.check('nothing else was', [left and f'{left}', (runner.folder / 'made').exists() and 'made'])
    if not runner.sanitized:
        done = runner.run(CAPTURE, '--no-sandbox')
        granted = [what for what, how in attempts(done.stderr) if how == 'GRANTED']
        tests.check('the attempts are real: without the sandbox they succeed',
                    ['read-file' not in granted and done.stderr, 'socket-inet' not in granted and done.stderr])


# --- live -----------------------------------------------------------------------------------------------------

def live_scene(tests, runner):
    name = 'nothing comes of it: two interfaces'
    unshare = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '--map-current-user', '--keep-caps', '-n']
    if not shutil.which('unshare') or not shutil.which('ip') or subprocess.run([*unshare, 'true'], check=False,
                                                                               capture_output=True).returncode:
        tests.skip(name, 'no network namespace may be made here')
        return
    script = ('ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; '
              '"$0" -i lo,v0 --scope all & sleep 2; for i in 1 2 3; do (echo > /dev/tcp/127.0.0.1/9) '
              '2>/dev/null; done; sleep 2; kill -INT $!; wait $!')
    done = subprocess.run([*unshare, 'bash', '-c', script, str(runner.binary)], capture_output=True, text=True,
                          check=False, timeout=60, cwd=runner.folder, env=runner.environment(runner.folder / 'made'))
    injected = [what for what, _ in attempts(done.stderr) if what.startswith('inject')]
    # A copy of the socket cannot be made, so writing to the copy is writing to nothing.
    tests.check(name, [c for c in complaints(done.stderr, runner.sanitized) if c != 'inject-copy: EBADF']
                + [injected.count('inject-write') < 2 and f'not both packet sockets were found: {done.stderr}',
                   '127.0.0.1' not in done.stdout and f'no report: {done.stdout} {done.stderr}'])


def evidence_scene(tests, runner):
    """Who keeps evidence has it written by somebody else: not even in its folder can the parser make a file.  Who waits
    for an interface that goes may bind the packet socket anew, and change nothing else of it."""
    name = 'nothing comes of it: an interface, with evidence'
    unshare = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '--map-current-user', '--keep-caps', '-n']
    if not shutil.which('ip') or subprocess.run([*unshare, 'true'], check=False, capture_output=True).returncode:
        tests.skip(name, 'no network namespace may be made here')
        return
    kept = runner.folder / 'kept'
    script = ('ip link set lo up; "$0" -i lo --scope all --wait --evidence "$1" & sleep 2; (echo > /dev/tcp/127.0.0.1/9) '
              '2>/dev/null; sleep 2; kill -INT $!; wait $!')
    done = subprocess.run([*unshare, 'bash', '-c', script, str(runner.binary), str(kept)], capture_output=True,
                          text=True, check=False, timeout=60, cwd=runner.folder, env=runner.environment(kept / 'made'))
    files = [path.name for path in kept.iterdir()]
    tests.check(name, [*(c for c in complaints(done.stderr, runner.sanitized) if c != 'inject-copy: EBADF'),
                       'make-file EPERM' not in done.stderr and not runner.sanitized and 'files may be made: the filter '
                       f'of calls is too wide: {done.stderr}'])
    tests.check('... and the evidence is written', [len(files) != 1 and f'{files} {done.stderr}',
                                                    not all(f.endswith('-127.0.0.1.pcapng') for f in files) and f'{files}'])


def screen_scene(tests, runner):
    """On a terminal its modes may be set, and that is all: nothing can be typed for the shell that comes after."""
    name = 'nothing comes of it: a screen'
    unshare = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '--map-current-user', '--keep-caps', '-n']
    if not shutil.which('ip') or subprocess.run([*unshare, 'true'], check=False, capture_output=True).returncode:
        tests.skip(name, 'no network namespace may be made here')
        return
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    modes = termios.tcgetattr(inside)
    script = ('ip link set lo up; "$0" -i lo --scope all <&0 & sleep 2; for i in 1 2 3; do (echo > /dev/tcp/127.0.0.1/9) '
              '2>/dev/null; done; sleep 2; kill -TERM $!; wait $!')
    process = subprocess.Popen([*unshare, 'bash', '-c', script, str(runner.binary)], stdin=inside, stdout=inside,
                               stderr=subprocess.PIPE, cwd=runner.folder, start_new_session=True,
                               env={**runner.environment(runner.folder / 'made'), 'TERM': 'vt100'},
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    drawn = []
    reader = threading.Thread(target=lambda: drawn.extend(iter(lambda: os.read(terminal, 4096), b'')), daemon=True)
    reader.start()
    err = process.communicate(timeout=60)[1].decode(errors='replace')
    tests.check(name, [*(c for c in complaints(err, runner.sanitized) if c != 'inject-copy: EBADF'),
                       b'LIVE' not in b''.join(drawn) and f'no screen: {drawn!r}',
                       termios.tcgetattr(inside) != modes and 'the modes of the terminal are others'])


# --- kernels that lack a part -----------------------------------------------------------------------------------

def lacking(*parts):
    """For preexec_fn: system calls answer as on a kernel that does not know them."""
    library = ctypes.CDLL('libseccomp.so.2', use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    allow, refuse = 0x7fff0000, lambda error: 0x00050000 | error

    def install():
        filter_ = ctypes.c_void_p(library.seccomp_init(allow))
        if 'landlock' in parts:
            assert library.seccomp_rule_add(filter_, refuse(errno.ENOSYS), LANDLOCK, 0) == 0
        if 'seccomp' in parts:
            equal = Comparison(0, 4, SET_SECCOMP, 0)
            assert library.seccomp_rule_add(filter_, refuse(errno.ENOSYS), SECCOMP, 0) == 0
            assert library.seccomp_rule_add_array(filter_, refuse(errno.EINVAL), PRCTL, 1, ctypes.byref(equal)) == 0
        assert library.seccomp_load(filter_) == 0
    return install


def poor_kernels(tests, runner):
    if platform.machine() not in ('x86_64', 'AMD64'):
        tests.skip('kernels that lack a part', 'they are played on x86-64')
        return
    out = runner.folder / 'poor.pcapng'
    for parts, args, words in ((['landlock'], [CAPTURE], None),
                               (['landlock'], ['-w', out, CAPTURE], 'this kernel has no Landlock'),
                               (['seccomp'], [CAPTURE], 'this kernel filters no system calls'),
                               (['seccomp', 'landlock'], [CAPTURE], 'this kernel has no seccomp')):
        done = runner.run(*args, preexec_fn=lacking(*parts))
        sentences = [line for line in done.stderr.splitlines() if 'confined' in line]
        name = f'without {" and ".join(parts)}{", writing" if len(args) > 1 else ""}'
        tests.check(f'{name}: {"one sentence, and the work is done" if words else "all is refused all the same"}',
                    [len(sentences) != bool(words) and f'{sentences}', words and words not in done.stderr and done.stderr,
                     done.returncode != 1 and f'{done.returncode}', 'tcp.syn.silent_drop' not in done.stdout
                     and done.stdout, *([] if words else complaints(done.stderr, False))])


def main():
    binary, sanitized = pathlib.Path(sys.argv[1]).resolve(), '--sanitized' in sys.argv[2:]
    tests = Tests()
    with tempfile.TemporaryDirectory(prefix='shakeout-sandbox.') as name:
        runner = Runner(binary, sanitized, pathlib.Path(name))
        file_scenes(tests, runner)
        live_scene(tests, runner)
        evidence_scene(tests, runner)
        screen_scene(tests, runner)
        if not sanitized:
            poor_kernels(tests, runner)
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


if __name__ == '__main__':
    sys.exit(main())
