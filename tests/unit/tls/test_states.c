/* The rows of src/tls/handshake.c against the figures of the RFCs, message by message.
 *
 * Both are walked together from the start: wherever a conversation that both know may have come to,
 * each message of each side is asked of both.  What an RFC allows our rows must allow; what only
 * our rows allow stands in `lenient`, with the reason, and nowhere else. */
#include "tls/tls.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum rfc_state {
#define PLAIN(now, from, message, next, source)  RFC_FROM_##now##_##from##_##message,
#define SEALED(now, from, message, next, source) RFC_FROM_##now##_##from##_##message,
#include "rfc_states.def"
#undef PLAIN
#undef SEALED
    RFC_ARROWS
};

/* States are their names: two arrows meet where they are spelled alike. */
static const struct arrow {
    const char *now;
    enum side from;
    uint16_t message;
    const char *next, *source;
    bool sealed;
} arrows[RFC_ARROWS] = {
#define PLAIN(now, from, message, next, source)  { #now, from, TLS_##message, #next, source, false },
#define SEALED(now, from, message, next, source) { #now, from, TLS_##message, #next, source, true },
#include "rfc_states.def"
#undef PLAIN
#undef SEALED
};

/* clang-format off */
static struct lenient {
    enum tls_state now;  enum side from;  uint16_t message;  const char *why;
    unsigned met;
} lenient[] = {
    /* The reader itself marks a second retry (RFC 8446 section 4.1.4). */
    { TLS_OFFERED, SERVER, TLS_HELLO_RETRY_REQUEST, "a retry after a retry", 0 },
    { TLS_OFFERED, SERVER, TLS_SERVER_HELLO, "an older version after a retry", 0 },
    { TLS_OFFERED, SERVER, TLS_HELLO_REQUEST, "after a retry", 0 },

    /* One state stands for the whole flight: what belongs to it may come twice, or in another order. */
    { TLS_CHOSEN, SERVER, TLS_NEW_SESSION_TICKET, "twice, or in a full handshake", 0 },
    { TLS_CHOSEN, SERVER, TLS_SUPPLEMENTAL_DATA, "twice, or behind a ticket or a key", 0 },
    { TLS_CHOSEN, SERVER, TLS_CERTIFICATE, "behind a ticket or a key", 0 },
    { TLS_CHOSEN, SERVER, TLS_SERVER_KEY_EXCHANGE, "twice, or behind a ticket", 0 },
    { TLS_CHOSEN, SERVER, TLS_SERVER_HELLO_DONE, "behind a ticket", 0 },
    { TLS_CHOSEN, SERVER, TLS_KEY_CHANGE, "behind a key or supplemental data", 0 },
    { TLS_CERTIFIED, SERVER, TLS_CERTIFICATE_STATUS, "twice, or late", 0 },
    { TLS_CERTIFIED, SERVER, TLS_SERVER_KEY_EXCHANGE, "twice, or late", 0 },
    { TLS_CERTIFIED, SERVER, TLS_CERTIFICATE_REQUEST, "twice", 0 },
    { TLS_KEYED, CLIENT, TLS_SUPPLEMENTAL_DATA, "twice, or late", 0 },
    { TLS_KEYED, CLIENT, TLS_CERTIFICATE, "unasked, or twice", 0 },
    { TLS_KEYED, CLIENT, TLS_CERTIFICATE_URL, "unasked, or twice", 0 },
    { TLS_KEYED, CLIENT, TLS_CLIENT_KEY_EXCHANGE, "asked for a certificate: SSL 3.0 has an alert for it", 0 },
    { TLS_CLIENT_KEYED, CLIENT, TLS_CERTIFICATE_VERIFY, "without a certificate, or twice", 0 },

    /* Sealed records are counted, and not told apart. */
    { TLS_CLIENT_SEALED, CLIENT, TLS_FINISHED, "in several records", 0 },
    { TLS_CLIENT_SEALED, SERVER, TLS_FINISHED, "without a change of keys: it was lost", 0 },
    { TLS_CLIENT_SEALED, SERVER, TLS_KEY_CHANGE, "twice, or ahead of the client's Finished", 0 },
    { TLS_CLIENT_SEALED, SERVER, TLS_NEW_SESSION_TICKET, "twice, or ahead of the client's Finished", 0 },
    { TLS_CLIENT_SEALED, SERVER, TLS_HELLO_REQUEST, "behind the change of keys", 0 },
    { TLS_SERVER_SEALED, SERVER, TLS_FINISHED, "in several records", 0 },
    { TLS_SERVER_SEALED, CLIENT, TLS_FINISHED, "without a change of keys: it was lost", 0 },
    { TLS_SERVER_SEALED, CLIENT, TLS_KEY_CHANGE, "twice, or ahead of the server's Finished", 0 },
};
/* clang-format on */

/* ---- the walk ---- */

