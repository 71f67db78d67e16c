#include "report/trusted.h"

enum side trusted_side(enum finding_id id)
{
    return finding_in_family(id, "tls.clientcert") ? CLIENT : SERVER;
}

/* Is the chain there, whole, so that it could have been judged? */
static bool could_be_judged(const struct facts *f, enum side side)
{
    const struct session *session = f->verdict->flow ? f->verdict->flow->session : NULL;
    return session && session->n_chain[side] && !session->chain_cut[side];
}

/* Nor does any client read it. */
static bool add_unreadable(const struct facts *f, enum side side, struct text *out)
{
    const struct session *session = f->verdict->flow->session;

    for (size_t i = 0; i < session->n_chain[side]; i++)
        if (!cert_facts(session->chain[side][i])->parsed) {
            text_format(out, "not judged: certificate %zu of the chain is not readable as X.509",
                        i + 1);
            return true;
        }
    return false;
}

static void add_good(const struct trust_reading *trust, struct text *out)
{
    text_format(out, "by the bundle given the chain leads to \"%s\"", trust->authority);
    if (trust->lacks[0])
        text_format(out, ", but only with the intermediate \"%s\", which was not sent",
                    trust->lacks);
}

bool trusted_text(const struct facts *f, struct text *out)
{
    enum side side = f->group ? trusted_side(f->group->id) : SERVER;

    if (!f->verdict || finding_of(f->group->id)->stage != STAGE_CERT || !could_be_judged(f, side))
        return false;
    const struct trust_reading *trust = f->verdict->trust[side];
    if (add_unreadable(f, side, out))
        return true;
    if (!trust)
        text_add(out, f->scene && f->scene->trust
                          ? "not judged: more chains than can be kept"
                          : "not judged; --ca-bundle holds the chain against the authorities "
                            "that clients trust");
    else if (!trust->error)
        add_good(trust, out);
    else
        text_format(out, "by the bundle given \"%s\" %s (OpenSSL: %s, error %d)", trust->at,
                    trust->means, trust->text, trust->error);
    return true;
}

void trusted_json(struct writer *w, const struct trust_reading *trust, bool *cut)
{
    json_object(w, "trust");
    json_word(w, "result", trust->word);
    json_object(w, "openssl");
    json_number(w, "error", (uint64_t)trust->error);
    json_string(w, "text", trust->text, cut);
    json_end_object(w);
    if (trust->error) {
        json_number(w, "depth", trust->depth);
        json_string(w, "certificate", trust->at, cut);
    } else {
        json_string(w, "authority", trust->authority, cut);
    }
    if (trust->lacks[0])
        json_string(w, "not_sent", trust->lacks, cut);
    json_end_object(w);
}
