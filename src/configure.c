#include "configure.h"

#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const tls_words[] = { "direct", "upgrade", "none" };
static const char *const expect_words[] = { "sometimes", "always", "never" };
static const char *const role_words[] = { NULL, "primary", "backup" };

struct show {
    FILE *out;
    const struct options *options;
    const struct profile *profile;
    bool travels; /* to others: without the paths of this machine */
};

static void put_foreign(FILE *out, const char *value)
{
    char shown[1024];

    fputs(text_printable(value, strlen(value), shown, sizeof shown), out);
}

/* ---- what is in force ---- */

struct effective {
    const char *value;
    char origin[PATH_MAX + 16];
};

static void find_effective(const struct options *o, const struct setting_row *row,
                           struct effective *out)
{
    const struct setting *s = settings_find(&o->settings, row->section, row->key);
    enum option_name option = row->option[0] ? option_of(row->option) : OPTIONS;

    out->value = row->value;
    snprintf(out->origin, sizeof out->origin, "built-in");
    if (s && s->value[0]) {
        out->value = s->value;
        setting_origin(s, out->origin, sizeof out->origin);
    }
    if (option < OPTIONS && o->given[option]) {
        out->value = row->yes[0] ? row->yes : o->given[option];
        snprintf(out->origin, sizeof out->origin, "--%s", row->option);
    }
}

static void show_rows(const struct show *s)
{
    size_t n;
    const struct setting_row *row = setting_rows(&n);
    char site[1024];

    for (size_t i = 0; i < n; i++) {
        struct effective now;
        find_effective(s->options, &row[i], &now);
        if (s->travels && strcmp(row[i].section, "redaction") == 0 &&
            strcmp(row[i].key, "level") == 0)
            now.value = redaction_name(s->options->redaction);
        if (!i || strcmp(row[i].section, row[i - 1].section))
            fprintf(s->out, "%s[%s]\n", i ? "\n" : "", row[i].section);
        struct text t = text_of(site, sizeof site);
        if (!s->travels)
            fprintf(s->out, "# %s\n", now.origin);
        else if (now.value[0] == '/')
            now.value = "";
        if (s->travels && site_text(&s->profile->site, row[i].section, row[i].key, &t))
            now.value = site; /* with stand-ins, where there are any */
        fprintf(s->out, "%s =%s", row[i].key, now.value[0] ? " " : "");
        put_foreign(s->out, now.value);
        fputc('\n', s->out);
    }
}

/* The first item of a list brings the key along. */
static void show_item(FILE *out, const char *key, size_t *n, const char *item)
{
    fprintf(out, "%s%s%s", *n ? ", " : key, *n ? "" : " = ", item);
    ++*n;
}

/* The servers of a section; 0 = those of --ems. */
static void show_servers(const struct show *s, size_t section)
{
    const struct profile *p = s->profile;
    char text[ADDRESS_TEXT];
    size_t n = 0;

    for (size_t i = 0; i < p->n_ems_names; i++)
        if (p->name_section[i] == section)
            show_item(s->out, "name", &n, p->ems_name[i]);
    fputs(n ? "\n" : "", s->out);
    n = 0;
    for (size_t i = 0; i < p->n_ems_addresses; i++)
        if (p->address_section[i] == section)
            show_item(s->out, "addresses", &n, address_text(&p->ems_address[i], text));
    fputs(n ? "\n" : "", s->out);
}

static bool has_servers(const struct profile *p, size_t section)
{
    return memchr(p->name_section, (int)section, p->n_ems_names) ||
           memchr(p->address_section, (int)section, p->n_ems_addresses);
}

static void show_ems(const struct show *s)
{
    const struct profile *p = s->profile;

    for (size_t i = 0; i < p->n_sections; i++) {
        fprintf(s->out, "\n[ems ");
        if (s->travels) /* it may be called as the site is */
            fprintf(s->out, "server%zu", i + 1);
        else
            put_foreign(s->out, p->section[i].name);
        fputs("]\n", s->out);
        show_servers(s, i + 1);
        if (p->section[i].role != EMS_UNKNOWN)
            fprintf(s->out, "role = %s\n", role_words[p->section[i].role]);
    }
    if (!has_servers(p, 0))
        return;
    fprintf(s->out, "\n%s[ems given]\n", s->travels ? "" : "# --ems\n");
    show_servers(s, 0);
}

static void show_port_origin(const struct show *s, const struct service *service)
{
    const struct settings *all = &s->options->settings;
    char section[16], origin[PATH_MAX + 16];
    const struct setting *last = NULL;

    snprintf(section, sizeof section, "port %u", service->port);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->one[i].section, section) == 0)
            last = &all->one[i];
    fprintf(s->out, "# %sprofile ", s->options->given[OPTION_PORTS] ? "--ports, " : "");
    put_foreign(s->out, s->profile->name);
    if (last) {
        setting_origin(last, origin, sizeof origin);
        fprintf(s->out, ", changed at %s", origin);
    }
    fputc('\n', s->out);
}

