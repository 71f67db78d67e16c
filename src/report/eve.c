/* eve.c - an event of type flow for each connection and one of type tls for each handshake, as
 * Suricata's EVE has them.
 *
 * Source: docs.suricata.io, "EVE JSON Format" (flow, tls) and its JSON schema.  What shakeout
 * thinks is an object of its own, `shakeout`, in the flow event. */
#include "report/exports_inside.h"
#include "tls/prints.h"
#include "x509/digest.h"

#include <ctype.h>
#include <inttypes.h>

enum { PRINT_SHOWN = 1024 };

/* "2026-11-19T13:02:11.401220+0000" */
static void put_time(struct writer *w, const char *key, int64_t ns)
{
    char text[48], moment[20];

    stamp_date_time(stamp_seconds(ns), moment);
    snprintf(text, sizeof text, "%s.%06" PRIu32 "+0000", moment, stamp_fraction(ns) / 1000);
    json_word(w, key, text);
}

static void put_head(struct writer *w, const struct exported *c, const char *type, int64_t ns,
                     uint64_t frame)
{
    bool cut = false;

    writer_put_n(w, "{", 1);
    put_time(w, "timestamp", ns);
    json_number(w, "flow_id", c->mark.v >> 11); /* 53 bits: exact in every reader */
    if (frame)
        json_number(w, "pcap_cnt", frame);
    json_word(w, "event_type", type);
    if (c->flow->vlan) {
        json_array(w, "vlan");
        json_number(w, NULL, c->flow->vlan - 1u);
        json_end_array(w);
    }
    json_address(w, "src_ip", &c->flow->address[CLIENT]);
    json_number(w, "src_port", c->flow->port[CLIENT]);
    json_address(w, "dest_ip", &c->flow->address[SERVER]);
    json_number(w, "dest_port", c->flow->port[SERVER]);
    json_word(w, "proto", "TCP");
    json_number(w, "ip_v", address_is_ipv4(&c->flow->address[CLIENT]) ? 4 : 6);
    json_string(w, "pcap_filename", c->scene->file, &cut);
    json_word(w, "community_id", c->community);
}

/* ---- flow -------------------------------------------------------------------------------------
 */

static const char *flow_state(const struct flow *f)
{
    if (f->state == TCP_CLOSED || f->state == TCP_RESET || f->state == TCP_REFUSED)
        return "closed";
    return flow_both_seen(f) && f->state >= TCP_OPEN ? "established" : "new";
}

static void put_flow(struct writer *w, const struct exported *c)
{
    const struct flow *f = c->flow;

    json_object(w, "flow");
    json_number(w, "pkts_toserver", f->half[CLIENT].packets);
    json_number(w, "pkts_toclient", f->half[SERVER].packets);
    if (c->has_ledger) {
        json_number(w, "bytes_toserver", c->ledger.frame_bytes[CLIENT]);
        json_number(w, "bytes_toclient", c->ledger.frame_bytes[SERVER]);
    }
    put_time(w, "start", f->first_ns);
    put_time(w, "end", f->last_ns);
    int64_t age = stamp_seconds(f->last_ns) - stamp_seconds(f->first_ns);
    json_number(w, "age", age > 0 ? (uint64_t)age : 0);
    json_word(w, "state", flow_state(f));
    json_word(w, "reason", "shutdown"); /* the reading ended; no timer of ours is one of Suricata */
    json_flag(w, "alerted", false);
    json_end_object(w);
}

static void put_hex_flags(struct writer *w, const char *key, uint8_t flags)
{
    char text[3];
    snprintf(text, sizeof text, "%02x", flags);
    json_word(w, key, text);
}

/* Only states that both machines have. */
static const char *tcp_state(const struct flow *f)
{
    switch (f->state) {
    case TCP_SYN_SENT:
        return "syn_sent";
    case TCP_SYN_ANSWERED:
        return "syn_recv";
    case TCP_OPEN:
    case TCP_MIDSTREAM:
        return "established";
    case TCP_CLOSING:
        return f->half[SERVER].flags & HALF_FIN ? "fin_wait1" : "close_wait";
    case TCP_CLOSED:
    case TCP_RESET:
    case TCP_REFUSED:
        return "closed";
    default:
        return NULL;
    }
}

