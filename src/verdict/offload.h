/* offload.h - connections that a firewall forwards in hardware, past its own sniffer.
 *
 * What it is: network processors of a FortiGate take a connection over once it is open; what is
 * recorded there are its first packets, and its end.  Told where the whole input has no octet of
 * TCP payload although the server answered at least twice, and the input is text of a FortiGate
 * sniffer, or a side is next to hardware of that maker and the close counts octets nobody saw.
 * In the text of a sniffer a connection that goes mute for three seconds may be one (possible).
 * What it refuses: a connection whose close counts none: nothing was hidden. */
#pragma once

#include "verdict/raise.h"

/* cannot_tell.offloaded, or id F_NONE. */
struct raised offload_judge(const struct matter *m);
