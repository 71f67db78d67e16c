/* The lines of type certificate: one for each place in which one was shown - server, side and
 * position in the chain -, however many connections showed it. */
#include "report/json_parts.h"
#include "report/shown.h"
#include "report/trusted.h"

/* Nothing outside the years that RFC 3339 can write. */
static void put_seconds(struct writer *w, const char *key, int64_t seconds)
{
    char text[24];

    if (seconds < -62135596800 || seconds > 253402300799)
        return;
    stamp_date_time(seconds, text);
    text[19] = 'Z';
    text[20] = '\0';
    json_word(w, key, text);
}

static void put_name_list(struct writer *w, const char *key, const char *name, bool *cut)
{
    if (!name[0])
        return;
    json_object(w, key);
    json_array(w, "common_name");
    json_string(w, NULL, name, cut);
    json_end_array(w);
    json_end_object(w);
}

static void put_x509(struct writer *w, const struct cert_facts *c, bool *cut)
{
    char version[12];

    json_object(w, "x509");
    json_word(w, "serial_number", c->serial);
    snprintf(version, sizeof version, "%d", c->version);
    json_word(w, "version_number", version);
    put_name_list(w, "subject", c->subject_cn, cut);
    put_name_list(w, "issuer", c->issuer_cn, cut);
    if (c->n_names) {
        json_array(w, "alternative_names");
        for (unsigned i = 0; i < c->n_names; i++)
            json_string(w, NULL, c->names[i], cut);
        json_end_array(w);
    }
    put_seconds(w, "not_before", c->not_before_s);
    put_seconds(w, "not_after", c->not_after_s);
    if (c->key_algorithm[0])
        json_string(w, "public_key_algorithm", c->key_algorithm, cut);
    if (c->key_bits > 0)
        json_number(w, "public_key_size", (uint64_t)c->key_bits);
    if (c->key_curve[0])
        json_string(w, "public_key_curve", c->key_curve, cut);
    if (c->signature_algorithm[0])
        json_string(w, "signature_algorithm", c->signature_algorithm, cut);
    json_end_object(w);
}

void json_put_certificate(struct writer *w, const struct cert_facts *c, bool *cut)
{
    json_object(w, "hash");
    json_word(w, "sha256", c->sha256);
    json_end_object(w);
    if (!c->parsed)
        return;
    json_string(w, "subject", c->subject, cut);
    json_string(w, "issuer", c->issuer, cut);
    put_seconds(w, "not_after", c->not_after_s);
    put_x509(w, c, cut);
}

static void put_check(struct report *r, const struct shown_key *key, const struct shown *shown)
{
    struct writer *w = &r->writer;
    const struct cert_facts *c = cert_facts(key->cert);
    int64_t shown_s = stamp_seconds(shown->at.time_ns);

    json_object(w, "check");
    if (!c->parsed) {
        json_word(w, "form", "unreadable");
        json_end_object(w);
        return;
    }
    json_word(w, "dates",
              shown_s > c->not_after_s    ? "expired"
              : shown_s < c->not_before_s ? "not-yet-valid"
                                          : "ok");
    if (shown->name != SHOWN_NO_NAME)
        json_word(w, "name", shown->name == SHOWN_NAME_FITS ? "ok" : "mismatch");
    if (key->position == 0 && shown->whole)
        json_word(w, "chain", chain_order_name((enum chain_order)shown->order));
    json_word(w, "trust", shown->trust ? shown->trust->word : "not-checked");
    json_end_object(w);
    if (shown->trust)
        trusted_json(w, shown->trust, &r->cut);
}

static struct mark mark_shown(const struct shown_key *key, const struct cert_facts *c)
{
    struct mark m = mark_begin();

    mark_bytes(&m, key->server.octet, sizeof key->server.octet);
    mark_number(&m, (uint64_t)key->port << 16 | (uint64_t)key->side << 8 | key->position);
    mark_bytes(&m, c->sha256, strlen(c->sha256));
    return m;
}

static void put_certificate_line(struct report *r, const struct shown_key *key,
                                 const struct shown *shown)
{
    struct writer *w = &r->writer;
    const struct cert_facts *c = cert_facts(key->cert);

    json_begin_line(r, shown->at.time_ns);
    json_begin_event(r, "shakeout.certificate", "event", 'x', mark_shown(key, c));
    json_put_category(w, "info", NULL);
    json_end_object(w);
    json_put_end(r, "server", &key->server, key->port, false);
    json_object(w, "tls");
    json_put_tls_version(w, shown->version);
    json_object(w, side_name((enum side)key->side));
    json_put_certificate(w, c, &r->cut);
    json_end_object(w);
    json_end_object(w);
    json_begin_shakeout(r);
    json_put_frames(w, &shown->at.frame, shown->at.frame != 0);
    json_number(w, "chain_position", key->position);
    json_number(w, "chain_length", shown->n_chain);
    json_number(w, "seen_by_connections", shown->connections);
    put_check(r, key, shown);
    json_end_shakeout(r);
}

void json_certificates(struct report *r)
{
    for (size_t i = 0; i < r->shown.n; i++)
        put_certificate_line(r, table_key(&r->shown, i), table_at(&r->shown, i));
}