static void put_tcp(struct writer *w, const struct exported *c)
{
    static const struct flag {
        uint8_t bit;
        const char *name;
    } flags[] = { { TCP_SYN, "syn" }, { TCP_FIN, "fin" }, { TCP_RST, "rst" },
                  { TCP_PSH, "psh" }, { TCP_ACK, "ack" }, { TCP_URG, "urg" } };
    uint8_t client = c->ledger.flags[CLIENT], server = c->ledger.flags[SERVER];
    const char *state = tcp_state(c->flow);

    if (!c->has_ledger)
        return;
    json_object(w, "tcp");
    put_hex_flags(w, "tcp_flags", client | server);
    put_hex_flags(w, "tcp_flags_ts", client);
    put_hex_flags(w, "tcp_flags_tc", server);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if ((client | server) & flags[i].bit)
            json_flag(w, flags[i].name, true);
    if (state)
        json_word(w, "state", state);
    json_end_object(w);
}

static void put_judgement(struct writer *w, const struct raised *r)
{
    if (!r->id)
        return;
    json_object(w, "shakeout");
    json_word(w, "finding", finding_of(r->id)->id);
    json_word(w, "title", finding_of(r->id)->title);
    json_word(w, "severity", severity_name(r->severity));
    json_word(w, "owner", owner_name(r->owner));
    if (r->fact)
        json_word(w, "confidence", confidence_name(r->fact));
    json_put_frames(w, r->frames, r->n_frames);
    json_end_object(w);
}

static void flow_line(struct writer *w, const struct exported *c)
{
    const char *name = c->session && c->session->protocol ? c->session->protocol : "";
    bool read = name[0] && !c->session->protocol_guessed;

    put_head(w, c, "flow", c->flow->last_ns, 0);
    if (c->session)
        json_word(w, "app_proto", read ? name : "failed");
    put_flow(w, c);
    put_tcp(w, c);
    put_judgement(w, &c->verdict->primary);
    writer_put_n(w, "}", 1);
    writer_end_line(w);
}

/* ---- tls --------------------------------------------------------------------------------------
 */

static void put_version(struct writer *w, uint16_t version)
{
    static const char *const names[] = { "SSLv3", "TLSv1", "TLS 1.1", "TLS 1.2", "TLS 1.3" };
    char text[24];

    if (version == 0x0002)
        json_word(w, "version", "SSLv2");
    else if (version >= 0x0300 && version <= 0x0304)
        json_word(w, "version", names[version - 0x0300]);
    if (version == 0x0002 || (version >= 0x0300 && version <= 0x0304))
        return;
    if (version >> 8 == 0x7f)
        snprintf(text, sizeof text, "TLS 1.3 draft-%u", version & 0xff);
    else if (version)
        snprintf(text, sizeof text, "0x%04x", version);
    else
        snprintf(text, sizeof text, "UNDETERMINED");
    json_word(w, "version", text);
}

/* RFC 4514 writes a name from its end; Suricata from its beginning, "C=US, O=Corp, CN=host". */
static void put_name(struct writer *w, const char *key, const char *name)
{
    char text[2 * sizeof(((struct cert_facts *)0)->subject)];
    struct text t = text_of(text, sizeof text);
    size_t end = strlen(name);
    bool cut = false;

    while (end) {
        size_t begin = end;
        while (begin && !(name[begin - 1] == ',' && (begin < 2 || name[begin - 2] != '\\')))
            begin--;
        text_add_n(&t, name + begin, end - begin);
        text_add(&t, begin ? ", " : "");
        end = begin ? begin - 1 : 0;
    }
    json_string(w, key, text, &cut);
}

