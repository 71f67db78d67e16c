#include "doctor/list.h"

#include "base/text.h"
#include "sandbox/sandbox.h"

#include <inttypes.h>
#include <string.h>

static struct doctor_row *add(struct doctor_list *list, enum doctor_sign sign, const char *label)
{
    struct doctor_row *row = &list->row[list->n++];

    *row = (struct doctor_row){ .sign = sign, .label = label };
    list->problems += sign == DOCTOR_PROBLEM;
    list->warnings += sign == DOCTOR_WARNING;
    return row;
}

#define SAY(row, ...)  ((void)snprintf((row)->text, sizeof(row)->text, __VA_ARGS__))
#define HELP(row, ...) ((void)snprintf((row)->remedy, sizeof(row)->remedy, __VA_ARGS__))

/* ---- the machine ---- */

static void judge_permission(const struct doctor_facts *f, struct doctor_list *list)
{
    struct doctor_row *row = add(list, f->may_capture ? DOCTOR_FINE : DOCTOR_PROBLEM, "permission");

    if (f->may_capture) {
        SAY(row, "may capture%s%s", f->interface ? " on " : "", f->interface ? f->interface : "");
        return;
    }
    SAY(row, "%s", f->why_not.why);
    text_copy(row->remedy, sizeof row->remedy, f->why_not.remedy);
}

static void judge_link(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct machine *m = &f->machine;
    bool works = m->up && m->carrier;
    struct doctor_row *row = add(list, works ? DOCTOR_FINE : DOCTOR_PROBLEM, "link");

    if (!m->up) {
        SAY(row, "down");
        HELP(row, "ip link set %s up", f->interface);
    } else if (!m->carrier) {
        SAY(row, "up, but nothing is connected");
        HELP(row, "look at the cable, and at the mirror session of the switch");
    } else if (m->speed_known && m->speed_mbit >= 1000) {
        SAY(row, "up, %g Gbit/s", (double)m->speed_mbit / 1000);
    } else if (m->speed_known) {
        SAY(row, "up, %" PRIu64 " Mbit/s", m->speed_mbit);
    } else {
        SAY(row, "up");
    }
}

static void judge_merging(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct machine *m = &f->machine;

    if (!m->merges_known && !f->seen.large)
        return;
    bool merges = m->merges || f->seen.large;
    struct doctor_row *row = add(list, merges ? DOCTOR_WARNING : DOCTOR_FINE, "offload");
    if (!merges) {
        SAY(row, "off: packets are as on the wire");
        return;
    }
    if (f->seen.large)
        SAY(row, "%" PRIu64 " packets were larger than the wire carries: they were joined",
            f->seen.large);
    else
        SAY(row, "GRO or LRO is on: packets look bigger than on the wire");
    HELP(row, "ethtool -K %s gro off lro off%s", f->interface,
         f->seen.large ? " gso off tso off" : "");
}

static void judge_clock(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct machine *m = &f->machine;
    struct doctor_row *row;

    if (!m->clock_known)
        return;
    row = add(list, m->clock_synchronised ? DOCTOR_FINE : DOCTOR_WARNING, "clock");
    struct text t = text_of(row->text, sizeof row->text);
    if (m->clock_synchronised)
        text_format(&t, "synchronised, wrong by at most %.1f ms", (double)m->clock_error_us / 1000);
    else
        text_add(&t, "not synchronised, as far as the kernel knows");
    if (m->zone[0])
        text_format(&t, ", zone %s", m->zone);
    if (!m->clock_synchronised)
        HELP(row, "let chrony or systemd-timesyncd set it: times are compared with other machines");
}

static void judge_sandbox(const struct doctor_facts *f, struct doctor_list *list)
{
    struct doctor_row *row =
        add(list, f->sandbox == SANDBOX_WHOLE ? DOCTOR_FINE : DOCTOR_WARNING, "confinement");

    if (f->sandbox == SANDBOX_WHOLE)
        SAY(row, "capabilities, files (Landlock) and system calls (seccomp) are given up");
    else
        SAY(row, "this kernel lacks%s%s%s: a hostile packet is kept out by less",
            f->sandbox & SANDBOX_FILES ? "" : " Landlock",
            f->sandbox & (SANDBOX_FILES | SANDBOX_CALLS) ? "" : " and",
            f->sandbox & SANDBOX_CALLS ? "" : " seccomp");
}

/* ---- the traffic ---- */

static void judge_traffic(const struct doctor_facts *f, struct doctor_list *list)
{
    struct doctor_row *row;

    if (f->seen.packets == 0) {
        row = add(list, DOCTOR_PROBLEM, "traffic");
        SAY(row, "no packet in %u s", f->seconds);
        HELP(row, "look at the filter (-f), and at the mirror session of the switch");
        return;
    }
    row = add(list, f->lost ? DOCTOR_WARNING : DOCTOR_FINE, "traffic");
    SAY(row, "%" PRIu64 " packets in %u s, %" PRIu64 " lost", f->seen.packets, f->seconds, f->lost);
    if (f->lost)
        HELP(row, "watch less: a filter (-f) for the servers and ports concerned");
}

