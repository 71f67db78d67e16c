/* zeek.c - conn.log, ssl.log and x509.log as Zeek writes them, with what we think behind them.
 *
 * Sources: docs.zeek.org, base/protocols/conn, base/protocols/ssl (SSL::Info), base/files/x509. */
#include "base/table.h"
#include "report/exports_inside.h"
#include "report/zeek_log.h"
#include "tls/names.h"

#include <ctype.h>
#include <stdlib.h>

enum { UID_LETTERS = 11, HISTORY_MAX = 100 };

const char *const zeek_file[ZEEK_LOGS] = { "conn.log", "ssl.log", "x509.log" };
static const char *const paths[ZEEK_LOGS] = { "conn", "ssl", "x509" };

/* clang-format off */
#define ENDS { "id.orig_h", "addr" }, { "id.orig_p", "port" }, { "id.resp_h", "addr" }, { "id.resp_p", "port" }
static const struct zeek_column conn_columns[] = {
    { "ts", "time" }, { "uid", "string" }, ENDS, { "proto", "enum" }, { "service", "string" },
    { "duration", "interval" }, { "orig_bytes", "count" }, { "resp_bytes", "count" },
    { "conn_state", "string" }, { "local_orig", "bool" }, { "local_resp", "bool" },
    { "missed_bytes", "count" }, { "history", "string" }, { "orig_pkts", "count" },
    { "orig_ip_bytes", "count" }, { "resp_pkts", "count" }, { "resp_ip_bytes", "count" },
    { "tunnel_parents", "set[string]" }, { "ip_proto", "count" }, { "community_id", "string" },
    { "shakeout_finding", "string" }, { "shakeout_severity", "string" },
    { "shakeout_owner", "string" }, { "shakeout_confidence", "string" },
};
static const struct zeek_column ssl_columns[] = {
    { "ts", "time" }, { "uid", "string" }, ENDS, { "version", "string" }, { "cipher", "string" },
    { "curve", "string" }, { "server_name", "string" }, { "resumed", "bool" },
    { "last_alert", "string" }, { "next_protocol", "string" }, { "established", "bool" },
    { "ssl_history", "string" }, { "cert_chain_fps", "vector[string]" },
    { "client_cert_chain_fps", "vector[string]" }, { "sni_matches_cert", "bool" },
    { "ja3", "string" }, { "ja3s", "string" }, { "ja4", "string" }, { "community_id", "string" },
};
static const struct zeek_column x509_columns[] = {
    { "ts", "time" }, { "fingerprint", "string" }, { "certificate.version", "count" },
    { "certificate.serial", "string" }, { "certificate.subject", "string" },
    { "certificate.issuer", "string" }, { "certificate.not_valid_before", "time" },
    { "certificate.not_valid_after", "time" }, { "certificate.key_alg", "string" },
    { "certificate.sig_alg", "string" }, { "certificate.key_type", "string" },
    { "certificate.key_length", "count" }, { "certificate.exponent", "string" },
    { "certificate.curve", "string" }, { "san.dns", "vector[string]" },
    { "san.uri", "vector[string]" }, { "san.email", "vector[string]" },
    { "san.ip", "vector[addr]" }, { "basic_constraints.ca", "bool" },
    { "basic_constraints.path_len", "count" }, { "host_cert", "bool" }, { "client_cert", "bool" },
};
/* clang-format on */
#define COLUMNS(c) c, sizeof(c) / sizeof *(c)

static void log_begin(struct export_file *log, int kind, int64_t ns)
{
    if (log->begun)
        return;
    log->begun = true;
    if (kind == ZEEK_CONN)
        zeek_head(&log->writer, paths[kind], COLUMNS(conn_columns), ns);
    else if (kind == ZEEK_SSL)
        zeek_head(&log->writer, paths[kind], COLUMNS(ssl_columns), ns);
    else
        zeek_head(&log->writer, paths[kind], COLUMNS(x509_columns), ns);
}

void zeek_end(struct export_file *log, int kind)
{
    log_begin(log, kind, 0);
    zeek_tail(&log->writer, log->last_ns);
}

/* ---- what all lines of a connection begin with ------------------------------------------------
 */

