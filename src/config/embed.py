"""Writes a text file as a C string, so that a program can carry it.

Usage: embed.py TEXT HEADER NAME    (HEADER then defines `static const char NAME[]`)
"""

import sys


def quoted(line):
    escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'    "{escaped}\\n"'


def main(source, target, name):
    with open(source, encoding="ascii") as file:
        lines = file.read().splitlines()
    with open(target, "w", encoding="ascii") as file:
        file.write(f"static const char {name}[] =\n")
        file.write("\n".join(quoted(line) for line in lines) + ";\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
