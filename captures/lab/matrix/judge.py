"""What shakeout said, held against what was caused: the client's own words and, with keys, the messages on the wire."""
import json
import subprocess

ESTABLISHED = ('ok.tls.established', 'ok.tls.established_closed_clean', 'ok.tls.long_lived', 'ok.closed_after_data_rst')
REJECTED = 'tls.cert.rejected_by_client.'
RANK = {'certain': 3, 'probable': 2, 'possible': 1, '': 0, None: 0}

# How an attempt looks to somebody who has the keys.
DATA, ALERT, LATE, BARE, QUIET, SERVER, OTHER = (
    'data both ways', 'alert in place of its Finished', "encrypted alert ahead of the server's Finished",
    'close before its Finished', 'close after its Finished', 'alert of the server', 'something else')


def lines_of(program, path, *options):
    done = subprocess.run([program, '--format', 'jsonl', '--no-ndpi', *options, path], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f'shakeout {path}: {done.stderr}')
    return [json.loads(line) for line in done.stdout.splitlines()]


def inferences(program, path, keylog):
    """What the key log says of the verdict without keys, by client port: right, undecided, wrong; '' when it opens nothing."""
    return {row['client']['port']: row['shakeout']['tls'].get('keyless', {}).get('inference', '')
            for row in lines_of(program, path, '--keylog', keylog) if row['event']['dataset'] == 'shakeout.tls'}


def shakeout(program, path, *options):
    """Verdicts by client port: id and confidence of the fact."""
    verdicts = {}
    for row in lines_of(program, path, *options):
        if row['event']['dataset'] == 'shakeout.connection':
            s = row['shakeout']
            verdicts[row['client']['port']] = (s['primary'], s.get('confidence', ''), s.get('severity', ''),
                                               s.get('findings', []))
    return verdicts


def looks(stream):
    """The class of a connection by the messages in it."""
    client, server = stream.fatal('client'), stream.fatal('server')
    if client and not client[0].late and not (server and stream.finished['client']):
        return ALERT
    if server and not client:
        return SERVER
    if stream.data['client'] and stream.data['server']:
        return DATA
    if client and not client[0].over:
        return LATE
    if stream.data['client'] or stream.data['server']:
        return OTHER
    if client or (stream.finished['client'] and stream.ended.endswith('client')):
        return QUIET  # an encrypted alert behind the last Finished is like a close_notify to anybody without keys
    if stream.flight and stream.ended.endswith('client'):
        return BARE
    return OTHER


def words(stream):
    """What the client said, for people; what only keys can show is in brackets."""
    said = []
    if stream.data['client'] and stream.data['server']:
        said.append('data')
    elif stream.finished['client']:
        said.append('Finished')
    for a in stream.fatal('client'):
        said.append(f'{a.number}' if a.readable else f'[{a.number}]')
    for a in stream.fatal('server'):
        said.append(f'server {a.number}' if a.readable else f'server [{a.number}]')
    if not stream.fatal('client') and not stream.fatal('server') and not stream.data['server']:
        said.append(stream.ended.replace(' of the client', '').replace(' of the server', ' by server') or 'open')
    return ' '.join(said)


def said(verdict):
    return f'{verdict[0]} {verdict[1]}' if verdict else 'none'


def fault(stream, refused, verdict):
    """Why a verdict is wrong; '' when it is right.  refused: the client's own log says that it does not accept."""
    if verdict is None:
        return 'no verdict'
    name, confidence, severity, _ = verdict
    kind = looks(stream)
    rejected = name.startswith(REJECTED)
    if not refused:
        if rejected:
            return 'a healthy session called rejected'
        if kind == DATA and severity == 'error':
            return 'a healthy session called a failure'
        if kind == DATA and name not in ESTABLISHED:
            return 'a healthy session not called established'
        return 'an unused session called a failure' if severity == 'error' and kind in (QUIET, BARE) else ''
    if name in ESTABLISHED:
        return 'a rejection called established'
    if kind == ALERT:
        readable = stream.fatal('client')[0].readable
        if not rejected or name.endswith(('silent_close', 'late_close')):
            return 'the refusal by message is not named'
        return 'certain without the bytes' if confidence == 'certain' and not readable else ''
    if confidence == 'certain' and rejected:
        return 'certain without the bytes'
    if kind == LATE:
        return '' if rejected else 'an early alert of the client not named'
    if kind == BARE:
        return '' if rejected or name == 'cannot_tell.encrypted_reason' else 'a close by the client not named'
    if kind == QUIET:
        return '' if rejected or name in ('ok.tls.no_data', 'cannot_tell.encrypted_reason') else 'a finished session'
    return ''


def fault_with_keys(stream, refused, verdict):
    """As fault; and a refusal in a message must be named by its own id.  It is certain, or probable where it is the
    certificate that names the defect and not the alert."""
    wrong = fault(stream, refused, verdict)
    if wrong == 'certain without the bytes' and stream.fatal('client'):
        wrong = ''  # the bytes were read
    if wrong or not refused or looks(stream) not in (ALERT, LATE):
        return wrong
    if not verdict[0].startswith(REJECTED) or verdict[0].endswith('.encrypted'):
        return 'the refusal by message is not named'
    return '' if RANK[verdict[1]] >= RANK['probable'] else 'less sure than the bytes'


def fault_repeated(stream, verdict):
    """The repetition shows it: who never exchanges data while others do may be rejecting, and no more is known."""
    wrong = fault(stream, True, verdict)
    if wrong or looks(stream) != QUIET:
        return wrong
    named = verdict[0].startswith(REJECTED)
    return '' if named and RANK[verdict[1]] <= RANK['possible'] else 'the repeated close is not named'


def fault_healthy(answered, verdicts):
    """Nobody refuses anybody here: what accuses somebody is wrong, and so is an answer that is not seen."""
    if any(v[0].startswith((REJECTED, 'tls.clientcert.rejected')) for v in verdicts):
        return 'a healthy session called rejected'
    if any(v[2] == 'error' for v in verdicts):
        return 'a healthy session called a failure'
    return 'an answer that is not called established' if answered and not any(v[0] in ESTABLISHED for v in verdicts) else ''


def fault_refusal(stream, verdict):
    """The server refuses the client: by an alert, or by silence."""
    if verdict is None:
        return 'no verdict'
    name, confidence = verdict[:2]
    alerts = stream.fatal('server')
    if name.startswith(REJECTED):
        return 'the wrong side accused'
    if not alerts:
        return ''
    if name in ESTABLISHED or name == 'ok.tls.no_data':
        return 'a refusal called healthy'
    if not alerts[0].readable:
        return 'certain without the bytes' if name.startswith('tls.clientcert.') and confidence == 'certain' else ''
    unnamed = alerts[0].number in (40, 47, 80) and name.startswith('tls.')
    return '' if name.startswith('tls.clientcert.') or unnamed else 'the refusal by message is not named'