struct pair {
    enum tls_state ours;
    const char *rfc;
};

enum { PAIRS_MAX = 512 };

static struct walk {
    struct pair pair[PAIRS_MAX];
    size_t n;
    char complaints[4096];
} walk;

static void complain(const char *what, const struct pair *at, enum side from, uint16_t message)
{
    size_t n = strlen(walk.complaints);

    snprintf(walk.complaints + n, sizeof walk.complaints - n, "%s: state %d (%s), %s, message %u\n",
             what, (int)at->ours, at->rfc, from == CLIENT ? "client" : "server", message);
}

static void go_to(enum tls_state ours, const char *rfc)
{
    for (size_t i = 0; i < walk.n; i++)
        if (walk.pair[i].ours == ours && strcmp(walk.pair[i].rfc, rfc) == 0)
            return;
    cr_assert_lt(walk.n, PAIRS_MAX);
    walk.pair[walk.n++] = (struct pair){ ours, rfc };
}

static const struct arrow *arrow_of(const char *now, enum side from, uint16_t message)
{
    for (size_t i = 0; i < RFC_ARROWS; i++)
        if (!arrows[i].sealed && arrows[i].from == from && arrows[i].message == message &&
            strcmp(arrows[i].now, now) == 0)
            return &arrows[i];
    return NULL;
}

static bool is_lenient(const struct pair *at, enum side from, uint16_t message)
{
    for (size_t i = 0; i < sizeof lenient / sizeof *lenient; i++)
        if (lenient[i].now == at->ours && lenient[i].from == from && lenient[i].message == message)
            return ++lenient[i].met;
    return false;
}

static void ask_both(struct pair at, enum side from, uint16_t message)
{
    const struct arrow *theirs = arrow_of(at.rfc, from, message);
    int ours = tls_edge_next(at.ours, from, message);

    if (theirs && ours >= 0)
        go_to((enum tls_state)ours, theirs->next);
    else if (theirs)
        complain("an RFC allows it, our rows do not", &at, from, message);
    else if (ours >= 0 && !is_lenient(&at, from, message))
        complain("our rows allow it, no RFC does", &at, from, message);
}

/* A sealed message moves them, and nothing of ours. */
static void follow_sealed(struct pair at)
{
    for (size_t i = 0; i < RFC_ARROWS; i++)
        if (arrows[i].sealed && strcmp(arrows[i].now, at.rfc) == 0)
            go_to(at.ours, arrows[i].next);
}

static void walk_both(void)
{
    walk.n = 0;
    go_to(TLS_START, "NOTHING");
    for (size_t i = 0; i < walk.n; i++) {
        follow_sealed(walk.pair[i]);
        for (enum side from = CLIENT; from < SIDES; from++) {
            for (uint16_t message = 0; message <= UINT8_MAX; message++)
                ask_both(walk.pair[i], from, message);
            for (uint16_t message = TLS_HELLO_RETRY_REQUEST; message <= TLS_KEY_CHANGE; message++)
                ask_both(walk.pair[i], from, message);
        }
    }
}

/* ---- what must come of it ---- */

static bool was_met(const char *rfc)
{
    for (size_t i = 0; i < walk.n; i++)
        if (strcmp(walk.pair[i].rfc, rfc) == 0)
            return true;
    return false;
}

Test(states, the_rows_allow_what_the_rfcs_draw_and_beyond_it_only_what_is_listed)
{
    walk_both();

    cr_assert_str_eq(walk.complaints, "", "\n%s", walk.complaints);
}

Test(states, each_leniency_is_one)
{
    walk_both();

    for (size_t i = 0; i < sizeof lenient / sizeof *lenient; i++)
        cr_assert_gt(lenient[i].met, 0, "row %zu: no RFC forbids it there, or our rows do", i);
}

Test(states, each_state_of_both_is_reached)
{
    bool reached[TLS_STATES] = { false };

    walk_both();

    for (size_t i = 0; i < walk.n; i++)
        reached[walk.pair[i].ours] = true;
    for (int state = 0; state < TLS_STATES; state++)
        cr_assert(reached[state], "our state %d", state);
    for (size_t i = 0; i < RFC_ARROWS; i++)
        cr_assert(was_met(arrows[i].next), "%s", arrows[i].next);
}

/* Neither earlier nor later than the RFCs: their ends are ours. */
Test(states, a_handshake_is_over_for_both_at_the_same_message)
{
    walk_both();

    for (size_t i = 0; i < walk.n; i++) {
        const char *rfc = walk.pair[i].rfc;
        bool is_13 = strstr(rfc, "_13") != NULL;
        cr_assert_eq(walk.pair[i].ours == TLS_UP, strcmp(rfc, "UP") == 0, "%s", rfc);
        cr_assert_eq(walk.pair[i].ours == TLS_SEALED, is_13, "%s", rfc);
    }
}
