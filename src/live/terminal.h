/* terminal.h - the terminal that this program was started on, as ncurses sees it.
 *
 * What it is: a canvas out, keys in.  There is one terminal, so there is no object.
 * Whatever ends the program, the terminal is as it was before: on terminal_close, on exit, on
 * signals that kill; while the program is stopped (SIGTSTP) it belongs to others.
 * What it refuses: blocking. */
#pragma once

#include "base/failure.h"
#include "live/canvas.h"

#include <stdbool.h>
#include <stdint.h>

enum { TERMINAL_SAID = 16384 };

/* Reads what is known of this terminal (terminfo) and takes it over; false with a failure.  From
 * now on what is written to stderr is kept, at most TERMINAL_SAID octets, until it is closed. */
bool terminal_open(bool colour, struct failure *failure);
void terminal_close(void); /* once is enough; accepts one that is not open */

void terminal_size(unsigned *rows, unsigned *columns);

/* All of it has to be painted: the size changed, or somebody else wrote on it. */
bool terminal_is_stale(void);
void terminal_paint(const struct canvas *canvas);

/* The next key, a code point or enum view_key; 0 = none is waiting. */
uint32_t terminal_key(void);

/* Nobody sits before it any more. */
bool terminal_is_gone(void);
