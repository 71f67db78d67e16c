/* turns.h - commands of a client and replies of a server in turn, each reply joined to its command.
 *
 * What it is: what SMTP and FTP have in common (RFC 5321 section 2.4, RFC 959 section 5.4): a line
 * asks, a reply of three digits answers, the first reply greets, several commands may wait at once.
 * A reply that was captured ahead of its command waits for it.  What a dissector asked for is a
 * number of its own, not 0.
 * Faults: of a packet that was cut the first words are read; as nobody knows what else it had,
 * SAID_OUT_OF_STEP is said, and the client's next line begins anew.  Behind a loss nothing is
 * joined any more: TURN_LOST. */
#pragma once

#include "session/dissector.h"
#include "session/reply.h"

enum { TURNS_WAITING = 128, TURNS_HELD = 8192, TURNS_LINES = 1 << 20 };

enum turn_step {
    TURN_MORE, /* its end has not come, or it waits */
    TURN_LINE,
    TURN_LOST,
    TURN_ALIEN, /* no reply */
};

struct turns { /* begins zeroed */
    struct line_reader commands;
    struct reply_reader replies;
    bool greeted;   /* there is no greeting any more */
    bool lost;      /* nobody knows which reply belongs to which command */
    bool unsure;    /* there may have been more commands than are counted */
    bool reply_cut; /* the reply being read may have ended where nobody saw it */
    uint8_t n;
    uint32_t lines;
    uint8_t asked[TURNS_WAITING];
};

/* One line of the client. */
enum turn_step turns_command(struct session *s, struct turns *t, struct bytes *in,
                             struct bytes *line);

/* One line of a reply.  *cut: its end was cut off. */
enum turn_step turns_reply(struct session *s, struct turns *t, struct bytes *in,
                           struct reply *reply, bool *cut);

/* Now a reply is waited for. */
void turns_ask(struct session *s, struct turns *t, uint8_t asked);

/* What this reply answers; 0 = nothing. */
uint8_t turns_next(struct turns *t);

/* Is it the greeting?  Not when the conversation began before the capture. */
bool turns_is_greeting(const struct turns *t, uint16_t code);

/* Once TLS is agreed on: more octets may make this a hello, and the session takes over when they
 * do. */
enum step turns_await_tls(const struct session *s, enum side from, const struct bytes *in);

void turns_lose(struct session *s, struct turns *t);
