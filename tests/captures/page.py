#!/usr/bin/env python3
"""Holds the HTML report to what a page from a stranger's capture must keep.

    page.py BINARY [CASE...]

For the page of each case: every element is closed, by html5lib's strict parser too where that is installed; one style
and one script, whose hashes are those of the Content-Security-Policy; no attribute runs or styles anything, nothing is
fetched, links stay on the page; identifiers are unique and what refers to one finds it; tables have captions and
scopes, pictures titles; no text of the page has a contrast below 4.5:1 in either theme.  Output: TAP.
"""
import base64
import collections
import hashlib
import html.parser
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import html5lib
except ImportError:
    html5lib = None

VOID = {'meta', 'input', 'br', 'rect', 'path', 'link', 'img', 'hr'}
CONTRAST = 4.5
# colour of text: the backgrounds it may stand on
PAIRS = [(text, ground) for text in ('fg', 'dim', 'link', 'bad', 'warn', 'good', 'unknown') for ground in ('bg', 'soft')]
PAIRS += [('bad', 'badbg')]


class Reader(html.parser.HTMLParser):
    """Collects what is looked at, and complaints about the form."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.complaints, self.text = [], [], collections.defaultdict(str)
        self.ids, self.wanted, self.counts = [], set(), collections.Counter()
        self.policy, self.need = '', []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        attrs = dict(attrs)
        self.counts[tag] += 1
        for name, value in attrs.items():
            if name.startswith('on') or name in ('style', 'src', 'action', 'srcset', 'formaction', 'xlink:href'):
                self.complaints.append(f'<{tag}> has {name}')
            if name == 'href' and not (value or '').startswith('#'):
                self.complaints.append(f'<{tag}> leads to {value!r}')
            if name == 'id':
                self.ids.append(value)
            if name in ('aria-labelledby', 'aria-describedby', 'for', 'data-copy'):
                self.wanted.add(value)
            if name == 'href':
                self.wanted.add(value[1:])
        if tag in ('th',) and 'scope' not in attrs:
            self.complaints.append('a <th> without scope')
        if tag == 'table':
            self.need.append('caption')
        if tag == 'svg':
            self.need.append('title')
        if self.need and tag == self.need[-1]:
            self.need.pop()
        if tag == 'meta' and attrs.get('http-equiv') == 'Content-Security-Policy':
            self.policy = attrs['content']

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f'</{tag}> closes nothing')

    def handle_data(self, data):
        self.text[self.open[-1] if self.open else ''] += data


def hash_of(text):
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy_complaints(reader):
    for tag in 'style', 'script':
        if reader.counts[tag] != 1:
            yield f'{reader.counts[tag]} elements <{tag}>'
        if f"{tag}-src '{hash_of(reader.text[tag])}'" not in reader.policy:
            yield f'the policy does not know the <{tag}>'
    for rule in "default-src 'none'", "base-uri 'none'", "form-action 'none'":
        if rule not in reader.policy:
            yield f'the policy lacks {rule}'


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else ''.join(c * 2 for c in colour[1:])
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
              for v in (int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4))]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def contrast_complaints(style):
    themes = [dict(re.findall(r'--(\w+):(#[0-9a-f]{3,6})', rule)) for rule in re.findall(r'\{([^{}]*--bg:[^{}]*)\}', style)]
    if len(themes) < 3:
        yield f'{len(themes)} themes'
    for number, theme in enumerate(themes):
        for text, ground in PAIRS:
            ratio = contrast(theme[text], theme[ground])
            if ratio < CONTRAST:
                yield f'theme {number}: {text} on {ground} has a contrast of {ratio:.2f}'


def complaints(data):
    """Everything that is wrong with one page (bytes)."""
    text = data.decode()
    reader = Reader()
    reader.feed(text)
    reader.close()
    yield from reader.complaints
    if reader.open:
        yield f'still open: {reader.open}'
    if reader.need:
        yield f'no {reader.need}'
    yield from policy_complaints(reader)
    yield from contrast_complaints(reader.text['style'])
    yield from (f'twice: id {name}' for name, n in collections.Counter(reader.ids).items() if n > 1)
    yield from (f'nothing has the id {name}' for name in sorted(reader.wanted - set(reader.ids)))
    if not text.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv='):
        yield 'the policy is not the first thing after the character set'
    if html5lib:
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(text)
        yield from (f'html5lib: {error[1]} at {error[0]}' for error in parser.errors[:3])


def main():
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import run as cases  # only here: others take the functions above alone

    binary, failed = str(pathlib.Path(sys.argv[1]).resolve()), 0
    chosen = cases.cases_read(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'report.html'
        for number, case in enumerate(chosen, 1):
            path.unlink(missing_ok=True)
            done = subprocess.run([binary, *case.args, '-q', '--html', str(path), str(case.capture)], capture_output=True,
                                  timeout=60, check=False)
            found = list(complaints(path.read_bytes())) if path.exists() else [done.stderr.decode(errors='replace')]
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {number} - page of {case.name}')
            for complaint in found[:6]:
                print(f'  # {complaint}')
    print(f'1..{len(chosen)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
