#include "config/alert.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct failure failure;

static bool set(struct alert_rules *rules, const char *section, const char *key, const char *value)
{
    struct ini_entry entry = { .section = section, .key = key, .value = value, .line = 1 };

    failure = (struct failure){ 0 };
    return alert_configure(rules, &entry, &failure);
}

static bool fits(const struct alert_rules *rules)
{
    const char *name;

    failure = (struct failure){ 0 };
    return alert_rules_fit(rules, &name, &failure);
}

Test(alert, the_built_in_rules_are_what_their_phrases_say)
{
    struct alert_rules built_in, read;

    alert_rules_default(&built_in);
    alert_rules_default(&read);
    cr_expect(fits(&built_in));
    for (size_t i = 0; i < built_in.n; i++) {
        char section[48], send[64];
        const struct alert_rule *rule = &built_in.rule[i];
        snprintf(section, sizeof section, "alert %s", rule->name);
        read.rule[i].count = read.rule[i].time_s = 77;
        read.rule[i].send = 0;
        cr_expect(set(&read, section, "when", rule->phrase), "%s", failure.why);
        cr_expect(set(&read, section, "send", alert_send_text(rule->send, send, sizeof send)));
        cr_expect_eq(read.rule[i].when, rule->when);
        cr_expect_eq(read.rule[i].count, rule->count);
        cr_expect_eq(read.rule[i].time_s, rule->time_s);
        cr_expect_eq(read.rule[i].send, rule->send);
    }
    cr_expect_eq(read.n, built_in.n);
}

Test(alert, phrases_are_a_closed_list)
{
    struct alert_rules rules;
    static const char *const good[] = { "endpoint failing for 1 checkins",
                                        "endpoint failing for 30s",
                                        "endpoint  missed 100000 checkins", "capture blind for 1d",
                                        "group >= 2 endpoints same finding within 1h" };
    static const char *const bad[] = { "",
                                       "endpoint",
                                       "endpoint failing for 0 checkins",
                                       "endpoint failing for 100001 checkins",
                                       "endpoint failing for 99999999999999 checkins",
                                       "endpoint failing for 2 checkins or so",
                                       "endpoint failing for 2",
                                       "endpoint missed 30s",
                                       "group > 10 endpoints same finding within 5m",
                                       "group >= 10 endpoints same finding within 5",
                                       "capture blind",
                                       "capture blind for % checkins" };

    alert_rules_default(&rules);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(set(&rules, "alert endpoint-down", "when", good[i]), "%s: %s", good[i],
                  failure.why);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(set(&rules, "alert endpoint-down", "when", bad[i]), "%s", bad[i]);
}

Test(alert, a_rule_of_ones_own_needs_a_phrase)
{
    struct alert_rules rules;

    alert_rules_default(&rules);
    cr_assert(set(&rules, "alert mine", "send", "journal, jsonl"));
    cr_expect_not(fits(&rules));
    cr_expect_str_eq(failure.why, "[alert mine] does not say when");
    cr_assert(set(&rules, "alert mine", "when", "endpoint failing for 1h"));
    cr_expect(fits(&rules));
    cr_expect_eq(alert_find(&rules, "mine")->send, ALERT_JOURNAL | ALERT_JSONL);
    cr_expect_eq(alert_find(&rules, "mine")->time_s, 3600);
    cr_expect_eq(alert_find(&rules, "mine")->count, 0);
}

Test(alert, replacing_is_for_groups_of_what_is_there)
{
    struct alert_rules rules;

    alert_rules_default(&rules);
    cr_assert(set(&rules, "alert many-at-once", "replaces", "endpoint-up"));
    cr_expect_not(fits(&rules));
    cr_assert(set(&rules, "alert many-at-once", "replaces", "many-at-once"));
    cr_expect_not(fits(&rules));
    cr_assert(set(&rules, "alert many-at-once", "replaces", "silent-endpoint"));
    cr_expect(fits(&rules));
    cr_assert(set(&rules, "alert many-at-once", "replaces", ""));
    cr_assert(set(&rules, "alert endpoint-down", "replaces", "silent-endpoint"));
    cr_expect_not(fits(&rules));
}

Test(alert, what_it_does_not_know_it_refuses)
{
    struct alert_rules rules;
    char section[] = "alert a0", name[ALERT_NAME + 8] = "alert ";

    alert_rules_default(&rules);
    cr_expect_not(set(&rules, "alert x", "whom", "jsonl"));
    cr_expect_not(set(&rules, "alert endpoint-down", "send", "jsonl, mail"));
    cr_expect_not(set(&rules, "alert endpoint-down", "send", "none, jsonl"));
    cr_expect_not(set(&rules, "alert endpoint-down", "send", ""));
    cr_expect_not(set(&rules, "alert A", "send", "jsonl"));
    cr_expect_not(set(&rules, "alert \x1b[31m", "send", "jsonl"));
    memset(name + 6, 'a', ALERT_NAME);
    cr_expect_not(set(&rules, name, "send", "jsonl"));
    alert_rules_default(&rules);
    for (size_t i = rules.n; i < ALERTS_MAX; i++) {
        section[7] = (char)('a' + i);
        cr_expect(set(&rules, section, "send", "none"));
    }
    cr_expect_not(set(&rules, "alert one-more", "send", "none"));
}