static void put_uid(struct writer *w, struct mark m)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char text[1 + UID_LETTERS + 1] = "C";

    for (size_t i = 1; i <= UID_LETTERS; i++, m.v /= 62)
        text[i] = letters[m.v % 62];
    zeek_text(w, text);
}

static void put_begin(struct writer *w, const struct exported *c, int64_t ns)
{
    zeek_time(w, ns);
    put_uid(w, c->mark);
    for (enum side side = CLIENT; side < SIDES; side++) {
        zeek_address(w, &c->flow->address[side]);
        zeek_count(w, c->flow->port[side]);
    }
}

/* ---- conn.log ---------------------------------------------------------------------------------
 */

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

    put_begin(w, c, c->flow->first_ns);
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

/* ---- ssl.log ----------------------------------------------------------------------------------
 */

/* One letter of ssl_history and its place. */
struct mark_letter {
    uint64_t frame;
    uint32_t order; /* inside the frame */
    char letter;    /* upper case: of the client */
};

struct letters {
    size_t n;
    struct mark_letter at[TLS_MESSAGES_MAX + TLS_ALERTS_MAX + SIDES];
};

static char message_letter(uint16_t type)
{
    static const struct row {
        uint16_t type;
        char letter;
    } rows[] = {
        { TLS_HELLO_REQUEST, 'h' },
        { TLS_CLIENT_HELLO, 'c' },
        { TLS_SERVER_HELLO, 's' },
        { TLS_NEW_SESSION_TICKET, 't' },
        { TLS_CERTIFICATE, 'x' },
        { TLS_SERVER_KEY_EXCHANGE, 'k' },
        { TLS_CERTIFICATE_REQUEST, 'r' },
        { TLS_SERVER_HELLO_DONE, 'n' },
        { TLS_CERTIFICATE_VERIFY, 'y' },
        { TLS_CLIENT_KEY_EXCHANGE, 'g' },
        { TLS_FINISHED, 'f' },
        { TLS_CERTIFICATE_URL, 'w' },
        { TLS_CERTIFICATE_STATUS, 'u' },
        { TLS_SUPPLEMENTAL_DATA, 'a' },
        { TLS_END_OF_EARLY_DATA, 'e' },
        { TLS_ENCRYPTED_EXTENSIONS, 'o' },
        { TLS_KEY_UPDATE, 'p' },
        { TLS_HELLO_RETRY_REQUEST, 'j' },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type)
            return rows[i].letter;
    return 'z';
}

static void letter_put(struct letters *l, uint64_t frame, uint32_t order, uint8_t from, char letter)
{
    if (!frame || l->n == sizeof l->at / sizeof *l->at)
        return;
    l->at[l->n++] = (struct mark_letter){
        .frame = frame, .order = order, .letter = (char)(from == CLIENT ? toupper(letter) : letter)
    };
}

