#include "verdict/keyless.h"

#include <string.h>

static bool was_opened(const struct tls *t)
{
    return t && t->opened && t->opened->n_opened[CLIENT] + t->opened->n_opened[SERVER];
}

static void messages_hide(struct keyless *k)
{
    const struct tls_message *all = k->tls.messages;
    uint16_t n = 0;

    for (size_t i = 0; i < k->tls.n_messages; i++)
        if (!all[i].opened)
            k->messages[n++] = all[i];
    k->tls.messages = k->messages;
    k->tls.n_messages = n;
}

/* Up to TLS 1.2 the record's type tells that it was an alert; in TLS 1.3 nothing does. */
static void alerts_hide(struct keyless *k)
{
    const struct tls_alert *all = k->tls.alerts;
    uint16_t n = 0;

    for (size_t i = 0; i < k->tls.n_alerts; i++) {
        if (all[i].opened && k->tls.chose_13)
            continue;
        k->alerts[n] = all[i];
        if (all[i].opened) {
            k->alerts[n].encrypted = true;
            k->alerts[n].level = k->alerts[n].code = 0;
        }
        n++;
    }
    k->tls.alerts = k->alerts;
    k->tls.n_alerts = n;
}

static void certificates_hide(struct keyless *k)
{
    memset(&k->tls.certificate_request, 0, sizeof k->tls.certificate_request);
    k->tls.request_schemes = bytes_whole(NULL, 0);
    k->tls.request_authorities = 0;
    for (enum side side = CLIENT; side < SIDES; side++) {
        memset(&k->tls.certificate[side], 0, sizeof k->tls.certificate[side]);
        k->tls.n_certificates[side] = 0;
        k->session.chain[side] = NULL;
        k->session.n_chain[side] = 0;
        k->session.chain_cut[side] = false;
    }
}

bool keyless_of(const struct flow *flow, struct keyless *out)
{
    const struct session *session = flow->session;

    if (!session || !was_opened(session->tls))
        return false;
    out->flow = *flow;
    out->session = *session;
    out->tls = *session->tls;
    out->flow.session = &out->session;
    out->session.flow = &out->flow;
    out->session.tls = &out->tls;
    out->tls.opened = NULL;
    out->tls.keep = false;
    messages_hide(out);
    alerts_hide(out);
    if (out->tls.chose_13)
        certificates_hide(out);
    return true;
}

/* "tls.cert.rejected_by_client." and the like: the id as far as its second point, or its first. */
static bool same_family(const char *a, const char *b)
{
    const char *family[] = { "tls.cert.rejected_by_client.", "tls.clientcert.", "ok." };

    for (size_t i = 0; i < sizeof family / sizeof *family; i++)
        if (strncmp(a, family[i], strlen(family[i])) == 0)
            return strncmp(b, family[i], strlen(family[i])) == 0;
    return false;
}

static bool is_open(const char *id)
{
    return strncmp(id, "cannot_tell.", 12) == 0 || strncmp(id, "info.", 5) == 0;
}

enum agreement keyless_agrees(const struct raised *inferred, const struct raised *read)
{
    const char *a = finding_of(inferred->id)->id, *b = finding_of(read->id)->id;

    if (inferred->id == read->id || same_family(a, b))
        return AGREEMENT_RIGHT;
    return is_open(a) ? AGREEMENT_UNDECIDED : AGREEMENT_WRONG;
}

const char *agreement_name(enum agreement agreement)
{
    static const char *const names[] = { "", "right", "undecided", "wrong" };
    return names[agreement];
}