static void show_port(const struct show *s, const struct service *service)
{
    FILE *out = s->out;

    fputc('\n', out);
    if (!s->travels)
        show_port_origin(s, service);
    fprintf(out, "[port %u]\n", service->port);
    if (service->label[0] && !s->travels) {
        fputs("label = ", out);
        put_foreign(out, service->label);
        fputc('\n', out);
    }
    if (service->dissector[0]) {
        fputs("dissector = ", out);
        put_foreign(out, service->dissector);
        fputc('\n', out);
    }
    fprintf(out, "tls = %s\nexpect = %s\ntransport = %s\n", tls_words[service->tls],
            expect_words[service->expect],
            service->tcp && service->udp ? "tcp, udp"
            : service->udp               ? "udp"
                                         : "tcp");
    if (service->by_ems)
        fputs("opened_by = ems\n", out);
    fprintf(out, "checkin = %s\ndocumented = %s\n", service->checkin ? "yes" : "no",
            service->documented ? "yes" : "no");
}

/* ---- alerts ---- */

static void show_alert_origin(const struct show *s, const struct alert_rule *rule)
{
    const struct settings *all = &s->options->settings;
    char section[49], origin[PATH_MAX + 16];
    bool any = false;

    snprintf(section, sizeof section, "alert %s", rule->name);
    fputs("# ", s->out);
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->one[i].section, section))
            continue;
        setting_origin(&all->one[i], origin, sizeof origin);
        fprintf(s->out, "%s%s", any ? ", " : "", origin);
        any = true;
    }
    fputs(any ? "\n" : "built-in\n", s->out);
}

static void put_alert(FILE *out, const struct alert_rule *rule)
{
    char send[64];

    fprintf(out, "[alert %s]\nwhen = %s\nsend = %s\n", rule->name, rule->phrase,
            alert_send_text(rule->send, send, sizeof send));
    if (rule->replaces[0])
        fprintf(out, "replaces = %s\n", rule->replaces);
}

static void show_alerts(const struct show *s)
{
    const struct alert_rules *rules = &s->options->alerts;

    for (size_t i = 0; i < rules->n; i++) {
        fputc('\n', s->out);
        show_alert_origin(s, &rules->rule[i]);
        put_alert(s->out, &rules->rule[i]);
    }
}

static void show(const struct show *s)
{
    show_rows(s);
    show_ems(s);
    for (size_t i = 0; i < s->profile->n_services; i++)
        show_port(s, &s->profile->service[i]);
    if (!s->travels)
        show_alerts(s);
}

void configure_print(FILE *out, const struct options *options, const struct profile *profile)
{
    const struct show s = { out, options, profile, true };

    show(&s);
}

/* ---- an example ---- */

static int template(void)
{
    size_t n;
    struct alert_rules rules;
    const struct setting_row *row = setting_rows(&n);

    puts("# shakeout.ini: everything is optional, and this is how it is without it.\n"
         "# Read in this order, the later over the earlier: /etc/shakeout/shakeout.ini,\n"
         "# $XDG_CONFIG_HOME/shakeout/shakeout.ini (else ~/.config), --config FILE, the command "
         "line.");
    for (size_t i = 0; i < n; i++) {
        if (!i || strcmp(row[i].section, row[i - 1].section))
            printf("\n[%s]\n", row[i].section);
        printf("# %s\n%s =%s%s\n", row[i].remark, row[i].key, row[i].value[0] ? " " : "",
               row[i].value);
    }
    puts(
        "\n# The servers of this site; the names behind \"ems\" are yours to choose.\n"
        "#[ems primary]\n"
        "#name = ems.corp.example\n"
        "#addresses = 10.0.0.10, 2001:db8:10::10\n"
        "#role = primary\n"
        "\n#[ems second]\n"
        "#name = ems2.corp.example\n"
        "#addresses = 10.0.0.11\n"
        "#role = backup\n"
        "\n# What differs from the profile here: always = silence is a finding, never = not used.\n"
        "#[port 8013]\n"
        "#expect = always\n"
        "\n# Of a watch: whom it tells what, and when it is over.  A rule that is sent to none is "
        "off.\n"
        "# when: endpoint failing for N checkins, or for TIME; endpoint missed N checkins;\n"
        "# group >= N endpoints same finding within TIME; capture blind for TIME");
    alert_rules_default(&rules);
    for (size_t i = 0; i < rules.n; i++) {
        put_alert(stdout, &rules.rule[i]);
        if (i + 1 < rules.n)
            putchar('\n');
    }
    return 0;
}

int configure(const struct options *o)
{
    switch (o->config_job) {
    case CONFIG_TEMPLATE:
        return template();
    case CONFIG_CHECK:
        for (size_t i = 0; i < o->settings.n_files; i++) {
            put_foreign(stdout, o->settings.file[i]);
            puts(": fine");
        }
        return 0;
    case CONFIG_NONE:
    case CONFIG_SHOW:
    case CONFIG_SUGGEST:
        break;
    }
    show(&(struct show){ stdout, o, &o->profile, false });
    return 0;
}
