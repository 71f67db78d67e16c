#include "report/rows.h"

#include "base/text.h"
#include "tls/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thing in one frame, before what belongs together is joined. */
struct item {
    uint64_t frame;
    int64_t time_ns;
    uint8_t from;
    uint8_t weight; /* 0: said only when nothing else is known of the frame */
    bool icmp;
    uint16_t order;
    char text[ROW_TEXT];
};

enum { ITEMS_MAX = 256, SEALED_SHOWN = 12, ENDS_LAST = 1000, JOINED_MOST = 30 };

struct items {
    const struct verdict *verdict;
    const struct flow *flow;
    size_t n, lost;
    struct item item[ITEMS_MAX];
};

static struct item *item_new(struct items *all, uint64_t frame, int64_t time_ns, uint8_t from)
{
    if (all->n == ITEMS_MAX || !frame) {
        all->lost += frame != 0;
        return NULL;
    }
    struct item *i = &all->item[all->n];
    *i = (struct item){
        .frame = frame, .time_ns = time_ns, .from = from, .weight = 1, .order = (uint16_t)all->n
    };
    all->n++;
    return i;
}

static const char *icmp_name(bool v4, uint8_t type, uint8_t code)
{
    static const struct icmp_word {
        uint8_t v4, type, code;
        const char *name;
    } words[] = {
        { 1, 3, 0, "network unreachable" },
        { 1, 3, 1, "host unreachable" },
        { 1, 3, 2, "protocol unreachable" },
        { 1, 3, 3, "port unreachable" },
        { 1, 3, 4, "fragmentation needed" },
        { 1, 3, 9, "network prohibited" },
        { 1, 3, 10, "host prohibited" },
        { 1, 3, 13, "administratively prohibited" },
        { 1, 11, 0, "time to live exceeded" },
        { 0, 1, 0, "no route" },
        { 0, 1, 1, "administratively prohibited" },
        { 0, 1, 3, "address unreachable" },
        { 0, 1, 4, "port unreachable" },
        { 0, 1, 5, "source address policy" },
        { 0, 1, 6, "route rejected" },
        { 0, 2, 0, "packet too big" },
        { 0, 3, 0, "hop limit exceeded" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].v4 == v4 && words[i].type == type && words[i].code == code)
            return words[i].name;
    return NULL;
}

static void icmp_text(const struct flow *flow, const struct event *e, struct text *t)
{
    uint8_t type = (uint8_t)(e->detail >> 8), code = (uint8_t)e->detail;
    const char *name = icmp_name(address_is_ipv4(&flow->address[CLIENT]), type, code);
    text_add(t, "ICMP ");
    if (name)
        text_add(t, name);
    else
        text_format(t, "type %u code %u", type, code);
}

static void event_text(const struct flow *flow, const struct event *e, struct text *t)
{
    static const char *const names[] = {
        [EVENT_SYN] = "SYN",
        [EVENT_SYN_AGAIN] = "SYN again",
        [EVENT_SYNACK] = "SYN-ACK",
        [EVENT_SYNACK_AGAIN] = "SYN-ACK again",
        [EVENT_SYNACK_OTHER] = "another SYN-ACK",
        [EVENT_SYNACK_BAD] = "SYN-ACK for something else",
        [EVENT_ACK] = "ACK",
        [EVENT_ACK_INSTEAD] = "ACK in place of SYN-ACK",
        [EVENT_DATA] = "data",
        [EVENT_DATA_AGAIN] = "same data again",
        [EVENT_DATA_ACKED] = "ACK",
        [EVENT_KEEPALIVE] = "keep-alive",
        [EVENT_ZERO_WINDOW] = "window 0",
        [EVENT_FIN] = "FIN",
        [EVENT_RST] = "RST",
        [EVENT_UNSEEN] = "ACK of octets not captured",
        [EVENT_SACK_HOLE] = "ACK: earlier octets missing",
    };
    if (e->kind == EVENT_ICMP)
        icmp_text(flow, e, t);
    else if (e->kind < sizeof names / sizeof *names && names[e->kind])
        text_add(t, names[e->kind]);
    if (e->length && (e->kind == EVENT_DATA || e->kind == EVENT_DATA_AGAIN))
        text_format(t, "  %" PRIu32 " B", e->length);
}

