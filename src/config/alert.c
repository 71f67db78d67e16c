#include "config/alert.h"

#include "base/text.h"
#include "config/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

static const char section_prefix[] = "alert ";
static const char *const destinations[] = { "none", "journal", "jsonl", "syslog" };
static const unsigned destination_bits[] = { 0, ALERT_JOURNAL, ALERT_JSONL, ALERT_SYSLOG };

/* `%` stands for a number, `*` for a time or, in place of both, `% checkins`. */
static const struct phrase {
    enum alert_when when;
    const char *form;
} phrases[] = {
    { ALERT_FAILING, "endpoint failing for % checkins" },
    { ALERT_FAILING, "endpoint failing for *" },
    { ALERT_MISSED, "endpoint missed % checkins" },
    { ALERT_GROUP, "group >= % endpoints same finding within *" },
    { ALERT_BLIND, "capture blind for *" },
};

static const struct alert_rule defaults[] = {
    { .name = "endpoint-down",
      .phrase = "endpoint failing for 2 checkins",
      .when = ALERT_FAILING,
      .count = 2,
      .send = ALERT_JSONL | ALERT_SYSLOG },
    { .name = "many-at-once",
      .phrase = "group >= 10 endpoints same finding within 5m",
      .when = ALERT_GROUP,
      .count = 10,
      .time_s = 300,
      .send = ALERT_JOURNAL | ALERT_JSONL | ALERT_SYSLOG,
      .replaces = "endpoint-down" },
    { .name = "silent-endpoint",
      .phrase = "endpoint missed 3 checkins",
      .when = ALERT_MISSED,
      .count = 3,
      .send = ALERT_JSONL },
    { .name = "blind",
      .phrase = "capture blind for 5m",
      .when = ALERT_BLIND,
      .time_s = 300,
      .send = ALERT_JOURNAL | ALERT_JSONL | ALERT_SYSLOG },
};

void alert_rules_default(struct alert_rules *rules)
{
    *rules = (struct alert_rules){ .n = N(defaults) };
    memcpy(rules->rule, defaults, sizeof defaults);
}

bool alert_is_section(const char *section)
{
    return strncmp(section, section_prefix, sizeof section_prefix - 1) == 0;
}

/* ---- phrases ---- */

/* The next word of a text, words being parted by blanks; its length. */
static size_t next_word(const char **text, const char **word)
{
    *text += strspn(*text, " ");
    *word = *text;
    size_t n = strcspn(*text, " ");
    *text += n;
    return n;
}

static bool read_count(const char *word, size_t n, uint32_t *out)
{
    uint32_t v = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)word[i]) || v > ALERT_COUNT_MOST)
            return false;
        v = v * 10 + (uint32_t)(word[i] - '0');
    }
    *out = v;
    return v > 0 && v <= ALERT_COUNT_MOST;
}

static bool read_time(const char *word, size_t n, uint32_t *out)
{
    char text[16];

    if (n >= sizeof text)
        return false;
    memcpy(text, word, n);
    text[n] = '\0';
    return value_duration(text, out);
}

/* One word of a phrase against that of its form. */
static bool word_fits(const char *form, size_t n_form, const char *word, size_t n,
                      struct alert_rule *out)
{
    if (n_form == 1 && *form == '%')
        return read_count(word, n, &out->count);
    if (n_form == 1 && *form == '*')
        return read_time(word, n, &out->time_s);
    return n == n_form && strncmp(form, word, n) == 0;
}

static bool phrase_fits(const struct phrase *phrase, const char *text, struct alert_rule *out)
{
    const char *form = phrase->form, *form_word, *word;

    *out = (struct alert_rule){ .when = phrase->when };
    for (;;) {
        size_t n_form = next_word(&form, &form_word), n = next_word(&text, &word);
        if (!n_form || !n)
            return n_form == n;
        if (!word_fits(form_word, n_form, word, n, out))
            return false;
    }
}

