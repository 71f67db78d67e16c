/* side.h - the two ends of a connection, used as an index so that no code exists twice. */
#pragma once

enum side { CLIENT, SERVER, SIDES };

static inline enum side side_other(enum side side) { return side == CLIENT ? SERVER : CLIENT; }
static inline const char *side_name(enum side side) { return side == CLIENT ? "client" : "server"; }