static void add_events(struct items *all)
{
    const struct flow *flow = all->flow;
    if (!flow->more || !flow->more->log.n) { /* nothing but the first packet */
        struct item *i = item_new(all, flow->first_frame, flow->first_ns, CLIENT);
        if (i)
            snprintf(i->text, sizeof i->text, "%s",
                     flow->half[CLIENT].flags & HALF_SYN ? "SYN" : "data");
        return;
    }
    const struct log *log = &flow->more->log;
    for (size_t k = 0; k < log->n; k++) {
        const struct event *e = &log->event[k];
        struct item *i = item_new(all, e->frame, e->time_ns, e->from);
        if (!i)
            return;
        struct text t = text_of(i->text, sizeof i->text);
        event_text(flow, e, &t);
        i->icmp = e->kind == EVENT_ICMP;
        if (e->kind == EVENT_FIN || e->kind == EVENT_RST)
            i->order = (uint16_t)(i->order + ENDS_LAST); /* after what the segment carries */
        i->weight = e->kind != EVENT_DATA && e->kind != EVENT_DATA_ACKED && e->kind != EVENT_ACK;
    }
    all->lost += log->lost;
}

/* "client_hello" -> "ClientHello", as the RFCs write it. */
static void camel(const char *name, struct text *t)
{
    bool upper = true;
    for (; *name; name++) {
        char c = upper ? (char)toupper((unsigned char)*name) : *name;
        upper = *name == '_';
        if (!upper)
            text_add_n(t, &c, 1);
    }
}

static void add_messages(struct items *all, const struct tls *tls)
{
    for (size_t k = 0; k < tls->n_messages; k++) {
        const struct tls_message *m = &tls->messages[k];
        struct item *i = item_new(all, m->at.frame, m->at.time_ns, m->from);
        if (!i)
            return;
        struct text t = text_of(i->text, sizeof i->text);
        const char *name = tls_message_name(m->type);
        const char *version = tls_version_name(tls_version(tls));
        if (name)
            camel(name, &t);
        else
            text_format(&t, "handshake message %u", m->type);
        if (m->type == TLS_CLIENT_HELLO)
            text_format(&t, "  %" PRIu32 " B", m->length + 4);
        if (m->type == TLS_SERVER_HELLO && version)
            text_format(&t, " %s", version);
    }
}

static void add_alerts(struct items *all, const struct tls *tls)
{
    for (size_t k = 0; k < tls->n_alerts; k++) {
        const struct tls_alert *a = &tls->alerts[k];
        struct item *i = item_new(all, a->at.frame, a->at.time_ns, a->from);
        if (!i)
            return;
        const char *name = tls_alert_name(a->code);
        if (a->encrypted)
            snprintf(i->text, sizeof i->text, "alert, encrypted");
        else
            snprintf(i->text, sizeof i->text, a->opened ? "alert %u %s (keys)" : "alert %u %s",
                     a->code, name ? name : "");
    }
}

static void add_stamp(struct items *all, struct tls_stamp at, uint8_t from, const char *text)
{
    struct item *i = item_new(all, at.frame, at.time_ns, from);
    if (i)
        snprintf(i->text, sizeof i->text, "%s", text);
}

/* Keys opened it: what was inside is drawn. */
static bool was_read(const struct tls_sealed *sealed)
{
    return sealed->inside == TLS_HANDSHAKE || sealed->inside == TLS_ALERT;
}

/* The sealed records of one side, one item a frame. */
static void add_sealed(struct items *all, const struct tls *tls, uint8_t from)
{
    const struct tls_half *half = &tls->half[from];
    size_t kept = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;

    for (size_t k = 0, shown = 0; half->sealed_list && k < kept && shown < SEALED_SHOWN; shown++) {
        const struct tls_sealed *first = &half->sealed_list[k];
        uint32_t n = 0, octets = 0;
        for (; k < kept && half->sealed_list[k].at.frame == first->at.frame; k++) {
            if (was_read(&half->sealed_list[k]))
                continue;
            octets += half->sealed_list[k].length;
            n++;
        }
        if (!n)
            continue;
        struct item *i = item_new(all, first->at.frame, first->at.time_ns, from);
        if (i && n == 1)
            snprintf(i->text, sizeof i->text, "encrypted %" PRIu32 " B", octets);
        else if (i)
            snprintf(i->text, sizeof i->text, "encrypted, %" PRIu32 " records %" PRIu32 " B", n,
                     octets);
    }
}

static void add_tls(struct items *all, const struct tls *tls)
{
    add_messages(all, tls);
    for (uint8_t side = CLIENT; side < SIDES; side++) {
        add_stamp(all, tls->half[side].ccs, side, "CCS");
        if (!tls_is_13(tls) && !(tls->opened && tls->opened->finished[side].frame))
            add_stamp(all, tls->half[side].finish, side, "Finished, encrypted");
        else if (tls_is_13(tls))
            add_sealed(all, tls, side);
    }
    add_alerts(all, tls);
}

static int by_frame(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return (int)x->order - (int)y->order;
}

static bool same_row(const struct row *row, const struct item *i)
{
    return row->frame == i->frame && row->from == (enum side)i->from && row->icmp == i->icmp;
}

static bool frame_says_more(const struct items *all, size_t k)
{
    const struct item *i = &all->item[k];
    for (size_t j = 0; j < all->n; j++)
        if (all->item[j].frame == i->frame && all->item[j].from == i->from &&
            all->item[j].weight > i->weight)
            return true;
    return false;
}