static void judge_directions(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct seen_server *server = seen_best(&f->seen);
    char address[ADDRESS_TEXT];

    if (!server) {
        SAY(add(list, DOCTOR_UNSEEN, "directions"), "no TCP on a port of the profile in %u s",
            f->seconds);
        return;
    }
    address_text(&server->address, address);
    bool only_from = server->from && !server->to;
    bool only_to = server->to && !server->from;
    bool certain = only_from || server->acknowledged;
    struct doctor_row *row = add(list,
                                 !only_from && !only_to ? DOCTOR_FINE
                                 : certain              ? DOCTOR_PROBLEM
                                                        : DOCTOR_WARNING,
                                 "directions");
    if (!only_from && !only_to) {
        SAY(row, "both, of %s", address);
        return;
    }
    SAY(row, "only traffic %s %s in %u s; nothing %s it%s", only_to ? "TO" : "FROM", address,
        f->seconds, only_to ? "FROM" : "TO",
        certain ? "" : " (a server that is silent looks like this, too)");
    HELP(row, "mirror both rx and tx of the EMS port");
}

static void judge_lengths(const struct doctor_facts *f, struct doctor_list *list)
{
    if (!f->seen.packets)
        return;
    struct doctor_row *row = add(list, f->seen.cut ? DOCTOR_PROBLEM : DOCTOR_FINE, "full packets");
    if (!f->seen.cut) {
        SAY(row, "no cut packets");
        return;
    }
    SAY(row, "%" PRIu64 " of %" PRIu64 " packets are cut", f->seen.cut, f->seen.packets);
    HELP(row, "leave -s out, and look for a slice length at the mirror session");
}

static void judge_ems(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct seen_server *server = seen_best(&f->seen);
    char address[ADDRESS_TEXT];
    size_t answered = 0;

    if (!server || !server->ems) {
        struct doctor_row *row = add(list, DOCTOR_UNSEEN, "EMS visible");
        SAY(row, "no EMS recognised in %u s", f->seconds);
        HELP(row, "wait for a check-in, or say which it is: --ems ADDRESS");
        return;
    }
    for (uint8_t i = 0; i < server->n_ports; i++)
        answered += server->answered[i];
    struct doctor_row *row = add(list, answered ? DOCTOR_FINE : DOCTOR_WARNING, "EMS visible");
    struct text t = text_of(row->text, sizeof row->text);
    text_format(&t, "%s %s", address_text(&server->address, address),
                answered ? "answers on" : "was asked, no answer seen, on");
    for (uint8_t i = 0, n = 0; i < server->n_ports; i++)
        if (server->answered[i] || !answered)
            text_format(&t, "%s %u", n++ ? "," : "", server->port[i]);
}

static void judge_dns(const struct doctor_facts *f, struct doctor_list *list)
{
    const struct seen *s = &f->seen;
    bool both = s->dns_asked && s->dns_answered;
    struct doctor_row *row = add(list,
                                 both                              ? DOCTOR_FINE
                                 : s->dns_asked || s->dns_answered ? DOCTOR_WARNING
                                                                   : DOCTOR_UNSEEN,
                                 "DNS visible");

    if (both)
        SAY(row, "questions and answers");
    else if (s->dns_asked || s->dns_answered)
        SAY(row, "only %s in %u s", s->dns_asked ? "questions" : "answers", f->seconds);
    else
        SAY(row, "no DNS seen: name problems cannot be diagnosed here");
}

void doctor_judge(const struct doctor_facts *f, struct doctor_list *out)
{
    *out = (struct doctor_list){ 0 };
    judge_permission(f, out);
    if (f->interface)
        judge_link(f, out);
    if (f->interface && f->may_capture) {
        judge_traffic(f, out);
        judge_directions(f, out);
        judge_lengths(f, out);
    }
    if (f->interface)
        judge_merging(f, out);
    judge_clock(f, out);
    judge_sandbox(f, out);
    if (!f->interface || !f->may_capture)
        return;
    judge_ems(f, out);
    judge_dns(f, out);
}

void doctor_print(const struct doctor_list *list, bool ascii, FILE *out)
{
    static const char *const signs[][2] = { [DOCTOR_FINE] = { "✓", "OK  " },
                                            [DOCTOR_PROBLEM] = { "✗", "FAIL" },
                                            [DOCTOR_WARNING] = { "!", "WARN" },
                                            [DOCTOR_UNSEEN] = { "-", "-   " } };
    for (size_t i = 0; i < list->n; i++) {
        const struct doctor_row *row = &list->row[i];
        fprintf(out, "%s %-14s %s\n", signs[row->sign][ascii], row->label, row->text);
        for (const char *line = row->remedy; *line;) {
            int n = (int)strcspn(line, "\n");
            fprintf(out, "%*s%.*s\n", ascii ? 20 : 17, "", n, line);
            line += n + (line[n] == '\n');
        }
    }
    if (!list->problems && !list->warnings)
        fputs("all is well\n", out);
    else
        fprintf(out, "%zu problem%s, %zu warning%s\n", list->problems,
                list->problems == 1 ? "" : "s", list->warnings, list->warnings == 1 ? "" : "s");
}
