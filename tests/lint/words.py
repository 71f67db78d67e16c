#!/usr/bin/env python3
"""Fails on calls and words that do not belong in the tree.

    words.py ROOT

Calls: those that cannot be bounded or cannot report an error are banned.  In the folders that a packet passes, malloc
and its family are left to functions that open, close or grow something: per packet, memory comes from arenas.
Words: unfinished work, and paths of somebody's machine.
"""
import pathlib
import re
import sys

BANNED = {
    'strcpy': 'base/text.h', 'strcat': 'base/text.h', 'stpcpy': 'base/text.h', 'strncpy': 'base/text.h',
    'strncat': 'base/text.h', 'sprintf': 'snprintf', 'vsprintf': 'vsnprintf', 'gets': 'fgets',
    'atoi': 'strtol', 'atol': 'strtol', 'atoll': 'strtoll', 'atof': 'strtod', 'strtok': 'a struct bytes',
    'sscanf': 'a struct bytes', 'scanf': 'a struct bytes', 'alloca': 'an arena', 'system': 'nothing',
    'popen': 'nothing', 'tmpnam': 'mkstemp', 'mktemp': 'mkstemp', 'rand': 'base/hash.h', 'srand': 'base/hash.h',
    'setjmp': 'a return value', 'longjmp': 'a return value', 'gmtime': 'gmtime_r', 'localtime': 'localtime_r',
}
FINE_IN_TESTS = {'strcpy', 'sscanf', 'system', 'popen', 'rand', 'srand'}
HEAP = {'malloc', 'calloc', 'realloc', 'reallocarray', 'strdup', 'strndup', 'free', 'asprintf', 'vasprintf'}
PACKET_PATH = ('src/frame', 'src/packet', 'src/flow', 'src/stream', 'src/tls', 'src/session', 'dissectors')
HEAP_FUNCTION = re.compile(r'_(open|begin|close|free|grow|make|new|start|stop)(_|$)|^chunk_add$')

# Written apart, so that this file does not find itself.
UNFINISHED = re.compile('|'.join([r'\bTO' r'DO\b', r'\bFIX' r'ME\b', r'\bX' r'XX\b', r'\bHA' r'CK\b',
                                  r'\bnot impl' r'emented\b', r'\bplace' r'holder\b', r'\bfor n' r'ow\b']))
MACHINE = re.compile(r'(?<![\w.$}])/(?:home|root|Users|mnt)/\w')

CODE = ('src', 'dissectors', 'tests')
TEXT = ('src', 'dissectors', 'tests', 'docs', 'captures')
TEXT_SUFFIXES = {'.c', '.h', '.def', '.py', '.sh', '.md', '.txt', '.tsv', '.build', '.js', '.go', ''}
PASSED_OVER = {'corpus', 'crashes', 'work', 'made', '__pycache__'}  # recorded bytes, and what the lab makes


def blank(match):
    """Keeps the lines of what it removes."""
    return re.sub(r'[^\n]', ' ', match[0])


def code_only(text):
    """C without comments, strings and characters; line numbers stay."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def functions_of(lines):
    """The name of the function around each line, in code formatted by clang-format; '' outside."""
    name = ''
    for line in lines:
        opening = re.match(r'[A-Za-z_].*?(\w+)\(', line)
        if opening and not line.startswith(('enum', 'typedef')):
            name = opening[1]
        yield name
        if line.startswith('}'):
            name = ''


def heap_is_allowed(path, function):
    return str(path.parent) not in PACKET_PATH or HEAP_FUNCTION.search(function)


def call_complaints(path, text):
    lines = code_only(text).splitlines()
    for number, (line, function) in enumerate(zip(lines, functions_of(lines)), 1):
        for call in re.findall(r'(?<![\w.>])(\w+)\(', line):
            if call in BANNED and not (path.parts[0] == 'tests' and call in FINE_IN_TESTS):
                yield f'{path}:{number}: {call}; use {BANNED[call]}'
            elif call in HEAP and not heap_is_allowed(path, function):
                yield f'{path}:{number}: {call} in {function or "no function"}, which opens and closes nothing'


def word_complaints(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in ((UNFINISHED, 'unfinished'), (MACHINE, "a path of somebody's machine")):
            found = pattern.search(line)
            if found:
                yield f'{path}:{number}: {why}: {found[0]}'


def files(root, folders):
    for folder in folders:
        for path in sorted((root / folder).rglob('*')):
            name = path.relative_to(root)
            if path.is_file() and not PASSED_OVER & set(name.parts):
                yield name


def texts(root):
    top = [path.relative_to(root) for path in sorted(root.iterdir()) if path.is_file()]
    for path in [*top, *files(root, TEXT)]:
        if path.suffix in TEXT_SUFFIXES:
            yield path


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    complaints = []
    for path in texts(root):
        complaints += word_complaints(path, (root / path).read_text(errors='replace'))
    for path in files(root, CODE):
        if path.suffix in ('.c', '.h', '.def'):
            complaints += call_complaints(path, (root / path).read_text(errors='replace'))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
