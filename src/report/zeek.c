/* zeek.c - conn.log as Zeek writes it, with what we think behind it, and what all its logs share.
 *
 * Source: docs.zeek.org, base/protocols/conn (Conn::Info). */
#include "report/zeek.h"

enum { UID_LETTERS = 11 };

const char *const zeek_file[ZEEK_LOGS] = { "conn.log", "ssl.log", "x509.log" };

/* clang-format off */
static const struct zeek_column conn_columns[] = {
    { "ts", "time" }, { "uid", "string" }, ZEEK_ENDS, { "proto", "enum" }, { "service", "string" },
    { "duration", "interval" }, { "orig_bytes", "count" }, { "resp_bytes", "count" },
    { "conn_state", "string" }, { "local_orig", "bool" }, { "local_resp", "bool" },
    { "missed_bytes", "count" }, { "history", "string" }, { "orig_pkts", "count" },
    { "orig_ip_bytes", "count" }, { "resp_pkts", "count" }, { "resp_ip_bytes", "count" },
    { "tunnel_parents", "set[string]" }, { "ip_proto", "count" }, { "community_id", "string" },
    { "shakeout_finding", "string" }, { "shakeout_severity", "string" },
    { "shakeout_owner", "string" }, { "shakeout_confidence", "string" },
};
/* clang-format on */
const struct zeek_kind zeek_conn = { "conn", ZEEK_COLUMNS(conn_columns) };

static const struct zeek_kind *const kinds[ZEEK_LOGS] = { &zeek_conn, &zeek_ssl, &zeek_x509 };

void zeek_begin(struct export_file *log, const struct zeek_kind *kind, int64_t ns)
{
    if (!log->begun)
        zeek_head(&log->writer, kind->path, kind->columns, kind->n, ns);
    log->begun = true;
}

void zeek_end(struct export_file *log, int kind)
{
    zeek_begin(log, kinds[kind], 0);
    zeek_tail(&log->writer, log->last_ns);
}

static void put_uid(struct writer *w, struct mark m)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char text[1 + UID_LETTERS + 1] = "C";

    for (size_t i = 1; i <= UID_LETTERS; i++, m.v /= 62)
        text[i] = letters[m.v % 62];
    zeek_text(w, text);
}

void zeek_put_ends(struct writer *w, const struct exported *c, int64_t ns)
{
    zeek_time(w, ns);
    put_uid(w, c->mark);
    for (enum side side = CLIENT; side < SIDES; side++) {
        zeek_address(w, &c->flow->address[side]);
        zeek_count(w, c->flow->port[side]);
    }
}

/* Zeek's default for Site::local_nets. */
static bool is_local(const struct address *a)
{
    static const struct net {
        uint8_t octet[2], bits;
        bool v4;
    } nets[] = {
        { { 10, 0 }, 8, true },        { { 172, 16 }, 12, true }, { { 192, 168 }, 16, true },
        { { 100, 64 }, 10, true },     { { 127, 0 }, 8, true },   { { 0xfc, 0 }, 7, false },
        { { 0xfe, 0x80 }, 10, false },
    };
    const uint8_t *p = a->octet + (address_is_ipv4(a) ? 12 : 0);
    uint16_t prefix = (uint16_t)(p[0] << 8 | p[1]);

    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        uint16_t mask = (uint16_t)(0xffff << (16 - nets[i].bits));
        uint16_t net = (uint16_t)(nets[i].octet[0] << 8 | nets[i].octet[1]);
        if (nets[i].v4 == address_is_ipv4(a) && (prefix & mask) == net)
            return true;
    }
    return address_is_loopback(a);
}

/* Only what was read, not what somebody guessed. */
static void put_service(struct writer *w, const struct session *session)
{
    const char *name = session && session->protocol ? session->protocol : "";
    bool guessed = session && session->protocol_guessed;

    zeek_text(w, guessed ? "" : !strcmp(name, "tls") ? "ssl" : name);
}

static void put_counts(struct writer *w, const struct exported *c)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        zeek_count(w, c->flow->half[side].packets);
        if (c->has_ledger)
            zeek_count(w, c->ledger.ip_bytes[side]);
        else
            zeek_unset(w);
    }
}

static void put_judgement(struct writer *w, const struct raised *r)
{
    zeek_text(w, r->id ? finding_of(r->id)->id : "");
    zeek_text(w, r->id ? severity_name(r->severity) : "");
    zeek_text(w, r->id ? owner_name(r->owner) : "");
    zeek_text(w, r->fact ? confidence_name(r->fact) : "");
}

static void conn_line(struct export_file *log, const struct exported *c)
{
    struct writer *w = &log->writer;
    const struct ledger *l = &c->ledger;

    zeek_put_ends(w, c, c->flow->first_ns);
    zeek_text(w, "tcp");
    put_service(w, c->session);
    zeek_interval(w, l->duration_ns);
    for (enum side side = CLIENT; side < SIDES; side++)
        if (l->duration_ns)
            zeek_count(w, l->stream_bytes[side]);
        else
            zeek_unset(w);
    zeek_text(w, l->state);
    zeek_flag(w, is_local(&c->flow->address[CLIENT]));
    zeek_flag(w, is_local(&c->flow->address[SERVER]));
    zeek_count(w, l->missed_bytes);
    zeek_text(w, l->letters);
    put_counts(w, c);
    zeek_unset(w); /* tunnel_parents */
    zeek_count(w, c->flow->protocol);
    zeek_text(w, c->community);
    put_judgement(w, &c->verdict->primary);
    writer_end_line(w);
}

void zeek_connection(struct export_file *logs[ZEEK_LOGS], struct table *certificates,
                     const struct exported *c)
{
    zeek_begin(logs[ZEEK_CONN], &zeek_conn, c->flow->first_ns);
    conn_line(logs[ZEEK_CONN], c);
    logs[ZEEK_CONN]->last_ns = c->flow->last_ns;
    if (!c->tls)
        return;
    zeek_begin(logs[ZEEK_SSL], &zeek_ssl, c->flow->first_ns);
    zeek_ssl_line(logs[ZEEK_SSL], c);
    logs[ZEEK_SSL]->last_ns = c->flow->last_ns;
    zeek_x509_lines(logs[ZEEK_X509], certificates, c);
}
