/* `shakeout explain`: what a finding, a family of them or a TLS alert means. */
#include "report/inside.h"
#include "tls/names.h"

#include <ctype.h>
#include <stdlib.h>

enum { EXPLAIN_TEXT = 4096, EXPLAIN_INDENT = 2 };

static void explain_text(struct page *p, const char *template)
{
    char text[EXPLAIN_TEXT];
    struct text t = text_of(text, sizeof text);
    struct facts facts = { .general = true };
    fill(&facts, template, &t);
    text[0] = (char)toupper((unsigned char)text[0]);
    page_spaces(p, EXPLAIN_INDENT);
    page_wrapped(p, EXPLAIN_INDENT, text, NULL);
}

static void explain_heading(struct page *p, const char *heading)
{
    page_end(p);
    page_put(p, STYLE_BOLD, heading);
    page_end(p);
}

static void explain_part(struct page *p, const char *heading, const char *template)
{
    if (!template)
        return;
    explain_heading(p, heading);
    explain_text(p, template);
}

static void explain_list(struct page *p, const char *heading, const char *const *items, size_t most)
{
    char text[EXPLAIN_TEXT];
    struct facts facts = { .general = true };
    if (!items[0])
        return;
    explain_heading(p, heading);
    for (size_t i = 0; i < most && items[i]; i++) {
        struct text t = text_of(text, sizeof text);
        fill(&facts, items[i], &t);
        page_format(p, STYLE_PLAIN, "  %zu ", i + 1);
        page_wrapped(p, EXPLAIN_INDENT + 2, text, NULL);
    }
}

static void explain_finding(struct page *p, const struct finding *f)
{
    const struct prose *prose = &f->prose;
    char line[200];
    page_put(p, STYLE_BOLD, f->id);
    page_spaces(p, 8);
    page_flow(p, page_columns(f->id) + 8, EXPLAIN_INDENT, STYLE_PLAIN, f->title);
    struct text t = text_of(line, sizeof line);
    text_format(&t, "stage %s   %s   act: %s   fact up to %s", stage_name(f->stage),
                severity_name(f->severity), owner_name(f->owner), confidence_name(f->best));
    if (prose->cause)
        text_format(&t, ", cause up to %s", confidence_name(prose->cause));
    page_flow(p, 0, EXPLAIN_INDENT, STYLE_PLAIN, line);
    if (!f->raised)
        explain_part(p, "In this version", "Nothing raises this finding yet.");
    explain_part(p, "What you see", prose->looks);
    explain_part(p, "What the packets show", prose->seen);
    explain_part(p, "What it means", prose->means);
    explain_list(p, "What causes it, most frequent first", prose->causes, 6);
    explain_part(p, "What it must not be confused with", prose->not_this);
    explain_part(p, "How sure is shakeout, and when does it stay silent", prose->sure);
    explain_list(p, "What to do now", prose->next, 3);
    explain_part(p, "What would decide", prose->deciding);
    explain_part(p, "Source", prose->source);
}

/* One line a finding of the family; an empty family is all of them.  Answers how many. */
static size_t explain_family(struct page *p, const char *family)
{
    size_t n = 0;
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct finding *f = finding_of((enum finding_id)i);
        if (*family && !finding_in_family((enum finding_id)i, family))
            continue;
        page_put(p, STYLE_BOLD, f->id);
        unsigned columns = page_columns(f->id);
        page_spaces(p, columns < 44 ? 44 - columns : 2);
        page_put(p, STYLE_PLAIN, f->title);
        page_end(p);
        n++;
    }
    return n;
}

