/* absence.h - what may be concluded from something that was not seen (rules R2 and R3).
 *
 * What it is: conditions that must hold before silence is evidence; every one that does not lowers
 * the word by one step.  Below `possible` there is no conclusion, and none from a capture in which
 * nothing that this host asked is answered: that is one direction only.
 * What it refuses: silence near the end of the capture: that is for the caller, who knows how long
 * an answer may take.
 * Also tells what a side was silent about in the whole capture. */
#pragma once

#include "verdict/matter.h"

enum absence_unmet {
    UNMET_DIRECTION = 0x01, /* nothing proves that packets of that side are captured */
    UNMET_NOBODY = 0x10,    /* ... and what else the other side asked is unanswered too */
    UNMET_LOSS = 0x02,      /* the capture lost packets, octets of that side, or an interface */
    UNMET_FILTER = 0x04,    /* a capture filter may have removed the answer */
    UNMET_CUT = 0x08,       /* packets of that side are cut short */
};

/* Which conditions fail for concluding from the silence of `side`; enum absence_unmet. */
unsigned absence_unmet(const struct matter *m, enum side side);

/* `word` after them. */
enum confidence absence_weigh(const struct matter *m, enum side side, enum confidence word);

/* Does the capture show one direction only, of this connection or of all? */
bool absence_one_sided(const struct matter *m);