/* "AA:BB" of an even number of digits */
static void put_octets(struct writer *w, const char *key, const char *hex)
{
    char text[256];
    struct text t = text_of(text, sizeof text);
    size_t n = strlen(hex);

    if (n % 2)
        text_add(&t, "0");
    for (size_t i = 0; i < n; i++) {
        text_add_n(&t, hex + i, 1);
        if ((n - i) % 2 && i + 1 < n)
            text_add(&t, ":");
    }
    json_word(w, key, text);
}

static void put_seconds(struct writer *w, const char *key, int64_t seconds)
{
    char text[20];

    if (seconds < -62135596800 || seconds > 253402300799) /* years of four digits */
        return;
    stamp_date_time(seconds, text);
    json_word(w, key, text);
}

static void put_fingerprint(struct writer *w, const struct cert *cert)
{
    struct bytes der = cert_der(cert);
    uint8_t sum[DIGEST_SHA1];
    char text[3 * DIGEST_SHA1];

    digest_sha1(der.at, der.left, sum);
    for (size_t i = 0; i < DIGEST_SHA1; i++)
        snprintf(text + 3 * i, 4, i + 1 < DIGEST_SHA1 ? "%02x:" : "%02x", sum[i]);
    json_word(w, "fingerprint", text);
}

static void put_certificate(struct writer *w, const struct cert *cert)
{
    const struct cert_facts *f = cert_facts(cert);

    if (!f->parsed)
        return;
    put_name(w, "subject", f->subject);
    put_name(w, "issuerdn", f->issuer);
    put_octets(w, "serial", f->serial);
    put_fingerprint(w, cert);
    put_seconds(w, "notbefore", f->not_before_s);
    put_seconds(w, "notafter", f->not_after_s);
}

static void put_print(struct writer *w, const char *key, const char *hash, const struct text *text)
{
    if (!hash[0])
        return;
    json_object(w, key);
    json_word(w, "hash", hash);
    if (!text->cut)
        json_word(w, "string", text->at);
    json_end_object(w);
}

static void put_prints(struct writer *w, const struct exported *c)
{
    char buffer[PRINT_SHOWN];
    struct text t = text_of(buffer, sizeof buffer);

    if (c->prints.ja3[0])
        print_ja3(c->tls->hello, &t);
    put_print(w, "ja3", c->prints.ja3, &t);
    t = text_of(buffer, sizeof buffer);
    if (c->prints.ja3s[0])
        print_ja3s(&c->tls->server_hello, &t);
    put_print(w, "ja3s", c->prints.ja3s, &t);
    if (c->prints.ja4[0])
        json_word(w, "ja4", c->prints.ja4);
}

static void tls_line(struct writer *w, const struct exported *c)
{
    const struct tls *t = c->tls;
    const struct tls_stamp *at = t->server_hello.present ? &t->server_hello.at
                                 : t->hello              ? &t->hello->at
                                                         : NULL;
    bool cut = false;

    if (!at)
        return;
    put_head(w, c, "tls", at->time_ns, at->frame);
    json_object(w, "tls");
    if (c->session->n_chain[SERVER])
        put_certificate(w, c->session->chain[SERVER][0]);
    if (t->server_hello.present && tls_resumed(t) && !tls_psk_is_external(t))
        json_flag(w, "session_resumed", true);
    if (c->session->server_name && c->session->server_name[0])
        json_string(w, "sni", c->session->server_name, &cut);
    put_version(w, tls_version(t));
    put_prints(w, c);
    if (t->server_hello.alpn.left) {
        json_array(w, "server_alpns");
        json_bytes(w, NULL, t->server_hello.alpn.at, t->server_hello.alpn.left, &cut);
        json_end_array(w);
    }
    json_end_object(w);
    writer_put_n(w, "}", 1);
    writer_end_line(w);
}

void eve_connection(struct export_file *file, const struct exported *c)
{
    if (c->tls)
        tls_line(&file->writer, c);
    flow_line(&file->writer, c);
}
