/* labeller.h - nDPI behind a wall: names for traffic that nothing of ours knows.
 *
 * What it refuses: deciding anything.  A name may be shown as a label; no verdict rests on one.
 * It stands alone because nDPI's headers pull in netinet/tcp.h, whose state names are ours too. */
#pragma once

#include <stdint.h>

struct labeller; /* opaque; loads nDPI at first use, because that takes tens of milliseconds */

struct labeller *labeller_open(void); /* NULL without memory */
void labeller_close(struct labeller *labeller);

/* Shows nDPI one IPv4 packet of a conversation.  *memory is nDPI's for that conversation, NULL at
 * first; free it with labeller_forget.  NULL while it does not know.  The name lives as long as the
 * labeller. */
const char *labeller_guess(struct labeller *labeller, void **memory, const uint8_t *packet,
                           uint16_t n, uint64_t time_ms);
void labeller_forget(void **memory);

const char *labeller_library(void); /* nDPI's version, for --version */
