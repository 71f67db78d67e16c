/* plain.h - the first octets of each side, and names for conversations that are not TLS.
 *
 * What it is: opening_note keeps what a person would quote (first octets, first line, HTTP status);
 * plain_label gives a protocol name, by our own look first and by nDPI for the rest.
 * What it refuses: deciding anything from nDPI's names. */
#pragma once

#include "session/session.h"

/* Keeps the start of a side; does nothing when it has been kept. */
void opening_note(struct session *s, enum side from, const struct bytes *window);

/* Is this the beginning of a line of text whose end has not come?  Then it is worth waiting. */
bool opening_unfinished(const struct bytes *window);

/* Octets of a PROXY protocol header that a load balancer put before the conversation (versions 1
 * and 2 of the specification by HAProxy); 0 when there is none, or not all of it yet. */
size_t proxy_header(const struct bytes *window);

/* The window may be the beginning of one, and its end has not come. */
bool proxy_header_unfinished(const struct bytes *window);

/* The name of the protocol whose greeting these first octets of a side are; NULL when they are
 * none. *maybe: more octets could make one of them. */
const char *plain_greeting(enum side from, const struct bytes *window, bool *maybe);

/* Sets s->protocol when these octets tell it. */
void plain_label(struct session *s, enum side from, const struct bytes *window);
