#include "config/output.h"

#include "config/target.h"
#include "config/value.h"

#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

struct outputs outputs_default(void)
{
    return (struct outputs){
        .syslog = { .facility = 3 /* daemon */ },
        .jsonl = { .connections = OUTPUT_FAILING, .rotate_bytes = 100000000, .keep = 10 },
    };
}

/* "100MB", "1d", or both: whichever comes first. */
static bool set_rotate(struct output_jsonl *out, const struct ini_entry *e, struct failure *failure)
{
    const char *list = e->value, *item;
    struct output_jsonl read = *out;

    read.rotate_bytes = read.rotate_s = 0;
    for (size_t n; (n = value_next(&list, &item));) {
        char one[24];
        bool never = n == 5 && strncmp(item, "never", n) == 0;
        snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), item);
        if (never || (!read.rotate_bytes && value_size(one, &read.rotate_bytes)) ||
            (!read.rotate_s && value_duration(one, &read.rotate_s)))
            continue;
        return value_refuse(failure,
                            "rotate is a size such as 100MB, a time such as 1d, both, or "
                            "never; not \"%.40s\"",
                            e->value);
    }
    *out = read;
    return true;
}

static bool set_keep(struct output_jsonl *out, const struct ini_entry *e, struct failure *failure)
{
    size_t n = strspn(e->value, "0123456789");
    uint32_t v = 0;

    for (size_t i = 0; i < n && n < 3; i++)
        v = v * 10 + (uint32_t)(e->value[i] - '0');
    if (!n || n > 2 || e->value[n] || !v)
        return value_refuse(failure, "keep is a number of files from 1 to %d", OUTPUT_KEEP_MOST);
    out->keep = v;
    return true;
}

static bool set_jsonl(struct output_jsonl *out, const struct ini_entry *e, struct failure *failure)
{
    static const char *const words[] = { "none", "failing", "all" };
    int word;

    if (strcmp(e->key, "rotate") == 0)
        return set_rotate(out, e, failure);
    if (strcmp(e->key, "keep") == 0)
        return set_keep(out, e, failure);
    if (!value_word(&word, e, words, N(words), failure))
        return false;
    out->connections = (enum output_connections)word;
    return true;
}

static bool set_facility(struct output_syslog *out, const struct ini_entry *e,
                         struct failure *failure)
{
    static const char *const words[] = { "user",   "daemon", "auth",   "local0", "local1", "local2",
                                         "local3", "local4", "local5", "local6", "local7" };
    static const unsigned numbers[] = { 1, 3, 4, 16, 17, 18, 19, 20, 21, 22, 23 };
    int word;

    if (!value_word(&word, e, words, N(words), failure))
        return false;
    out->facility = numbers[word];
    return true;
}

static bool set_syslog(struct output_syslog *out, const struct ini_entry *e,
                       struct failure *failure)
{
    static const char *const forms[] = { "rfc5424", "cef" };
    struct target target;
    int word;

    if (strcmp(e->key, "facility") == 0)
        return set_facility(out, e, failure);
    if (strcmp(e->key, "form") == 0) {
        bool ok = value_word(&word, e, forms, N(forms), failure);
        out->form = ok ? (enum output_form)word : out->form;
        return ok;
    }
    if (!target_read(e->value, &target))
        return value_refuse(failure,
                            "address is unix:PATH, unix-stream:PATH, udp:ADDRESS:PORT or "
                            "tcp:ADDRESS:PORT, not \"%.60s\"",
                            e->value);
    return value_text(out->address, sizeof out->address, e, failure);
}

static bool set_metrics(struct output_metrics *out, const struct ini_entry *e,
                        struct failure *failure)
{
    struct target target;

    if (!target_read_local(e->value, &target))
        return value_refuse(
            failure, "listen is 127.0.0.1:PORT, [::1]:PORT or unix:PATH, not \"%.60s\"", e->value);
    return value_text(out->listen, sizeof out->listen, e, failure);
}

bool outputs_have(const struct ini_entry *e)
{
    static const char *const sections[] = { "output jsonl", "output syslog", "output metrics" };
    return value_index(sections, N(sections), e->section, strlen(e->section)) >= 0;
}

bool outputs_configure(struct outputs *out, const struct ini_entry *e, struct failure *failure)
{
    if (strcmp(e->section, "output syslog") == 0)
        return set_syslog(&out->syslog, e, failure);
    if (strcmp(e->section, "output metrics") == 0)
        return set_metrics(&out->metrics, e, failure);
    return set_jsonl(&out->jsonl, e, failure);
}
