#!/usr/bin/env python3
"""The scripts that judge the tree are tried on small trees with known faults."""
import atexit
import contextlib
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ('', 'lint', 'captures', 'compare')]
import compare  # noqa: E402
import layers  # noqa: E402
import pcapfile  # noqa: E402
import run  # noqa: E402
import tally  # noqa: E402
import words  # noqa: E402


def tree(**files):
    """A folder with these files; __ in a name stands for a slash and _dot_ for a dot."""
    root = pathlib.Path(tempfile.mkdtemp(prefix='selftest.'))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    for name, text in files.items():
        path = root / name.replace('__', '/').replace('_dot_', '.')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def layer_complaints(**files):
    root = tree(**{'src__LAYERS': 'base:\n\nflow: base\nframe: base\n', **files})
    grants = layers.grants_read(root)
    return [*layers.sources_complain(root, grants), *layers.tests_complain(root, grants)]


class Layers(unittest.TestCase):
    def test_a_granted_layer_and_its_own_may_be_included(self):
        found = layer_complaints(src__flow__table_dot_c='#include "base/hash.h"\n#include "flow/flow.h"\n')
        self.assertEqual(found, [])

    def test_a_layer_that_is_not_granted_may_not(self):
        found = layer_complaints(src__base__hash_dot_c='#include "flow/flow.h"\n')
        self.assertEqual(len(found), 1)

    def test_a_header_of_the_top_may_not_be_included_without_a_slash(self):
        found = layer_complaints(src__engine_dot_h='', src__flow__table_dot_c='#include "engine.h"\n')
        self.assertEqual(len(found), 1)

    def test_a_folder_unknown_to_the_list_is_reported(self):
        found = layer_complaints(src__extra__thing_dot_c='')
        self.assertEqual(len(found), 1)

    def test_a_library_stays_at_home(self):
        self.assertEqual(layer_complaints(src__frame__device_dot_c='#include <pcap/pcap.h>\n'), [])
        self.assertEqual(len(layer_complaints(src__flow__table_dot_c='#include <pcap.h>\n')), 1)
        self.assertEqual(len(layer_complaints(src__main_dot_c='#  include <openssl/x509.h>\n')), 1)

    def test_a_unit_test_mirrors_a_layer(self):
        self.assertEqual(len(layer_complaints(tests__unit__nothing__test_x_dot_c='')), 1)


class Words(unittest.TestCase):
    def calls(self, text):
        return list(words.call_complaints(pathlib.Path('src/flow/table.c'), text))

    def test_a_banned_call_is_found(self):
        self.assertEqual(len(self.calls('int f(void)\n{\n    return ato' 'i(x);\n}\n')), 1)

    def test_comments_and_strings_are_no_calls(self):
        self.assertEqual(self.calls('/* strcpy(a, b) */\nconst char *a = "strcpy(a)";\n'), [])

    def test_the_heap_is_left_to_functions_that_open_and_close(self):
        body = '\n{\n    return malloc(1);\n}\n'
        self.assertEqual(self.calls('void *table_open(void)' + body), [])
        self.assertEqual(len(self.calls('void *table_find(void)' + body)), 1)

    def test_unfinished_work_is_found(self):
        self.assertEqual(len(list(words.word_complaints('x', 'a\n/* TO' 'DO */\n'))), 1)


class Tally(unittest.TestCase):
    def tap(self, text):
        with contextlib.redirect_stdout(io.StringIO()):
            return tally.tap(io.StringIO(text))

    def test_results_are_counted(self):
        self.assertEqual(self.tap('ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP why\n1..3\n'), (1, 1, 1))

    def test_a_runner_that_breaks_off_has_failed(self):
        self.assertEqual(self.tap('ok 1 - a\n'), (1, 1, 0))
        self.assertEqual(self.tap('1..2\nok 1 - a\n'), (1, 1, 0))
        self.assertEqual(self.tap(''), (0, 1, 0))


class Weakening(unittest.TestCase):
    def weakens(self, before, after, earlier=False):
        outcomes = [run.Outcome(*text.split(), []) for text in (before, after)]
        return run.weakening_complaint(*outcomes, earlier) is None

    def test_the_same_cause_may_lose_confidence_and_not_gain_it(self):
        before = 'tcp.syn.silent_drop unknown probable possible'
        self.assertTrue(self.weakens(before, 'tcp.syn.silent_drop unknown possible possible'))
        self.assertFalse(self.weakens(before, 'tcp.syn.silent_drop unknown certain possible'))

    def test_an_owner_may_become_unknown_and_nobody_else(self):
        before = 'tcp.syn.refused_by_host server certain probable'
        self.assertTrue(self.weakens(before, 'tcp.syn.refused unknown certain possible'))
        self.assertFalse(self.weakens(before, 'tcp.syn.refused_by_host network certain probable'))

    def test_another_cause_is_a_change(self):
        self.assertFalse(self.weakens('tcp.syn.refused unknown certain possible',
                                      'tcp.syn.silent_drop unknown certain possible'))

    def test_what_cannot_be_told_is_always_weaker(self):
        self.assertTrue(self.weakens('tcp.syn.refused unknown certain possible',
                                     'cannot_tell.one_sided capture certain -'))

    def test_a_failure_is_healthy_only_before_it_happened(self):
        before, after = 'tcp.reset.by_server server certain -', 'ok.tls.established none certain -'
        self.assertFalse(self.weakens(before, after))
        self.assertTrue(self.weakens(before, after, earlier=True))


class Captures(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        packets = [pcapfile.Packet(1_700_000_000_123_456_789, b'abc', 7)]
        path = tree(x='') / 'x'
        pcapfile.write(path, 1, packets)
        self.assertEqual(pcapfile.read(path), (1, packets))
        self.assertEqual(pcapfile.borders(path.read_bytes()), [24, 24 + 16 + 3])


class Compare(unittest.TestCase):
    def test_a_missing_value_is_a_disagreement(self):
        self.assertEqual(compare.kind_of('a', None), 'missing')
        self.assertEqual(compare.kind_of(None, 'a'), 'extra')
        self.assertIsNone(compare.kind_of(None, []))

    def test_names_compare_without_order_and_escaping(self):
        self.assertEqual(compare.name_parts('CN=a\\, b, O=c'), compare.name_parts('O=c,CN=a\\2C b'))

    def test_serials_compare_without_leading_zeros(self):
        self.assertEqual(compare.serial('00AB'), compare.serial('ab'))


if __name__ == '__main__':
    unittest.main()
