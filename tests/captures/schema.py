#!/usr/bin/env python3
"""Validates the JSON Lines of every case against the schema that the program prints.

    schema.py BINARY [--corpus FOLDER] [CASE...]

By python3-jsonschema where that is installed; else all is skipped but that the schema is JSON, has every id of the
catalogue, and lists nothing that the Elastic Common Schema's field list (tests/captures/ecs.txt) does not have.
Output: TAP.
"""
import json
import pathlib
import subprocess
import sys

import run as cases

try:
    import jsonschema
except ImportError:
    jsonschema = None


def fields_of(schema, prefix=''):
    """Dotted names of everything that the schema allows, but for what is ours."""
    for name, part in schema.get('properties', {}).items():
        if (prefix, name) != ('', 'shakeout'):
            yield from fields_of(part, f'{prefix}{name}.') if part.get('properties') else [prefix + name]


def schema_complaints(schema):
    ids = set(schema['$defs']['id']['enum'])
    yield from (f'{i} is missing' for i in sorted(cases.KNOWN - ids))
    known = set((cases.ROOT / 'tests/captures/ecs.txt').read_text().split('\n'))
    yield from (f'{f} is no field of ECS' for f in fields_of(schema) if f not in known)


def lines_of(binary, args, path):
    done = subprocess.run([binary, *args, '--format', 'jsonl', str(path)], capture_output=True, timeout=120, check=False)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def complaints(validator, lines):
    for number, line in enumerate(lines, 1):
        for error in validator.iter_errors(line):
            yield f'line {number}, {"/".join(map(str, error.absolute_path))}: {error.message[:160]}'


def main():
    binary, number, failed = str(pathlib.Path(sys.argv[1]).resolve()), 1, 0
    schema = json.loads(subprocess.run([binary, '--schema'], capture_output=True, check=True).stdout)
    found = list(schema_complaints(schema))
    failed += bool(found)
    print(f'{"not ok" if found else "ok"} 1 - the schema: ids of the catalogue, fields of ECS')
    print(''.join(f'  # {c}\n' for c in found[:10]), end='')
    if jsonschema:
        validator = jsonschema.Draft202012Validator(schema)
        for number, (name, path, args) in enumerate(cases.captures_of(sys.argv[2:]), 2):
            found = list(complaints(validator, lines_of(binary, args, path)))
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {number} - JSON Lines of {name}')
            print(''.join(f'  # {c}\n' for c in found[:5]), end='')
    else:
        number = 2
        print('ok 2 - JSON Lines against the schema # SKIP python3-jsonschema is not installed')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
