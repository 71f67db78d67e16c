#!/usr/bin/env python3
"""Opens the HTML report in a browser: Chromium without a window, spoken to through its debugging pipe.

    browser.py BINARY [--large ENDPOINTS] [--pictures FOLDER]

From file:// with scripts on and off: no error on its console, no request but for the file itself, the hashes of the
policy hold; without scripts everything is unfolded and there; with them the table can be filtered; Tab reaches every
control.  200 endpoints are less than 600 kB.  --large: so many endpoints are less than 8 MB and open within 3 s.
Output: TAP; a SKIP where no Chromium is installed.
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import run as cases

sys.path.insert(0, str(cases.ROOT / 'tests/fleet'))
import fleet  # noqa: E402  (lies in a folder of its own)

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
PATIENCE_S = 60
SMALL_MOST, LARGE_MOST, OPEN_MOST_S = 600_000, 8_000_000, 3
FOCUSABLE = ('[...document.querySelectorAll("a[href],button,input,select,summary,[tabindex=\\"0\\"]")]'
             '.filter(e => e.checkVisibility())')


class Browser:
    """Messages are JSON, each ended by a zero octet."""

    def __init__(self, folder):
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()

        def pipes():
            os.dup2(to_read, 103)
            os.dup2(to_write, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
             '--remote-debugging-pipe', f'--user-data-dir={folder}/profile', 'about:blank'],
            preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.events = b'', 0, []

    def receive(self):
        while b'\0' not in self.rest:
            octets = os.read(self.read, 1 << 16)
            if not octets:
                raise EOFError('the browser ended')
            self.rest += octets
        message, self.rest = self.rest.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params, **({'sessionId': session} if session else {})}
        os.write(self.write, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.receive()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def wait(self, method):
        until = time.monotonic() + PATIENCE_S
        while not any(event.get('method') == method for event in self.events):
            if time.monotonic() > until:
                raise TimeoutError(method)
            self.events.append(self.receive())

    def close(self):
        self.process.terminate()
        self.process.wait()


class Tab:
    def __init__(self, browser, scripts=True, width=1280, dark=False):
        self.browser = browser
        self.target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=self.target, flatten=True)['sessionId']
        for domain in 'Page', 'Runtime', 'Network', 'Log':
            self.call(f'{domain}.enable')
        self.call('Emulation.setScriptExecutionDisabled', value=not scripts)
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def open(self, path):
        self.browser.events.clear()
        begun = time.monotonic()
        self.call('Page.navigate', url=path.resolve().as_uri())
        self.browser.wait('Page.loadEventFired')
        return time.monotonic() - begun

    def value(self, expression):
        return self.call('Runtime.evaluate', expression=expression, returnByValue=True)['result'].get('value')

    def press(self, key):
        for kind in 'rawKeyDown', 'keyUp':
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=9)

    def picture(self, path, whole=False):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        path.write_bytes(base64.b64decode(data))

    def close(self):
        self.browser.call('Target.closeTarget', targetId=self.target)


def quiet_complaints(tab, path):
    """What the page said to the console, and what it asked for."""
    for event in tab.browser.events:
        params = event.get('params', {})
        if event.get('method') == 'Log.entryAdded':
            yield f'{params["entry"]["level"]}: {params["entry"]["text"][:200]}'
        if event.get('method') in ('Runtime.exceptionThrown', 'Runtime.consoleAPICalled'):
            yield f'{event["method"]}: {json.dumps(params)[:200]}'
        if event.get('method') == 'Network.requestWillBeSent' and params['request']['url'] != path.resolve().as_uri():
            yield f'asked for {params["request"]["url"][:100]}'


def keyboard_complaints(tab):
    wanted = tab.value(f'(window.reached = new Set(), {FOCUSABLE}.length)')
    for _ in range(wanted + 5):
        tab.press('Tab')
        tab.value('window.reached.add(document.activeElement)')
    missed = tab.value(f'{FOCUSABLE}.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 80)).join("; ")')
    if missed:
        yield f'Tab does not reach {missed}'


def filter_complaints(tab):
    rows = '[...document.querySelectorAll("#endpoints-table tbody tr")].filter(r => r.checkVisibility()).length'
    before = tab.value(rows)
    tab.value('(f => { f.value = "no such endpoint"; f.dispatchEvent(new Event("input", {bubbles: true})); })'
              '(document.getElementById("find-text"))')
    after = tab.value(rows)
    if not before or after:
        yield f'a filter that nothing meets shows {after} of {before} rows'


def with_scripts(browser, path, few):
    tab = Tab(browser)
    tab.open(path)
    yield from quiet_complaints(tab, path)
    if not tab.value('document.querySelector(".theme").checkVisibility()'):
        yield 'the script did not run'
    if few:
        yield from keyboard_complaints(tab)
    yield from filter_complaints(tab)
    tab.close()


def without_scripts(browser, path):
    tab = Tab(browser, scripts=False)
    tab.open(path)
    yield from quiet_complaints(tab, path)
    if tab.value('document.querySelectorAll("details:not([open])").length'):
        yield 'something is folded'
    if tab.value('[...document.querySelectorAll(".only-script")].some(e => e.checkVisibility())'):
        yield 'a control that does nothing is shown'
    if not tab.value('document.querySelector("#endpoints-table tbody tr").checkVisibility()'):
        yield 'the table is hidden'
    tab.close()


def narrow_complaints(browser, path):
    tab = Tab(browser, width=390)
    tab.open(path)
    if tab.value('document.documentElement.scrollWidth') > 390:
        yield 'on a telephone the page is wider than the screen'
    tab.close()


def make(binary, capture, path):
    subprocess.run([binary, '-q', '--utc', capture.name, '--html', str(path), '--force'], cwd=capture.parent, capture_output=True,
                   timeout=300, check=False)


def make_fleet(binary, n, visits, folder):
    fleet.fleet_write(fleet.fleet_make(n, visits, 1), folder / 'fleet.pcap')
    make(binary, folder / 'fleet.pcap', folder / f'{n}.html')
    (folder / 'fleet.pcap').unlink()
    return folder / f'{n}.html'


def pictures(browser, pages, folder):
    for name, page, width, dark in (('healthy', 'ok_openssl_tls13', 1280, False), ('failure', 'syn_silent_drop', 1280, False),
                                    ('failure-dark', 'syn_silent_drop', 1280, True), ('200', '200', 1280, False),
                                    ('200-dark', '200', 1280, True), ('narrow-dark', 'syn_silent_drop', 390, True)):
        tab = Tab(browser, width=width, dark=dark)
        tab.open(pages[page])
        tab.picture(folder / f'report-{name}.png')
        tab.close()


def checks(browser, options, folder):
    pages = {}
    for case in cases.cases_read(['ok_openssl_tls13', 'syn_silent_drop', 'cert_expired_openssl_tls12']):
        pages[case.name] = folder / f'{case.name}.html'
        make(options.binary, case.capture, pages[case.name])
    pages['200'] = make_fleet(options.binary, 200, 4, folder)
    for name, page in pages.items():
        yield f'{name}, scripts on', list(with_scripts(browser, page, name != '200'))
        yield f'{name}, scripts off', list(without_scripts(browser, page))
        yield f'{name}, on a telephone', list(narrow_complaints(browser, page))
    size = pages['200'].stat().st_size
    yield f'200 endpoints are {size} octets', ['too much'] if size >= SMALL_MOST else []
    if options.large:
        page = make_fleet(options.binary, options.large, 4, folder)
        tab = Tab(browser)
        took, size = tab.open(page), page.stat().st_size
        yield f'{options.large} endpoints are {size} octets', ['too much'] if size >= LARGE_MOST else []
        yield f'{options.large} endpoints open within {OPEN_MOST_S} s', [f'{took:.1f} s'] if took >= OPEN_MOST_S else []
    if options.pictures:
        pictures(browser, pages, options.pictures)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary', type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument('--large', type=int, default=0)
    parser.add_argument('--pictures', type=pathlib.Path)
    options = parser.parse_args()
    if not CHROMIUM:
        print('ok 1 - the report in a browser # SKIP no Chromium is installed\n1..1')
        return 0
    number = failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        browser = Browser(name)
        try:
            for number, (what, found) in enumerate(checks(browser, options, pathlib.Path(name)), 1):
                failed += bool(found)
                print(f'{"not ok" if found else "ok"} {number} - in a browser: {what}', flush=True)
                for complaint in found[:6]:
                    print(f'  # {complaint}')
        finally:
            browser.close()
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