/* What an alert tells depends on who sends it (RFC 8446 section 6). */
static const struct alert_meaning {
    uint8_t code;
    const char *means;
    enum finding_id from_client, from_server;
} alert_meanings[] = {
    { 0, "The sender closes the connection politely.", F_NONE, F_NONE },
    { 10, "A message came that does not belong there.", F_NONE, F_NONE },
    { 20, "A record could not be decrypted or was changed on the way.", F_TLS_RECORD_CORRUPT,
      F_TLS_RECORD_CORRUPT },
    { 40, "The sender finds nothing that both support, or refuses without saying why.",
      F_TLS_HANDSHAKE_FAILURE, F_TLS_HANDSHAKE_FAILURE },
    { 42, "The certificate of the other side was rejected, no reason given.",
      F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE, F_TLS_CLIENTCERT_REJECTED_BAD },
    { 43, "The certificate of the other side is of a kind that the sender does not take.",
      F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, F_TLS_CLIENTCERT_REJECTED_BAD },
    { 44, "The certificate of the other side was revoked.", F_TLS_CERT_REJECTED_BY_CLIENT_REVOKED,
      F_TLS_CLIENTCERT_REJECTED_REVOKED },
    { 45, "The certificate of the other side is out of date, or not valid yet.",
      F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, F_TLS_CLIENTCERT_REJECTED_EXPIRED },
    { 46, "The certificate of the other side was rejected for another reason.",
      F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN, F_TLS_CLIENTCERT_REJECTED_UNKNOWN },
    { 47, "A field has a value that is not allowed.", F_NONE, F_NONE },
    { 48, "The sender does not trust the authority that signed the other side's certificate.",
      F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, F_TLS_CLIENTCERT_REJECTED_UNKNOWN_CA },
    { 49, "The certificate is fine, but its owner is not let in.", F_NONE,
      F_TLS_SERVER_ACCESS_DENIED },
    { 50, "A message could not be read.", F_TLS_DECODE_ERROR, F_TLS_DECODE_ERROR },
    { 51, "A signature or a key check failed.", F_TLS_SIGNATURE_INVALID, F_TLS_SIGNATURE_INVALID },
    { 70, "The sender supports none of the TLS versions of the other side.",
      F_TLS_VERSION_NONE_COMMON, F_TLS_VERSION_NONE_COMMON },
    { 71, "The other side offers nothing that is strong enough.", F_TLS_CIPHER_NONE_COMMON,
      F_TLS_CIPHER_NONE_COMMON },
    { 80, "Something inside the sender failed, unrelated to the other side.",
      F_TLS_SERVER_INTERNAL_ERROR, F_TLS_SERVER_INTERNAL_ERROR },
    { 86, "A retry with a lower version was noticed and refused.", F_NONE,
      F_TLS_VERSION_FALLBACK_REJECTED },
    { 90, "The sender gives up the handshake for a reason of its own.", F_NONE, F_NONE },
    { 109, "An extension is missing that this version needs.", F_TLS_EXTENSION_PROBLEM,
      F_TLS_EXTENSION_PROBLEM },
    { 110, "An extension was sent that nobody asked for.", F_TLS_EXTENSION_PROBLEM,
      F_TLS_EXTENSION_PROBLEM },
    { 112, "The server does not serve the name that the client asked for.", F_NONE,
      F_TLS_SNI_UNRECOGNIZED },
    { 116, "The server wants a certificate of the client and got none.", F_NONE,
      F_TLS_CLIENTCERT_REQUIRED },
    { 120, "The server supports none of the protocols (ALPN) of the client.", F_NONE,
      F_TLS_ALPN_NONE_COMMON },
};

static void alert_line(struct page *p, const char *from, enum finding_id id)
{
    if (!id)
        return;
    page_format(p, STYLE_PLAIN, "  from the %s  ", from);
    page_put(p, STYLE_BOLD, finding_of(id)->id);
    page_end(p);
}

static bool explain_alert(struct page *p, const char *number)
{
    char *end;
    unsigned long code = strtoul(number, &end, 10);
    const char *name = code <= 255 ? tls_alert_name((uint8_t)code) : NULL;

    if (!isdigit((unsigned char)*number) || *end || !name)
        return false;
    page_format(p, STYLE_BOLD, "TLS alert %lu %s", code, name);
    page_end(p);
    for (size_t i = 0; i < sizeof alert_meanings / sizeof *alert_meanings; i++) {
        const struct alert_meaning *m = &alert_meanings[i];
        if (m->code != code)
            continue;
        explain_text(p, m->means);
        if (m->from_client || m->from_server)
            explain_heading(p, "Findings that rest on it");
        alert_line(p, "client", m->from_client);
        alert_line(p, "server", m->from_server);
    }
    explain_part(p, "Source", "RFC 8446 section 6; IANA TLS Alerts");
    return true;
}

static void refuse_unknown(const char *what, struct failure *failure)
{
    enum finding_id near = finding_nearest(what);
    *failure = (struct failure){ .why = "no such finding" };
    text_printable(what, strlen(what), failure->what, sizeof failure->what);
    if (near)
        snprintf(failure->remedy, sizeof failure->remedy,
                 "did you mean %s?   shakeout explain lists all", finding_of(near)->id);
    else
        snprintf(failure->remedy, sizeof failure->remedy, "shakeout explain lists all");
}

static bool explain_on(struct page *p, const char *what, struct failure *failure)
{
    if (!what || !*what)
        return explain_family(p, "") > 0;
    if (strncmp(what, "alert:", 6) == 0) {
        if (explain_alert(p, what + 6))
            return true;
        *failure = (struct failure){ .why = "no such TLS alert",
                                     .remedy = "alert:48 explains the one with that number" };
        text_printable(what, strlen(what), failure->what, sizeof failure->what);
        return false;
    }
    enum finding_id id = finding_find(what);
    if (id) {
        explain_finding(p, finding_of(id));
        return true;
    }
    if (explain_family(p, what))
        return true;
    refuse_unknown(what, failure);
    return false;
}

bool report_explain(FILE *out, const char *what, unsigned width, struct failure *failure)
{
    struct writer *writer = malloc(sizeof *writer);
    if (!writer) {
        *failure = (struct failure){ .what = "explain", .why = "no memory" };
        return false;
    }
    writer_open(writer, out);
    struct page page = { .writer = writer,
                         .width = width < PAGE_LEAST  ? PAGE_LEAST
                                  : width > PAGE_MOST ? PAGE_MOST
                                                      : width };
    bool ok = explain_on(&page, what, failure);
    writer_flush(writer);
    ok = ok && !writer_failed(writer, failure);
    free(writer);
    return ok;
}
