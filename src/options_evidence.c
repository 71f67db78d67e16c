/* options_evidence.c - what a watch keeps of failures: --evidence, --ring, [evidence]. */
#include "config/value.h"
#include "options_inside.h"

#include <string.h>

/* Octets for packets in memory. */
static const size_t ring_least = (size_t)1 << 20, ring_most = (size_t)2 << 30;

static const uint32_t after_most_s = 300;

bool take_evidence(struct parsing *p, enum option_name name, const char *value)
{
    struct evidence_options *e = &p->out->evidence;

    if (name == OPTION_RING)
        return (read_size(value, &e->ring_bytes) && e->ring_bytes >= ring_least &&
                e->ring_bytes <= ring_most) ||
               refuse_value(p, name, value, "a size from 1M to 2G");
    e->folder = value;
    return *value || refuse_value(p, name, value, "a folder");
}

bool configure_evidence(struct evidence_options *e, const struct setting *s,
                        struct failure *failure)
{
    if (strcmp(s->key, "max") == 0)
        return read_size(s->value, &e->disk_bytes) ||
               value_refuse(failure, "not a size such as 2G");
    if (strcmp(s->key, "after") == 0)
        return (value_duration(s->value, &e->after_s) && e->after_s <= after_most_s) ||
               value_refuse(failure, "not a time from 1s to 5m");
    if (strcmp(s->key, "payload") == 0) {
        e->contents = strcmp(s->value, "keep") == 0;
        return e->contents || strcmp(s->value, "drop") == 0 ||
               value_refuse(failure, "neither drop nor keep");
    }
    e->no_good = strcmp(s->value, "0") == 0;
    return e->no_good || strcmp(s->value, "1") == 0 || value_refuse(failure, "neither 0 nor 1");
}
