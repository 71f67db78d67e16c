#include "x509/trust.h"

#include "base/table.h"
#include "base/text.h"
#include "x509/bundle.h"
#include "x509/facts.h"
#include "x509/parsed.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct trust {
    struct bundle bundle;
    struct table readings; /* struct chain_key -> struct trust_reading */
    bool dumb;
};

/* The time at which the newest change before the question came stands for the question's time. */
struct chain_key {
    const struct cert *cert[TRUST_DEPTH];
    int64_t since_s;
    uint64_t sender;
};

struct trust *trust_open(const char *where, struct failure *failure)
{
    struct trust *t = calloc(1, sizeof *t);

    if (t && bundle_open(where, &t->bundle, failure) &&
        table_open(&t->readings, sizeof(struct chain_key), sizeof(struct trust_reading),
                   TRUST_CHAINS))
        return t;
    if (!t || t->bundle.n)
        *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    trust_close(t);
    return NULL;
}

void trust_close(struct trust *t)
{
    if (!t)
        return;
    table_close(&t->readings);
    bundle_close(&t->bundle);
    free(t);
}

/* Without memory for a new table nothing is read any more. */
void trust_forget(struct trust *t)
{
    if (!t)
        return;
    table_close(&t->readings);
    t->dumb = !table_open(&t->readings, sizeof(struct chain_key), sizeof(struct trust_reading),
                          TRUST_CHAINS);
}

size_t trust_size(const struct trust *t) { return t->bundle.n; }

/* ---- what OpenSSL says, in other words
 * ----------------------------------------------------------- */

static const struct meaning {
    int error;
    const char *word;
    bool untrusted;
    const char *means;
} meanings[] = {
    { X509_V_OK, "ok", false, "leads to an authority of the bundle" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "no-issuer", true,
      "was issued by nobody in the bundle, nor by a certificate that was sent" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "no-issuer", true,
      "was issued by nobody in the bundle, nor by a certificate that was sent" },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "no-issuer", true,
      "was issued by nobody in the bundle, nor by a certificate that was sent" },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed", true,
      "signs itself and is not in the bundle" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown-authority", true,
      "is the authority that was sent, and is not in the bundle" },
    { X509_V_ERR_CERT_UNTRUSTED, "unknown-authority", true, "is not trusted for this use" },
    { X509_V_ERR_CERT_REJECTED, "refused", true, "is refused for this use by the bundle" },
    { X509_V_ERR_CERT_HAS_EXPIRED, "expired", false, "had expired" },
    { X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid", false, "was not valid yet" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature", true,
      "was not signed by the authority that it names" },
    { X509_V_ERR_INVALID_CA, "no-authority", true, "issues, but is no authority" },
    { X509_V_ERR_INVALID_PURPOSE, "wrong-use", false, "is not meant for this use" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, "path-length", true,
      "has more authorities below it than it allows" },
    { X509_V_ERR_PERMITTED_VIOLATION, "name-constraint", true,
      "has a name that an authority above it may not give" },
    { X509_V_ERR_EXCLUDED_VIOLATION, "name-constraint", true,
      "has a name that an authority above it must not give" },
};

_Static_assert(TRUST_EXPIRED == X509_V_ERR_CERT_HAS_EXPIRED, "OpenSSL's numbers are stable");

static void put_meaning(struct trust_reading *r)
{
    static const struct meaning other = { 0, "other", false, "does not pass" };
    const struct meaning *m = &other;

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].error == r->error)
            m = &meanings[i];
    r->text = X509_verify_cert_error_string(r->error);
    r->word = m->word;
    r->means = m->means;
    r->untrusted = m->untrusted;
}

/* ---- one verification
 * ---------------------------------------------------------------------------- */

static void put_name(X509 *x, char out[TRUST_NAME])
{
    struct cert_facts *facts = x ? calloc(1, sizeof *facts) : NULL;

    if (!facts)
        return;
    facts_names(x, facts);
    text_copy(out, TRUST_NAME, facts->subject_cn[0] ? facts->subject_cn : facts->subject);
    free(facts);
}

static bool was_sent(X509 *const *sent, size_t n, const X509 *x)
{
    for (size_t i = 0; i < n; i++)
        if (sent[i] && X509_cmp(sent[i], x) == 0)
            return true;
    return false;
}

