#include "base/text.h"
#include "config/value.h"
#include "options_inside.h"
#include "session/dissector.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A relative path would mean another file in every folder from which the program is started. */
static bool refuses_path(const struct option_row *option, const char *value,
                         struct failure *failure)
{
    if ((!strstr(option->argument, "FILE") && strcmp(option->argument, "DIR")) || value[0] == '/' ||
        strcmp(value, "system") == 0 || strcmp(value, "ems") == 0)
        return false;
    snprintf(failure->why, sizeof failure->why, "a path in a configuration begins with /");
    failure->remedy[0] = '\0';
    return true;
}

static bool apply_option(struct parsing *p, const struct setting_row *row, const char *value)
{
    enum option_name name = option_of(row->option);
    const char *no = row->value;

    if (refuses_path(&option_rows[name], value, p->failure))
        return false;
    if (!row->yes[0])
        return take_option(p, name, value);
    if (strcmp(value, row->yes) == 0)
        return take_option(p, name, NULL);
    if (strcmp(value, no) == 0)
        return true;
    snprintf(p->failure->why, sizeof p->failure->why, "neither %s nor %s", row->yes, no);
    return false;
}

static bool apply_row(struct parsing *p, const struct setting_row *row, const struct setting *s)
{
    struct ini_entry entry = setting_entry(s);

    if (!s->value[0])
        return true;
    if (row->option[0])
        return apply_option(p, row, s->value);
    if (outputs_have(&entry))
        return outputs_configure(&p->out->outputs, &entry, p->failure);
    if (strcmp(row->section, "evidence") == 0)
        return configure_evidence(&p->out->evidence, s, p->failure);
    if (strcmp(row->key, "schema"))
        return profile_configure(&p->out->profile, &entry, p->failure);
    snprintf(p->failure->why, sizeof p->failure->why, "this program reads schema 1");
    return strcmp(s->value, "1") == 0;
}

/* The reason stands; the place is that of the line. */
static bool refuse_setting(struct parsing *p, const struct setting *s)
{
    char why[sizeof p->failure->why];
    struct text t = text_of(why, sizeof why);

    if (strncmp(p->failure->why, s->key, strlen(s->key)))
        text_format(&t, "%s: ", s->key);
    text_add(&t, p->failure->why);
    snprintf(p->failure->why, sizeof p->failure->why, "%s", why);
    setting_origin(s, p->failure->what, sizeof p->failure->what);
    return false;
}

/* [port N], [ems NAME], [alert NAME] */
static bool apply_named(struct parsing *p, const struct setting *s)
{
    struct ini_entry entry = setting_entry(s);

    if (alert_is_section(entry.section))
        return alert_configure(&p->out->alerts, &entry, p->failure);
    if (strncmp(entry.section, "port ", 5) && strncmp(entry.section, "ems ", 4))
        return true;
    return profile_configure(&p->out->profile, &entry, p->failure);
}

/* A rule is whole only when all of its lines were read: the first of them is named. */
static bool check_alerts(struct parsing *p)
{
    const char *name;
    char section[49];
    const struct settings *all = &p->out->settings;

    if (alert_rules_fit(&p->out->alerts, &name, p->failure))
        return true;
    snprintf(section, sizeof section, "alert %s", name);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->one[i].section, section) == 0) {
            setting_origin(&all->one[i], p->failure->what, sizeof p->failure->what);
            break;
        }
    return false;
}

static bool apply_settings(struct parsing *p)
{
    size_t n;
    const struct setting_row *row = setting_rows(&n);
    const struct settings *all = &p->out->settings;

    p->configuring = true;
    for (size_t i = 0; i < n; i++) {
        const struct setting *s = settings_find(all, row[i].section, row[i].key);
        if (s && !apply_row(p, &row[i], s))
            return refuse_setting(p, s);
    }
    for (size_t i = 0; i < all->n; i++)
        if (!apply_named(p, &all->one[i]))
            return refuse_setting(p, &all->one[i]);
    p->configuring = false;
    return check_alerts(p);
}

/* Profile and configuration are data; which dissectors there are is known here only. */
static bool check_dissectors(struct parsing *p)
{
    struct options *o = p->out;
    struct failure *failure = p->failure;
    char section[16];
    uint16_t port;

    if (dissectors_known(&o->profile, &port))
        return true;
    snprintf(section, sizeof section, "port %u", port);
    const struct setting *s = settings_find(&o->settings, section, "dissector");
    *failure = (struct failure){ 0 };
    if (s)
        setting_origin(s, failure->what, sizeof failure->what);
    else
        text_printable(o->profile_name, strlen(o->profile_name), failure->what,
                       sizeof failure->what);
    value_refuse(failure, "there is no dissector \"%.31s\" for port %u",
                 profile_service(&o->profile, port)->dissector, port);
    struct text t = text_of(failure->remedy, sizeof failure->remedy);
    for (size_t i = 0; dissector_key(i); i++)
        text_format(&t, "%s%s", i ? ", " : "one of: ", dissector_key(i));
    return false;
}

static void note_path(struct options *o, const char *path)
{
    if (o->n_config_paths < N(o->config_path))
        o->config_path[o->n_config_paths++] = path;
}

static bool is_there(const struct parsing *p, const char *path)
{
    const struct ini_source *source = p->out->settings.source;
    FILE *in;

    if (!source)
        return path_exists(path);
    in = ini_open(path, source);
    bool there = in || errno != ENOENT;
    if (in)
        fclose(in);
    return there;
}

/* The files that need not be there, weakest first. */
static bool read_usual_configs(struct parsing *p)
{
    static char own[PATH_MAX];
    const char *usual[] = { "/etc/shakeout/shakeout.ini", own };
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

    own[0] = '\0';
    if (xdg && *xdg)
        snprintf(own, sizeof own, "%s/shakeout/shakeout.ini", xdg);
    else if (home && *home)
        snprintf(own, sizeof own, "%s/.config/shakeout/shakeout.ini", home);
    for (size_t i = 0; i < N(usual); i++)
        if (usual[i][0])
            note_path(p->out, usual[i]);
    for (size_t i = 0; i < N(usual); i++)
        if (usual[i][0] && is_there(p, usual[i]) &&
            !settings_read(&p->out->settings, usual[i], p->failure))
            return false;
    return true;
}

/* Built-in values, then the files, then the command line: each over the one before. */
bool read_settings(struct parsing *p)
{
    struct options *o = p->out;
    const struct setting *named;

    p->scouting = false;
    if (!p->no_config && !read_usual_configs(p))
        return false;
    for (size_t i = 0; i < p->n_configs; i++)
        note_path(o, p->config[i]);
    for (size_t i = 0; i < p->n_configs; i++)
        if (!settings_read(&o->settings, p->config[i], p->failure))
            return false;
    named = settings_find(&o->settings, "shakeout", "profile");
    if (!o->profile_name)
        o->profile_name = named && named->value[0] ? named->value : "ems";
    if (strcmp(o->profile_name, "ems"))
        note_path(o, o->profile_name);
    return profile_open(&o->profile, o->profile_name, o->settings.source, p->failure) &&
           apply_settings(p) && check_dissectors(p);
}
