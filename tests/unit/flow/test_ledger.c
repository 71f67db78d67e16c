#include "flow/ledger.h"
#include "wire.h"

#include <stdlib.h>

/* A connection in steps: who sends (c, s), what (S SYN, A ACK, F FIN, R RST), how many octets, and
 * behind @ from which octet on when that is not the next. */
struct walk {
    struct wire wire;
    struct ledgers *ledgers;
    struct flow *flow;
    uint32_t next[SIDES];
    size_t header;
};

static struct walk walk_begin(void)
{
    struct walk w = { .wire = wire_open(), .ledgers = ledgers_open(), .header = 14 };
    cr_assert_not_null(w.ledgers);
    return w;
}

static void walk_end(struct walk *w)
{
    ledgers_close(w->ledgers);
    flows_close(w->wire.flows);
}

static void walk_step(struct walk *w, const char *step)
{
    enum side from = step[0] == 'c' ? CLIENT : SERVER;
    uint8_t flags = 0;
    size_t length;

    for (step++; *step && strchr("SAFRW", *step); step++) {
        w->wire.window = *step == 'W' ? 0 : w->wire.window;
        flags |= *step == 'S'   ? TCP_SYN
                 : *step == 'A' ? TCP_ACK
                 : *step == 'F' ? TCP_FIN
                 : *step == 'R' ? TCP_RST
                                : 0;
    }
    length = strtoul(step, (char **)&step, 10);
    uint32_t seq = *step == '@' ? (uint32_t)strtoul(step + 1, NULL, 10) : w->next[from];
    w->wire.now_ns += MS;
    struct packet p = wire_segment(&w->wire, from, flags, seq, w->next[side_other(from)], length);
    p.ip_length = (uint16_t)(40 + length);
    w->flow = wire_take(&w->wire, &p);
    ledger_take(w->ledgers, w->flow, &p, w->wire.from, w->header + p.ip_length);
    uint32_t after = seq + (uint32_t)length + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
    w->next[from] = after > w->next[from] ? after : w->next[from];
    w->wire.window = 500;
}

static void walk(struct walk *w, const char *steps, struct ledger *out)
{
    for (const char *step = steps; *step; step += strspn(step, " ")) {
        walk_step(w, step);
        step += strcspn(step, " ");
    }
    cr_assert(ledger_of(w->ledgers, w->flow, out));
}

/* The table of conn_state in Zeek's documentation, an exchange for each of its words. */
Test(ledger, each_state_of_zeek_has_its_exchange)
{
    static const struct row {
        const char *steps, *state, *letters;
    } rows[] = {
        { "cS cS cS", "S0", "S" },
        { "cS sRA", "REJ", "Sr" },
        { "cS sSA cA", "S1", "ShA" },
        { "cS sSA cA cFA sA", "S2", "ShAFa" },
        { "cS sSA cA sFA cA", "S3", "ShAf" },
        { "cS sSA cA cA10 sA sA20 cFA sFA cA", "SF", "ShADadFf" },
        { "cS sSA cA cA10 cRA", "RSTO", "ShADR" },
        { "cS sSA cA cA10 sRA", "RSTR", "ShADr" },
        { "cS cR", "RSTOS0", "SR" },
        { "sSA sR", "RSTRH", "^hr" },
        { "cS cFA", "SH", "SF" },
        { "sSA sFA", "SHR", "^hf" },
        { "cA10 sA", "OTH", "Da" },
        { "cS sSA cA cFA sFA cRA", "SF", "ShAFfR" }, /* a reset behind both FINs changes nothing */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct walk w = walk_begin();
        struct ledger l;
        walk(&w, rows[i].steps, &l);
        cr_expect_str_eq(l.state, rows[i].state, "%s: %s", rows[i].steps, l.state);
        cr_expect_str_eq(l.letters, rows[i].letters, "%s: %s", rows[i].steps, l.letters);
        walk_end(&w);
    }
}

Test(ledger, repeats_and_closed_windows_are_told_at_the_first_and_the_tenth)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "cS sSA cA cA10 cA10@1 cA10@1", &l);
    cr_expect_str_eq(l.letters, "ShADT");
    walk(&w, "cA10@1 cA10@1 cA10@1 cA10@1 cA10@1 cA10@1 cA10@1 cA10@1", &l);
    cr_expect_str_eq(l.letters, "ShADTT");
    walk(&w, "sAW sAW", &l);
    cr_expect_str_eq(l.letters, "ShADTTaw", "%s", l.letters);
    walk_end(&w);
}

Test(ledger, octets_are_counted_by_numbers_and_by_packets)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "cS sSA cA cA10 cA10@1 sA20 cFA sFA cA", &l);
    cr_expect_eq(l.stream_bytes[CLIENT], 10);
    cr_expect_eq(l.stream_bytes[SERVER], 20);
    cr_expect_eq(l.ip_bytes[CLIENT], 6 * 40 + 20);
    cr_expect_eq(l.frame_bytes[SERVER], 3 * 54 + 20);
    cr_expect_eq(l.duration_ns, 7 * MS, "up to the second FIN"); /* the last ACK is no part */
    cr_expect_eq(l.flags[CLIENT], TCP_SYN | TCP_ACK | TCP_FIN);
    walk_end(&w);
}

Test(ledger, an_acknowledgement_of_octets_never_seen_is_a_gap)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "cS sSA cA", &l);
    w.next[SERVER] += 100; /* sent, and not captured */
    walk(&w, "cA", &l);
    cr_expect_eq(l.missed_bytes, 100);
    cr_expect_str_eq(l.letters, "ShAg");
    cr_expect_eq(l.stream_bytes[SERVER], 100);
    walk_end(&w);
}

Test(ledger, times_too_far_apart_are_no_overflow)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "cS", &l);
    w.flow->first_ns = INT64_MIN;
    cr_assert(ledger_of(w.ledgers, w.flow, &l));
    cr_expect_eq(l.duration_ns, INT64_MAX);
    walk_end(&w);
}

Test(ledger, exchanged_roles_turn_the_letters)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "sA10 cA", &l);
    cr_expect_str_eq(l.letters, "^dA");
    flow_swap_roles(w.flow, ROLE_HELLO);
    cr_assert(ledger_of(w.ledgers, w.flow, &l));
    cr_expect_str_eq(l.letters, "Da");
    walk_end(&w);
}

Test(ledger, a_record_is_that_of_its_flow_alone)
{
    struct walk w = walk_begin();
    struct ledger l;

    walk(&w, "cS sRA", &l);
    w.flow->first_frame += 100;
    cr_expect_not(ledger_of(w.ledgers, w.flow, &l));
    cr_expect_not(ledger_of(NULL, w.flow, &l));
    walk_end(&w);
}