/* An authority below the root that came from the bundle alone. */
static void put_lacking(const STACK_OF(X509) * built, X509 *const *sent, size_t n,
                        struct trust_reading *r)
{
    for (int i = 1; i < sk_X509_num(built); i++) {
        X509 *x = sk_X509_value(built, i);
        bool is_root = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
        if (is_root || was_sent(sent, n, x))
            continue;
        put_name(x, r->lacks);
        return;
    }
}

static void verify(X509_STORE_CTX *ctx, X509 *const *sent, size_t n, struct trust_reading *r)
{
    if (X509_verify_cert(ctx) == 1)
        r->error = X509_V_OK;
    else
        r->error = X509_STORE_CTX_get_error(ctx);
    if (!r->error) {
        const STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
        put_lacking(built, sent, n, r);
        put_name(sk_X509_value(built, sk_X509_num(built) - 1), r->authority);
        return;
    }
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    r->depth = depth > 0 ? (unsigned)depth : 0;
    put_name(X509_STORE_CTX_get_current_cert(ctx), r->at);
}

static void set_time(X509_STORE_CTX *ctx, int64_t at_s)
{
    if (at_s == TRUST_NO_TIME)
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
    else
        X509_STORE_CTX_set_time(ctx, 0, (time_t)at_s);
}

static void verify_sent(struct trust *t, X509 *const *sent, size_t n, enum side sender,
                        int64_t at_s, struct trust_reading *r)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int use = sender == SERVER ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
    bool whole = ctx && others;

    for (size_t i = 1; i < n && whole; i++)
        whole = !sent[i] || sk_X509_push(others, sent[i]) > 0;
    r->error = X509_V_ERR_UNSPECIFIED;
    if (whole && X509_STORE_CTX_init(ctx, t->bundle.store, sent[0], others) == 1) {
        X509_STORE_CTX_set_purpose(ctx, use);
        set_time(ctx, at_s);
        verify(ctx, sent, n, r);
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_free(others);
    ERR_clear_error();
}

static void read_chain(struct trust *t, const struct cert *const *chain, size_t n, enum side sender,
                       int64_t at_s, struct trust_reading *r)
{
    X509 *sent[TRUST_DEPTH] = { NULL };

    for (size_t i = 0; i < n; i++)
        sent[i] = parsed_of(chain[i]);
    if (sent[0])
        verify_sent(t, sent, n, sender, at_s, r);
    else
        r->error = X509_V_ERR_UNSPECIFIED;
    put_meaning(r);
    for (size_t i = 0; i < n; i++)
        parsed_release(chain[i], sent[i]);
}

/* ---- each question once
 * -------------------------------------------------------------------------- */

static void newest(int64_t border_s, int64_t at_s, int64_t *since_s)
{
    if (border_s <= at_s && border_s > *since_s)
        *since_s = border_s;
}

/* The newest time up to at_s at which a certificate began or ended to be valid: until the next one
 * the answer stays. */
static int64_t since_of(const struct trust *t, const struct cert *const *chain, size_t n,
                        int64_t at_s)
{
    int64_t since_s = INT64_MIN + 1;
    size_t low = 0, high = t->bundle.n_borders;

    if (at_s == TRUST_NO_TIME)
        return TRUST_NO_TIME;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->bundle.border_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low)
        since_s = t->bundle.border_s[low - 1];
    for (size_t i = 0; i < n; i++) {
        newest(cert_facts(chain[i])->not_before_s, at_s, &since_s);
        newest(cert_facts(chain[i])->not_after_s, at_s, &since_s);
    }
    return since_s;
}

const struct trust_reading *trust_read(struct trust *t, const struct cert *const *chain, size_t n,
                                       enum side sender, int64_t at_s)
{
    struct chain_key key;

    if (!t || t->dumb || !n)
        return NULL;
    memset(&key, 0, sizeof key);
    n = n < TRUST_DEPTH ? n : TRUST_DEPTH;
    memcpy(key.cert, chain, n * sizeof(struct cert *));
    key.since_s = since_of(t, chain, n, at_s);
    key.sender = sender;
    struct trust_reading *r = table_put(&t->readings, &key);
    if (r && !r->text)
        read_chain(t, chain, n, sender, at_s, r);
    return r;
}
