/* csv.c - a line a connection and a line a failed lookup, for spreadsheets (RFC 4180).
 *
 * A spreadsheet takes a cell that begins with = + - @ for a formula; such a cell of foreign text
 * gets an apostrophe in front, which it takes for text. */
#include "report/inside.h"

#include <inttypes.h>

static const char *const columns[] = { "time",    "kind",        "client", "client_port",
                                       "server",  "server_port", "name",   "outcome",
                                       "finding", "severity",    "owner",  "confidence",
                                       "cause",   "frames",      "ja3",    "ja3s",
                                       "ja4" };

void csv_text(struct writer *w, const char *s)
{
    writer_put(w, s[0] && strchr("=+-@\t\r", s[0]) ? "\"'" : "\"");
    for (; *s; s++) {
        if (*s == '"')
            writer_put_char(w, '"');
        writer_put_char(w, *s);
    }
    writer_put(w, "\"");
}

static void put_cell(struct writer *w, const char *s)
{
    csv_text(w, s);
    writer_put(w, ",");
}

static void put_time(struct writer *w, int64_t ns)
{
    char time[STAMP_TEXT];
    struct stamp_style style = { .utc = true, .absolute = true };

    put_cell(w, stamp_time(ns, style, time));
}

static void put_end(struct writer *w, const struct address *address, uint16_t port)
{
    char text[ADDRESS_TEXT];

    put_cell(w, address_text(address, text));
    writer_format(w, "%u,", port);
}

static const char *outcome_word(const struct raised *r)
{
    switch (outcome_of(r)) {
    case OUTCOME_OK:
        return "success";
    case OUTCOME_FAILED:
        return "failure";
    default:
        return "unknown";
    }
}

/* Digests and words of ours, empty where there is none; the last cells of a line. */
static void put_prints(struct report *r, const struct tls *tls)
{
    struct prints prints;

    prints_of(&r->prints, tls, NULL, &prints);
    writer_format(&r->writer, ",%s,%s,%s", prints.ja3, prints.ja3s, prints.ja4);
}

static void put_verdict(struct writer *w, const struct raised *r)
{
    put_cell(w, outcome_word(r));
    put_cell(w, finding_of(r->id)->id);
    put_cell(w, severity_name(r->severity));
    put_cell(w, owner_name(r->owner));
    put_cell(w, confidence_name(r->fact));
    put_cell(w, r->cause ? confidence_name(r->cause) : "");
    writer_put(w, "\"");
    for (size_t i = 0; i < r->n_frames; i++)
        writer_format(w, "%s%" PRIu64, i ? " " : "", r->frames[i]);
    writer_put(w, "\"");
}

void csv_head(struct report *r)
{
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        writer_format(&r->writer, "%s%s", i ? "," : "", columns[i]);
    writer_end_line(&r->writer);
}

void csv_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    const struct flow *flow = v->flow;
    const char *name = scene->names && !r->config.names_hidden
                           ? names_of(scene->names, &flow->address[SERVER])
                           : NULL;

    put_time(&r->writer, flow->first_ns);
    put_cell(&r->writer, "connection");
    put_end(&r->writer, &flow->address[CLIENT], flow->port[CLIENT]);
    put_end(&r->writer, &flow->address[SERVER], flow->port[SERVER]);
    put_cell(&r->writer, name ? name : "");
    put_verdict(&r->writer, &v->primary);
    put_prints(r, flow->session ? flow->session->tls : NULL);
    writer_end_line(&r->writer);
}

void csv_lookup(struct report *r, const struct verdict *v)
{
    const struct lookup *l = v->lookup;

    if (v->primary.id == F_NONE)
        return;
    put_time(&r->writer, l->first_ns);
    put_cell(&r->writer, "lookup");
    put_end(&r->writer, &l->client, l->client_port);
    put_end(&r->writer, &l->server, l->server_port);
    put_cell(&r->writer, r->config.names_hidden ? "" : l->name);
    put_verdict(&r->writer, &v->primary);
    put_prints(r, NULL);
    writer_end_line(&r->writer);
}
