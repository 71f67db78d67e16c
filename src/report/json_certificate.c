/* The lines of type certificate: one for each place in which one was shown - server, side and
 * position in the chain -, however many connections showed it. */
#include "report/json_parts.h"
#include "report/shown.h"
#include "report/trusted.h"

static void put_seconds(struct report *r, const char *key, int64_t seconds)
{
    char text[24];
    stamp_date_time(seconds, text);
    text[19] = 'Z';
    text[20] = '\0';
    json_word(&r->writer, key, text);
}

static bool is_year_with_four_digits(int64_t seconds)
{
    return seconds >= -62135596800 && seconds <= 253402300799;
}

static void put_name_list(struct report *r, const char *key, const char *name)
{
    if (!name[0])
        return;
    json_object(&r->writer, key);
    json_array(&r->writer, "common_name");
    json_string(&r->writer, NULL, name, &r->cut);
    json_end_array(&r->writer);
    json_end_object(&r->writer);
}

static void put_x509(struct report *r, const struct cert_facts *c)
{
    struct writer *w = &r->writer;
    char version[12];

    json_object(w, "x509");
    json_word(w, "serial_number", c->serial);
    snprintf(version, sizeof version, "%d", c->version);
    json_word(w, "version_number", version);
    put_name_list(r, "subject", c->subject_cn);
    put_name_list(r, "issuer", c->issuer_cn);
    if (c->n_names) {
        json_array(w, "alternative_names");
        for (unsigned i = 0; i < c->n_names; i++)
            json_string(w, NULL, c->names[i], &r->cut);
        json_end_array(w);
    }
    if (is_year_with_four_digits(c->not_before_s))
        put_seconds(r, "not_before", c->not_before_s);
    if (is_year_with_four_digits(c->not_after_s))
        put_seconds(r, "not_after", c->not_after_s);
    if (c->key_algorithm[0])
        json_string(w, "public_key_algorithm", c->key_algorithm, &r->cut);
    if (c->key_bits > 0)
        json_number(w, "public_key_size", (uint64_t)c->key_bits);
    if (c->signature_algorithm[0])
        json_string(w, "signature_algorithm", c->signature_algorithm, &r->cut);
    json_end_object(w);
}

static void put_certificate(struct report *r, const struct cert_facts *c)
{
    struct writer *w = &r->writer;
    json_object(w, "hash");
    json_word(w, "sha256", c->sha256);
    json_end_object(w);
    if (!c->parsed)
        return;
    json_string(w, "subject", c->subject, &r->cut);
    json_string(w, "issuer", c->issuer, &r->cut);
    if (is_year_with_four_digits(c->not_after_s))
        put_seconds(r, "not_after", c->not_after_s);
    put_x509(r, c);
}

static void put_check(struct report *r, const struct shown_key *key, const struct shown *shown)
{
    struct writer *w = &r->writer;
    const struct cert_facts *c = cert_facts(key->cert);
    int64_t shown_s = stamp_seconds(shown->at.time_ns);

    if (!c->parsed)
        return;
    json_object(w, "check");
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
    put_certificate(r, c);
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
