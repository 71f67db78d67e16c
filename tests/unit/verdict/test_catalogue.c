#include "verdict/catalogue.h"

#include <criterion/criterion.h>
#include <string.h>

/* Records whose rule is not there yet: exactly these, so that no id is promised and none forgotten.
 */
static const char *const unraised[] = {
    "path.lost_between", "path.rewritten",           "path.forged_reset",
    "path.idle_cut",     "path.dropped_in_firewall",
};

static bool is_unraised(const char *id)
{
    for (size_t i = 0; i < sizeof unraised / sizeof *unraised; i++)
        if (strcmp(unraised[i], id) == 0)
            return true;
    return false;
}

Test(catalogue, every_record_is_complete)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct finding *f = finding_of((enum finding_id)i);

        cr_assert(f->id && f->id[0], "record %d has no id", i);
        cr_assert(f->title && strlen(f->title) <= 72, "%s", f->id);
        cr_assert_neq(f->best, NO_CONFIDENCE, "%s", f->id);
        cr_assert(f->prose.headline && f->prose.headline[0], "%s has no headline", f->id);
        cr_assert(f->prose.source && f->prose.source[0], "%s has no source", f->id);
        cr_assert_leq(f->prose.cause, f->best, "%s: its cause is surer than its fact", f->id);
    }
}

Test(catalogue, what_can_be_raised_says_what_it_means_and_what_to_do)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct finding *f = finding_of((enum finding_id)i);
        bool fails = f->severity == SEVERITY_ERROR || f->severity == SEVERITY_WARNING;

        if (!f->raised || !fails)
            continue;
        cr_assert_not_null(f->prose.next[0], "%s", f->id);
        cr_assert(f->prose.means || f->prose.cause == NO_CONFIDENCE, "%s", f->id);
        cr_assert_eq(f->prose.means == NULL, f->prose.cause == NO_CONFIDENCE, "%s", f->id);
    }
}

Test(catalogue, exactly_these_are_records_only)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct finding *f = finding_of((enum finding_id)i);
        cr_assert_neq(f->raised, is_unraised(f->id), "%s", f->id);
    }
}

static bool is_placeholder(const char *at, size_t n)
{
    static const char *const known[] = {
        "client",      "client_port", "server",    "port",        "name",
        "subnet",      "alert",       "icmp_from", "mtu",         "gap_s",
        "n",           "n_syn",       "line",      "resolver",    "version_offered",
        "version_max", "rcode",       "dial",      "ask",         "answered",
        "question",    "issuer",      "defects",   "not_after",   "record",
        "expected",    "or_down",     "said",      "target",      "asked",
        "configured",  "refusal",     "list",      "client_list", "server_list",
        "revocation",
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && memcmp(known[i], at, n) == 0)
            return true;
    return false;
}

static void check_text(const struct finding *f, const char *text)
{
    const char *at = text;

    while (text && (at = strchr(at, '{')) != NULL) {
        const char *end = strchr(at, '}');
        cr_assert_not_null(end, "%s: %s", f->id, text);
        cr_assert(is_placeholder(at + 1, (size_t)(end - at - 1)), "%s: %s", f->id, at);
        at = end;
    }
}

Test(catalogue, only_known_placeholders_are_used)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct finding *f = finding_of((enum finding_id)i);
        const struct prose *p = &f->prose;

        check_text(f, p->headline);
        check_text(f, p->seen);
        check_text(f, p->means);
        check_text(f, p->others);
        check_text(f, p->deciding);
        for (size_t n = 0; n < 3; n++)
            check_text(f, p->next[n]);
    }
}

Test(catalogue, ids_are_unique_and_found_again)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++)
        cr_assert_eq(finding_find(finding_of((enum finding_id)i)->id), (enum finding_id)i);
    cr_assert_eq(finding_find("tcp.syn"), F_NONE);
    cr_assert_eq(finding_find(""), F_NONE);
}

Test(catalogue, a_slip_finds_the_nearest_id_and_another_word_none)
{
    cr_assert_eq(finding_nearest("tcp.syn.silent_drp"), F_TCP_SYN_SILENT_DROP);
    cr_assert_eq(finding_nearest("tls.cert.expire_soon"), F_TLS_CERT_EXPIRES_SOON);
    cr_assert_eq(finding_nearest("banana"), F_NONE);
}

Test(catalogue, no_id_has_an_empty_record)
{
    cr_assert_str_empty(finding_of(F_NONE)->id);
    cr_assert_str_empty(finding_of(FINDINGS)->id);
}

Test(catalogue, words_are_those_of_the_outputs)
{
    cr_assert_str_eq(confidence_name(CERTAIN), "certain");
    cr_assert_str_eq(severity_name(SEVERITY_QUALITY), "quality");
    cr_assert_str_eq(owner_name(OWNER_MIDDLEBOX), "middlebox");
    cr_assert_str_eq(owner_name(OWNER_UNKNOWN), "unknown");
    cr_assert_str_eq(stage_name(STAGE_CAPTURE), "capture");
    cr_assert_str_eq(stage_name(STAGE_CHECKIN), "checkin");
}