static int by_place(const void *a, const void *b)
{
    const struct mark_letter *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* A ChangeCipherSpec stands behind the messages of its frame; ahead of them when a client repeats
 * its hello (RFC 8446 appendix D.4). */
static bool hello_in(const struct tls *t, uint64_t frame)
{
    return t->hello_again && t->hello_again->at.frame == frame;
}

/* What a bystander without keys reads: messages and alerts in clear. */
static void put_history(struct writer *w, const struct tls *t)
{
    struct letters l = { 0 };
    char text[HISTORY_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < t->n_messages; i++)
        if (!t->messages[i].opened)
            letter_put(&l, t->messages[i].at.frame, (uint32_t)i + 1, t->messages[i].from,
                       message_letter(t->messages[i].type));
    for (uint8_t side = CLIENT; side < SIDES; side++)
        letter_put(&l, t->half[side].ccs.frame,
                   side == CLIENT && hello_in(t, t->half[side].ccs.frame) ? 0
                                                                          : TLS_MESSAGES_MAX + 1,
                   side, 'i');
    for (size_t i = 0; i < t->n_alerts; i++)
        if (!t->alerts[i].encrypted && !t->alerts[i].opened)
            letter_put(&l, t->alerts[i].at.frame, TLS_MESSAGES_MAX + 2 + (uint32_t)i,
                       t->alerts[i].from, 'l');
    qsort(l.at, l.n, sizeof *l.at, by_place);
    for (; n < l.n && n < HISTORY_MAX; n++)
        text[n] = l.at[n].letter;
    text[n] = '\0';
    zeek_text(w, text);
}

static void put_version(struct writer *w, uint16_t version)
{
    static const char *const names[] = { "SSLv3", "TLSv10", "TLSv11", "TLSv12", "TLSv13" };
    char text[24] = "";

    if (version == 0x0002)
        zeek_text(w, "SSLv2");
    else if (version >= 0x0300 && version <= 0x0304)
        zeek_text(w, names[version - 0x0300]);
    else if (version >> 8 == 0x7f)
        snprintf(text, sizeof text, "TLSv13-draft%u", version & 0xff);
    else if (version)
        snprintf(text, sizeof text, "unknown-%u", version);
    if (version != 0x0002 && (version < 0x0300 || version > 0x0304))
        zeek_text(w, text);
}

static void put_number_name(struct writer *w, bool known, uint16_t number, const char *name)
{
    char text[24] = "";

    if (known && !name)
        snprintf(text, sizeof text, "unknown-%u", number);
    zeek_text(w, known && name ? name : text);
}

static void put_last_alert(struct writer *w, const struct tls *t)
{
    const struct tls_alert *last = NULL;

    for (size_t i = 0; i < t->n_alerts; i++)
        if (!t->alerts[i].encrypted)
            last = &t->alerts[i];
    put_number_name(w, last != NULL, last ? last->code : 0,
                    last ? tls_alert_name(last->code) : NULL);
}

/* In lower case, as Zeek has it. */
static void put_fingerprint(const struct cert *cert, char out[65])
{
    const char *hex = cert_facts(cert)->sha256;
    size_t i = 0;

    for (; hex[i]; i++)
        out[i] = (char)tolower((unsigned char)hex[i]);
    out[i] = '\0';
}

static void put_chain(struct writer *w, const struct session *s, enum side side)
{
    struct zeek_list list = zeek_list_begin(w);
    char text[65];

    for (size_t i = 0; i < s->n_chain[side]; i++) {
        put_fingerprint(s->chain[side][i], text);
        zeek_list_add(&list, text);
    }
    zeek_list_end(&list);
}

static void put_offer(struct writer *w, const struct exported *c)
{
    const struct tls *t = c->tls;
    const struct tls_server_hello *choice = &t->server_hello;

    put_version(w, tls_version(t));
    put_number_name(w, tls_suite_known(t), choice->suite, tls_suite_name(choice->suite));
    put_number_name(w, choice->group != 0, choice->group, tls_group_name(choice->group));
    if (t->hello)
        zeek_octets(w, t->hello->server_name.at, t->hello->server_name.left);
    else
        zeek_text(w, c->session->server_name);
    zeek_flag(w, tls_resumed(t));
    put_last_alert(w, t);
    zeek_octets(w, choice->alpn.at, choice->alpn.left);
}

static void ssl_line(struct export_file *log, const struct exported *c)
{
    struct writer *w = &log->writer;
    const struct session *s = c->session;
    const char *name = s->server_name ? s->server_name : "";

    put_begin(w, c, c->tls->hello ? c->tls->hello->at.time_ns : c->flow->first_ns);
    put_offer(w, c);
    zeek_flag(w, json_established(c->verdict, c->tls) == ESTABLISHED_YES);
    put_history(w, c->tls);
    put_chain(w, s, SERVER);
    put_chain(w, s, CLIENT);
    if (s->n_chain[SERVER] && name[0])
        zeek_flag(w, cert_names_host(s->chain[SERVER][0], name));
    else
        zeek_unset(w);
    zeek_text(w, c->prints.ja3);
    zeek_text(w, c->prints.ja3s);
    zeek_text(w, c->prints.ja4);
    zeek_text(w, c->community);
    writer_end_line(w);
}

/* ---- x509.log ---------------------------------------------------------------------------------
 */

/* A certificate has a line for each part that it plays. */
struct certificate_key {
    char sha256[65];
    uint8_t host, client;
};

size_t zeek_certificate_key(void) { return sizeof(struct certificate_key); }

static const char *key_type(const char *algorithm)
{
    return !strcmp(algorithm, "RSA")   ? "rsa"
           : !strcmp(algorithm, "EC")  ? "ecdsa"
           : !strcmp(algorithm, "DSA") ? "dsa"
                                       : "unknown";
}

static const char *key_algorithm(const char *algorithm)
{
    return !strcmp(algorithm, "RSA")  ? "rsaEncryption"
           : !strcmp(algorithm, "EC") ? "id-ecPublicKey"
                                      : algorithm;
}

static void put_seconds(struct writer *w, int64_t s)
{
    if (s > INT64_MAX / 1000000000 || s < INT64_MIN / 1000000000)
        zeek_unset(w);
    else
        zeek_time(w, s * 1000000000);
}

static void put_names(struct writer *w, const struct cert_facts *f, bool addresses)
{
    struct zeek_list list = zeek_list_begin(w);
    struct address ignored;

    for (unsigned i = 0; i < f->n_names; i++)
        if (address_parse(f->names[i], &ignored) == addresses)
            zeek_list_add(&list, f->names[i]);
    zeek_list_end(&list);
}

static void put_certificate(struct writer *w, const struct cert_facts *f)
{
    zeek_count(w, (uint64_t)f->version);
    zeek_text(w, f->serial);
    zeek_text(w, f->subject);
    zeek_text(w, f->issuer);
    put_seconds(w, f->not_before_s);
    put_seconds(w, f->not_after_s);
    zeek_text(w, key_algorithm(f->key_algorithm));
    zeek_text(w, f->signature_algorithm);
    zeek_text(w, key_type(f->key_algorithm));
    zeek_count(w, f->key_bits > 0 ? (uint64_t)f->key_bits : 0);
    zeek_unset(w); /* exponent */
    zeek_unset(w); /* curve */
    put_names(w, f, false);
    zeek_unset(w); /* URIs and */
    zeek_unset(w); /* mail addresses are not kept */
    put_names(w, f, true);
    if (f->is_ca)
        zeek_flag(w, true);
    else
        zeek_unset(w);
    zeek_unset(w); /* path length */
}

static void x509_line(struct export_file *log, struct table *certificates, const struct cert *cert,
                      int64_t ns, bool host, bool client)
{
    const struct cert_facts *f = cert_facts(cert);
    struct certificate_key key = { .host = host, .client = client };
    char text[65];

    memcpy(key.sha256, f->sha256, sizeof key.sha256);
    bool *written = f->parsed ? table_put(certificates, &key) : NULL;
    if (!written || *written)
        return;
    *written = true;
    put_fingerprint(cert, text);
    log_begin(log, ZEEK_X509, ns);
    zeek_time(&log->writer, ns);
    zeek_text(&log->writer, text);
    put_certificate(&log->writer, f);
    zeek_flag(&log->writer, host);
    zeek_flag(&log->writer, client);
    writer_end_line(&log->writer);
    log->last_ns = ns;
}

static void x509_lines(struct export_file *log, struct table *certificates,
                       const struct exported *c)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        int64_t ns =
            c->tls->certificate[side].frame ? c->tls->certificate[side].time_ns : c->flow->first_ns;
        for (size_t i = 0; i < c->session->n_chain[side]; i++)
            x509_line(log, certificates, c->session->chain[side][i], ns, i == 0, side == CLIENT);
    }
}

void zeek_connection(struct export_file *logs[ZEEK_LOGS], struct table *certificates,
                     const struct exported *c)
{
    log_begin(logs[ZEEK_CONN], ZEEK_CONN, c->flow->first_ns);
    conn_line(logs[ZEEK_CONN], c);
    logs[ZEEK_CONN]->last_ns = c->flow->last_ns;
    if (!c->tls)
        return;
    log_begin(logs[ZEEK_SSL], ZEEK_SSL, c->flow->first_ns);
    ssl_line(logs[ZEEK_SSL], c);
    logs[ZEEK_SSL]->last_ns = c->flow->last_ns;
    x509_lines(logs[ZEEK_X509], certificates, c);
}
