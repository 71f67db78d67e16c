/* list.h - the findings of shakeout doctor: one row a question, with a command where one helps.
 *
 * What it is: facts in, rows out; nothing is looked at here.
 * What it refuses: a cross for what may have another reason; that is an exclamation mark, and the
 * row says what it may be. */
#pragma once

#include "base/failure.h"
#include "doctor/machine.h"
#include "doctor/seen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum doctor_sign { DOCTOR_FINE, DOCTOR_PROBLEM, DOCTOR_WARNING, DOCTOR_UNSEEN };

struct doctor_facts {
    const char *interface; /* NULL = none was named */
    bool may_capture;      /* else why_not tells */
    struct failure why_not;
    struct machine machine;
    struct seen seen; /* all zero when nothing was captured */
    unsigned seconds; /* that were watched */
    uint64_t lost;    /* by kernel and interface */
    unsigned sandbox; /* the parts that this kernel has: enum of sandbox.h */
};

enum { DOCTOR_ROWS = 12 };

struct doctor_row {
    enum doctor_sign sign;
    const char *label;
    char text[300];
    char remedy[500]; /* may be empty, may hold several lines */
};

struct doctor_list {
    size_t n, problems, warnings;
    struct doctor_row row[DOCTOR_ROWS];
};

void doctor_judge(const struct doctor_facts *facts, struct doctor_list *out);

void doctor_print(const struct doctor_list *list, bool ascii, FILE *out);
