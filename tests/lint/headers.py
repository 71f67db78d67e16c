#!/usr/bin/env python3
"""Fails when a header does not compile on its own, with the warnings of the build.

    headers.py ROOT BUILD COMPILER

BUILD is a build folder: the generated headers lie in it.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

FLAGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only']


def include_flags(root, build):
    folders = [root / 'src', root / 'dissectors', root / 'tests', build / 'src', build / 'dissectors', build]
    return [f'-I{folder}' for folder in folders]


def compile_alone(compiler, flags, header):
    """What the compiler says about a file that includes nothing but this header."""
    source = f'#include "{header}"\nint headers_alone_are_no_program;\n'
    run = subprocess.run([compiler, *FLAGS, *flags, '-x', 'c', '-'], input=source, text=True, capture_output=True)
    return None if run.returncode == 0 else f'{header}:\n{run.stderr}'


def main():
    root, build = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    compiler = sys.argv[3]
    headers = [*root.glob('src/**/*.h'), *root.glob('dissectors/**/*.h'), *root.glob('tests/forge/**/*.h')]
    flags = include_flags(root, build)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(lambda header: compile_alone(compiler, flags, header), sorted(headers)))
    complaints = [words for words in said if words]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints or not headers else 0


if __name__ == '__main__':
    sys.exit(main())
