#include "report/prints.h"

#include "tls/prints.h"
#include "x509/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 32, JA4_DIGEST = 12 };

/* Prints of one shape. */
struct kept {
    uint32_t number; /* of the shape; 0 = nothing kept */
    struct prints prints;
};

struct prints_maker {
    struct digester *digester;
    struct shapes *shapes; /* NULL when nobody asked for them here */
    struct kept kept[KEPT];
    char text[PRINT_TEXT];
};

static struct prints_maker *maker_open(void)
{
    struct prints_maker *m = calloc(1, sizeof *m);

    if (m && (m->digester = digester_open()))
        return m;
    free(m);
    return NULL;
}

void prints_close(struct prints_maker *m)
{
    if (!m)
        return;
    digester_close(m->digester);
    shapes_close(m->shapes);
    free(m);
}

/* ---- making them ------------------------------------------------------------------------------
 */

static struct text blank(struct prints_maker *m) { return text_of(m->text, sizeof m->text); }

/* The first `letters` of the digest of a text, NUL behind them. */
static bool digest_put(struct prints_maker *m, enum digest_kind kind, const struct text *t,
                       size_t letters, char *out)
{
    char digest[DIGEST_HEX];

    if (t->cut || !digester_hex(m->digester, kind, t->at, t->n, digest))
        return false;
    memcpy(out, digest, letters);
    out[letters] = '\0';
    return true;
}

static bool ja4_part(struct prints_maker *m, const struct text *t, char *out)
{
    if (t->n)
        return digest_put(m, DIGEST_SHA256, t, JA4_DIGEST, out);
    memcpy(out, "000000000000", JA4_DIGEST + 1);
    return true;
}

static void ja4_put(struct prints_maker *m, const struct tls_client_hello *h, struct prints *out)
{
    char head[JA4_HEAD + 1], suites[JA4_DIGEST + 1], extensions[JA4_DIGEST + 1];
    struct text t = blank(m);

    print_ja4_head(h, head);
    print_ja4_suites(h, &t);
    if (!ja4_part(m, &t, suites))
        return;
    t = blank(m);
    print_ja4_extensions(h, &t);
    if (ja4_part(m, &t, extensions))
        snprintf(out->ja4, sizeof out->ja4, "%s_%s_%s", head, suites, extensions);
}

static void client_put(struct prints_maker *m, const struct tls_client_hello *h, struct prints *out)
{
    struct text t = blank(m);

    print_ja3(h, &t);
    (void)digest_put(m, DIGEST_MD5, &t, sizeof out->ja3 - 1, out->ja3);
    ja4_put(m, h, out);
}

static void server_put(struct prints_maker *m, const struct tls_server_hello *h, struct prints *out)
{
    struct text t = blank(m);

    print_ja3s(h, &t);
    (void)digest_put(m, DIGEST_MD5, &t, sizeof out->ja3s - 1, out->ja3s);
}

/* ---- what was printed before ------------------------------------------------------------------
 */

/* The place for prints of this shape, and whether they are there. */
static struct kept *place_of(struct prints_maker *m, const struct shape *shape, bool *there)
{
    struct kept *kept = &m->kept[shape->number % KEPT];

    *there = kept->number == shape->number;
    if (!*there)
        *kept = (struct kept){ .number = shape->number };
    return kept;
}

static void client_of(struct prints_maker *m, const struct tls_client_hello *h,
                      const struct shape *shape, struct prints *out)
{
    bool there = false;
    struct kept *kept = shape ? place_of(m, shape, &there) : NULL;
    struct prints *made = kept ? &kept->prints : out;

    if (!there)
        client_put(m, h, made);
    if (!kept)
        return;
    memcpy(out->ja3, made->ja3, sizeof out->ja3);
    memcpy(out->ja4, made->ja4, sizeof out->ja4);
}

static void server_of(struct prints_maker *m, const struct tls_server_hello *h,
                      const struct shape *shape, struct prints *out)
{
    bool there = false;
    struct kept *kept = shape ? place_of(m, shape, &there) : NULL;
    struct prints *made = kept ? &kept->prints : out;

    if (!there)
        server_put(m, h, made);
    if (kept)
        memcpy(out->ja3s, made->ja3s, sizeof out->ja3s);
}

/* The shapes of whoever does not know them. */
static struct shapes *shapes_of(struct prints_maker *m)
{
    if (!m->shapes)
        m->shapes = shapes_open();
    return m->shapes;
}

void prints_of(struct prints_maker **maker, const struct tls *t, const struct shapes_met *met,
               struct prints *out)
{
    struct shapes_met own = { NULL, NULL };

    *out = (struct prints){ 0 };
    if (t && !*maker)
        *maker = maker_open();
    if (!t || !*maker)
        return;
    bool client = print_is_possible(t->hello), server = print_ja3s_is_possible(&t->server_hello);
    if (!met) {
        own.client = client ? shape_of_client(shapes_of(*maker), t->hello) : NULL;
        own.server = server ? shape_of_server(shapes_of(*maker), &t->server_hello) : NULL;
    }
    const struct shapes_met *of = met ? met : &own;
    if (client)
        client_of(*maker, t->hello, of->client, out);
    if (server)
        server_of(*maker, &t->server_hello, of->server, out);
}
