/* failure.h - one sentence about what the machine could not do, and one about what to do.
 *
 * Bad input on the wire is never a failure: that is evidence.  A failure is a file that cannot be
 * read, memory that is not there, an option that makes no sense.  Printed once, in main, as
 *     shakeout: <what>: <why>
 *       <remedy>
 * Strings are already fit for a terminal (use text_printable for anything foreign). */
#pragma once

struct failure {
    char what[300];   /* the thing: a file, an interface, an option */
    char why[300];    /* one clause, lower case, no full stop */
    char remedy[500]; /* may be empty; may hold several lines */
};
