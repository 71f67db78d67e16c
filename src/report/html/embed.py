"""Writes the style and the script of the HTML report as C strings, with their hashes for its
Content-Security-Policy (CSP level 3, section 2.3.1: base64 of SHA-256 over the element's content).

Usage: embed.py STYLE SCRIPT HEADER
"""

import base64
import hashlib
import sys

PIECE = 1000  # C11 promises 4095 characters of a string literal


def quoted(text):
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    table = {"\\": "\\\\", '"': '\\"', "?": "\\?", "\n": "\\n"}
    return ",\n".join('    "' + "".join(table.get(c, c) for c in piece) + '"' for piece in pieces)


def main(style, script, target):
    with open(target, "w", encoding="ascii") as header:
        for name, path in ("style", style), ("script", script):
            with open(path, encoding="ascii") as file:
                text = file.read()
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            header.write(f"static const char *const html_{name}[] = {{\n{quoted(text)},\n    0,\n}};\n")
            header.write(f'#define HTML_{name.upper()}_HASH "sha256-{digest}"\n')


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
