/* zeek_ssl.c - ssl.log as Zeek writes it.
 *
 * Source: docs.zeek.org, base/protocols/ssl (SSL::Info). */
#include "report/zeek.h"
#include "tls/names.h"

#include <ctype.h>
#include <stdlib.h>

enum { HISTORY_MAX = 100 };

/* clang-format off */
static const struct zeek_column ssl_columns[] = {
    { "ts", "time" }, { "uid", "string" }, ZEEK_ENDS, { "version", "string" }, { "cipher", "string" },
    { "curve", "string" }, { "server_name", "string" }, { "resumed", "bool" },
    { "last_alert", "string" }, { "next_protocol", "string" }, { "established", "bool" },
    { "ssl_history", "string" }, { "cert_chain_fps", "vector[string]" },
    { "client_cert_chain_fps", "vector[string]" }, { "sni_matches_cert", "bool" },
    { "ja3", "string" }, { "ja3s", "string" }, { "ja4", "string" }, { "community_id", "string" },
};
/* clang-format on */
const struct zeek_kind zeek_ssl = { "ssl", ZEEK_COLUMNS(ssl_columns) };

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

static void put_chain(struct writer *w, const struct session *s, enum side side)
{
    struct zeek_list list = zeek_list_begin(w);
    char text[65];

    for (size_t i = 0; i < s->n_chain[side]; i++) {
        zeek_fingerprint(s->chain[side][i], text);
        zeek_list_add(&list, text);
    }
    zeek_list_end(&list);
}

static void put_offer(struct writer *w, const struct exported *c)
{
    const struct tls *t = c->tls;
    const struct tls_server_hello *choice = &t->server_hello;
    uint16_t group = tls_group(t);

    put_version(w, tls_version(t));
    put_number_name(w, tls_suite_known(t), choice->suite, tls_suite_name(choice->suite));
    put_number_name(w, group != 0, group, tls_group_name(group));
    if (t->hello)
        zeek_octets(w, t->hello->server_name.at, t->hello->server_name.left);
    else
        zeek_text(w, c->session->server_name);
    zeek_flag(w, tls_resumed(t) && !tls_psk_is_external(t));
    put_last_alert(w, t);
    zeek_octets(w, choice->alpn.at, choice->alpn.left);
}

void zeek_ssl_line(struct export_file *log, const struct exported *c)
{
    struct writer *w = &log->writer;
    const struct session *s = c->session;
    const char *name = s->server_name ? s->server_name : "";

    zeek_put_ends(w, c, c->tls->hello ? c->tls->hello->at.time_ns : c->flow->first_ns);
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