static void join_items(const struct items *all, struct rows *out)
{
    for (size_t k = 0; k < all->n; k++) {
        const struct item *i = &all->item[k];
        struct row *last = out->n ? &out->row[out->n - 1] : NULL;
        if (!i->weight && frame_says_more(all, k))
            continue;
        size_t used = last ? strlen(last->text) : 0;
        if (last && same_row(last, i) && used + strlen(i->text) + 3 <= JOINED_MOST) {
            struct text joined = { last->text, sizeof last->text, used, false };
            text_add(&joined, " + ");
            text_add(&joined, i->text);
            continue;
        }
        if (out->n == ROWS_MAX) {
            out->lost++;
            continue;
        }
        struct row *row = &out->row[out->n++];
        *row = (struct row){ .frame = i->frame, .time_ns = i->time_ns, .icmp = i->icmp };
        row->from = (enum side)i->from;
        snprintf(row->text, sizeof row->text, "%s", i->text);
    }
}

static struct row *row_at(struct rows *rows, uint64_t frame, enum side from)
{
    for (size_t i = 0; frame && i < rows->n; i++)
        if (rows->row[i].frame == frame && rows->row[i].from == from && !rows->row[i].note[0])
            return &rows->row[i];
    return NULL;
}

static void note_offer(struct rows *rows, const struct session *session, const struct tls *tls)
{
    struct row *row = tls->hello ? row_at(rows, tls->hello->at.frame, CLIENT) : NULL;
    if (!row)
        return;
    struct text t = text_of(row->note, sizeof row->note);
    const char *version = tls_version_name(tls_offered_highest(tls->hello));
    if (session->server_name && session->server_name[0])
        text_format(&t, "name %s; ", session->server_name);
    if (version)
        text_format(&t, "offers up to %s", version);
}

static void note_choice(struct rows *rows, const struct verdict *v, const struct tls *tls)
{
    struct row *row = row_at(rows, tls->server_hello.at.frame, SERVER);
    const char *suite = tls_suite_name(tls->server_hello.suite);
    if (!tls_suite_known(tls) || !row)
        return;
    struct text t = text_of(row->note, sizeof row->note);
    if (suite)
        text_add(&t, suite);
    else
        text_format(&t, "cipher suite 0x%04x", tls->server_hello.suite);
    if (v->sealed.expected_finished)
        text_format(&t, ", so a normal client finish is %u bytes", v->sealed.expected_finished);
}

static void note_sealed(struct rows *rows, const struct verdict *v, const struct tls *tls)
{
    enum side rejecting =
        v->sealed.row == SEALED_SERVER_REJECTS || v->sealed.row == SEALED_SERVER_CLOSES_LATE
            ? SERVER
            : CLIENT;
    struct row *alert = row_at(rows, v->sealed.alert_at.frame, rejecting);
    const struct tls_half *server = &tls->half[SERVER];
    struct row *flight = NULL;
    for (size_t i = 0; server->n_sealed && server->sealed_list && i < rows->n && !flight; i++)
        if (rows->row[i].frame == server->sealed_list[0].at.frame && rows->row[i].from == SERVER &&
            strstr(rows->row[i].text, "encrypted") && !rows->row[i].note[0])
            flight = &rows->row[i];
    if (alert)
        snprintf(alert->note, sizeof alert->note, "%u bytes: the size of an alert",
                 v->sealed.alert_length);
    if (flight && !tls->certificate[SERVER].frame && !tls_resumed(tls) && !v->sealed.with_keys)
        snprintf(flight->note, sizeof flight->note, "contains the server certificate, encrypted");
}

static void note_fate(const struct flow *flow, struct rows *rows)
{
    bool heard = flow->half[SERVER].flags & HALF_SEEN;
    for (size_t i = 0; i < rows->n; i++)
        rows->row[i].unanswered = !heard && !rows->row[i].icmp && rows->row[i].from == CLIENT;
}

void rows_of(const struct verdict *v, struct rows *out)
{
    struct items *all = v->flow ? calloc(1, sizeof *all) : NULL;

    out->n = out->lost = 0;
    if (!all)
        return;
    all->verdict = v;
    all->flow = v->flow;
    const struct session *session = v->flow->session;
    const struct tls *tls = session ? session->tls : NULL;
    out->zero_ns = v->flow->first_ns;
    add_events(all);
    if (tls)
        add_tls(all, tls);
    qsort(all->item, all->n, sizeof *all->item, by_frame);
    join_items(all, out);
    out->lost += all->lost;
    note_fate(v->flow, out);
    if (tls) {
        note_offer(out, session, tls);
        note_choice(out, v, tls);
        note_sealed(out, v, tls);
    }
    free(all);
}
