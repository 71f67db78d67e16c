#include "reload.h"

#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 3000 };

struct reload {
    struct options *now;
    struct options next;
    struct porter *porter;
    struct live *live; /* whose answers may come meanwhile */
    size_t first;      /* of the porter's items; they are in the order of the paths */
    bool pending;      /* next is good, and waits for the end of this run */
    volatile sig_atomic_t asked;
};

struct reload *reload_open(struct options *options, struct porter *porter)
{
    static struct reload reload; /* one watch a process; half a MB */

    reload = (struct reload){ .now = options, .porter = porter, .first = porter->n };
    for (size_t i = 0; i < options->n_config_paths && porter->n < PORTER_ITEMS; i++)
        porter->item[porter->n++] = (struct porter_item){ .path = options->config_path[i] };
    return &reload;
}

void reload_ask(struct reload *r) { r->asked = 1; }

/* ---- reading ---- */

static FILE *open_by_porter(void *into, const char *path)
{
    const struct reload *r = into;
    size_t i = 0, answered;
    int fd, error = EIO;

    while (i < r->now->n_config_paths && strcmp(r->now->config_path[i], path) != 0)
        i++;
    errno = EPERM; /* the command line named others */
    if (i == r->now->n_config_paths || !porter_ask(r->porter, r->first + i))
        return NULL;
    while (porter_answer(r->porter, WAIT_MS, &answered, &fd, &error)) {
        if (answered == r->first + i) {
            errno = error;
            return fd < 0 ? NULL : fdopen(fd, "r");
        }
        live_take(r->live, answered, fd, error);
    }
    errno = ETIMEDOUT;
    return NULL;
}

/* What may be otherwise without a restart, beside [ems], [port] and [alert]. */
static bool may_change(const struct setting_row *row)
{
    static const char *const all[][2] = {
        { "checkin", "interval" },    { "checkin", "missed" },
        { "tls", "expires_soon" },    { "output jsonl", "connections" },
        { "output jsonl", "rotate" }, { "output jsonl", "keep" },
        { "output syslog", "form" },  { "output syslog", "facility" },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(row->section, all[i][0]) && !strcmp(row->key, all[i][1]))
            return true;
    return false;
}

static const char *value_of(const struct settings *s, const struct setting_row *row)
{
    const struct setting *found = settings_find(s, row->section, row->key);
    return found ? found->value : row->value;
}

static bool needs_restart(const struct reload *r, struct failure *failure)
{
    size_t n;
    const struct setting_row *row = setting_rows(&n);

    for (size_t i = 0; i < n; i++) {
        if (may_change(&row[i]) ||
            !strcmp(value_of(&r->now->settings, &row[i]), value_of(&r->next.settings, &row[i])))
            continue;
        const struct setting *at = settings_find(&r->next.settings, row[i].section, row[i].key);
        if (!at)
            at = settings_find(&r->now->settings, row[i].section, row[i].key);
        *failure = (struct failure){ 0 };
        setting_origin(at, failure->what, sizeof failure->what);
        snprintf(failure->why, sizeof failure->why, "[%s] %s changes with a restart only",
                 row[i].section, row[i].key);
        return true;
    }
    return false;
}

static bool read_again(struct reload *r, struct failure *failure)
{
    const struct ini_source source = { .open = open_by_porter, .into = r };

    return options_parse_from(r->now->argc, r->now->argv, &source, &r->next, failure) &&
           !needs_restart(r, failure);
}

static void say_kept(const struct failure *failure)
{
    fprintf(stderr, "shakeout: %s: %s; the configuration stays as it was\n", failure->what,
            failure->why);
}

/* ---- in force ---- */

static void take_over(struct reload *r)
{
    r->now->settings = r->next.settings;
    r->now->alerts = r->next.alerts;
    r->now->outputs = r->next.outputs;
}

bool reload_tick(struct reload *r, struct live *live)
{
    struct failure failure = { 0 };

    if (!r || !r->asked)
        return r && r->pending;
    r->asked = 0;
    r->live = live;
    r->pending = false;
    live_reopen(live);
    if (!read_again(r, &failure)) {
        say_kept(&failure);
        return false;
    }
    r->pending = memcmp(&r->now->profile, &r->next.profile, sizeof r->now->profile) != 0;
    take_over(r);
    live_configure(live, &r->now->alerts, &r->now->outputs,
                   r->next.profile.interval_s * INT64_C(1000000000));
    fprintf(stderr, "shakeout: the configuration was read again%s\n",
            r->pending ? "; another run begins" : "");
    return r->pending;
}

bool reload_apply(struct reload *r)
{
    if (!r || !r->pending)
        return false;
    r->pending = false;
    r->now->profile = r->next.profile;
    return true;
}
