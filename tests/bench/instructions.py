"""What valgrind's callgrind counted of one run: instructions, and how many of them belong to a part of the program.

Counts are the same however busy the machine is.  A part is a set of functions; all that it calls counts as its own.
"""
import collections
import os
import pathlib
import re
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parents[2] / 'src'
DEFINITION = re.compile(r'^(?!static inline)[A-Za-z][\w *]*?\b(\w+)\([^;]*$', re.M)


def run(command, out):
    """The command under callgrind; the counts go to a file."""
    subprocess.run(['valgrind', '-q', '--tool=callgrind', f'--callgrind-out-file={out}', *command],
                   env={**os.environ, 'SHAKEOUT_SEED': '1'}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def total(path):
    """All instructions of the run."""
    for line in open(path, encoding='utf-8', errors='replace'):
        if line.startswith(('summary:', 'totals:')):
            return int(line.split()[1])
    return 0


class Names:
    """callgrind writes a name once, with a number, and then the number alone."""

    def __init__(self):
        self.known = {}

    def of(self, text):
        number, _, name = text.strip().partition(' ')
        if name:
            self.known[number] = name
        return self.known[number]


def edges(path):
    """(object, function) of who calls and who is called, and what that cost."""
    objects, functions = Names(), Names()
    here = there = (None, None)
    library = None
    with open(path, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if line.startswith('ob='):
                here = objects.of(line[3:]), here[1]
            elif line.startswith('fn='):
                here = here[0], functions.of(line[3:])
                library = None
            elif line.startswith('cob='):
                library = objects.of(line[4:])
            elif line.startswith('cfn='):
                there = library or here[0], functions.of(line[4:])
                library = None
            elif line.startswith('calls='):
                yield here, there, int(next(lines).split()[1])


def functions_of(folder):
    """Names of functions that are defined in this folder of the sources and in no other."""
    where = collections.defaultdict(set)
    for path in SOURCES.rglob('*.c'):
        for name in DEFINITION.findall(path.read_text(encoding='utf-8')):
            where[name].add(path.parent.name)
    names = {name for name, folders in where.items() if folders == {folder}}
    if not names:
        raise FileNotFoundError(f'no functions in {SOURCES / folder}')
    return names


def cost_of(path, folder, program, library=None, without=()):
    """What the functions of a folder, but for some, and of a library cost with all that they call.

    Only what the program's other functions call counts: a library that calls itself through another one, as by a
    callback, was counted when it was entered.
    """
    names, own = functions_of(folder), os.path.basename(program)
    apart = set(without)

    def inside(who):
        plain = (who[1] or '').split('.')[0].split("'")[0]
        return plain in names or bool(library and who[0] and library in who[0])

    def outside(who):
        return os.path.basename(who[0] or '') == own and not inside(who)

    return sum(cost for caller, callee, cost in edges(path)
               if inside(callee) and outside(caller) and callee[1] not in apart)