static bool set_when(struct alert_rule *rule, const struct ini_entry *e, struct failure *failure)
{
    struct alert_rule read;

    for (size_t i = 0; i < N(phrases); i++) {
        if (!phrase_fits(&phrases[i], e->value, &read))
            continue;
        if (!value_text(rule->phrase, sizeof rule->phrase, e, failure))
            return false;
        rule->when = read.when;
        rule->count = read.count;
        rule->time_s = read.time_s;
        return true;
    }
    text_copy(failure->remedy, sizeof failure->remedy,
              "one of: endpoint failing for N checkins; endpoint failing for TIME;\n"
              "endpoint missed N checkins; group >= N endpoints same finding within TIME;\n"
              "capture blind for TIME");
    return value_refuse(failure, "when does not know \"%.60s\"", e->value);
}

/* ---- sections ---- */

static bool set_send(struct alert_rule *rule, const struct ini_entry *e, struct failure *failure)
{
    const char *list = e->value, *item;
    unsigned send = 0, n_items = 0;
    bool none = false;

    if (!value_words(e, destinations, N(destinations), failure))
        return false;
    for (size_t n; (n = value_next(&list, &item)); n_items++) {
        int i = value_index(destinations, N(destinations), item, n);
        send |= destination_bits[i];
        none |= i == 0;
    }
    if (!n_items || (none && n_items > 1))
        return value_refuse(failure, "send is none, or a list of journal, jsonl and syslog");
    rule->send = send;
    return true;
}

static bool name_is_plain(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < ALERT_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static struct alert_rule *rule_of(struct alert_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rule[i].name, name) == 0)
            return &rules->rule[i];
    if (rules->n == ALERTS_MAX)
        return NULL;
    struct alert_rule *rule = &rules->rule[rules->n++];
    *rule = (struct alert_rule){ .send = ALERT_JOURNAL };
    text_copy(rule->name, sizeof rule->name, name);
    return rule;
}

const struct alert_rule *alert_find(const struct alert_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rule[i].name, name) == 0)
            return &rules->rule[i];
    return NULL;
}

bool alert_configure(struct alert_rules *rules, const struct ini_entry *e, struct failure *failure)
{
    static const char *const keys[] = { "when", "send", "replaces" };
    const char *name = e->section + sizeof section_prefix - 1;

    if (!name_is_plain(name))
        return value_refuse(failure, "the name of an alert has at most %d of a-z 0-9 - _",
                            ALERT_NAME - 1);
    struct alert_rule *rule = rule_of(rules, name);
    if (!rule)
        return value_refuse(failure, "more than %d alerts", ALERTS_MAX);
    if (strcmp(e->key, "when") == 0)
        return set_when(rule, e, failure);
    if (strcmp(e->key, "send") == 0)
        return set_send(rule, e, failure);
    if (strcmp(e->key, "replaces") == 0)
        return value_text(rule->replaces, sizeof rule->replaces, e, failure);
    return value_unknown_key(e, keys, N(keys), failure);
}

bool alert_rules_fit(const struct alert_rules *rules, const char **name, struct failure *failure)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct alert_rule *rule = &rules->rule[i];
        *name = rule->name;
        if (!rule->phrase[0])
            return value_refuse(failure, "[alert %s] does not say when", rule->name);
        if (!rule->replaces[0])
            continue;
        const struct alert_rule *other = alert_find(rules, rule->replaces);
        if (!other || other == rule)
            return value_refuse(failure, "[alert %s] replaces \"%s\", which is no other alert",
                                rule->name, rule->replaces);
        if (rule->when != ALERT_GROUP || other->when == ALERT_GROUP || other->when == ALERT_BLIND)
            return value_refuse(failure, "[alert %s]: only a group replaces, and only endpoints",
                                rule->name);
    }
    return true;
}

char *alert_send_text(unsigned send, char *out, size_t size)
{
    struct text t = text_of(out, size);

    for (size_t i = 1; i < N(destinations); i++)
        if (send & destination_bits[i])
            text_format(&t, "%s%s", t.n ? ", " : "", destinations[i]);
    if (!send)
        text_add(&t, destinations[0]);
    return out;
}
