/* run.h - one input, analysed as the options say; what cannot be done is told on stderr.
 *
 * Exit codes: 0 healthy, 1 failures, 2 could not run, 3 no verdict; 130 when the user broke it off.
 */
#pragma once

#include "base/newfile.h"
#include "keeper.h"
#include "live/live.h"
#include "live/screen.h"
#include "options.h"
#include "reload.h"
#include "x509/trust.h"

enum { RUN_INTERRUPTED = 130 };

/* Everything that is read, open before the first octet of a capture is looked at. */
struct run_inputs {
    const struct options *options;
    struct newfile page;       /* of --html */
    struct newfile diagram;    /* of --diagram */
    struct exports *exports;   /* of --export; NULL = none */
    struct live *live;         /* of a watch; NULL = files are read */
    struct reload *reload;     /* of a watch without a screen; NULL = none */
    struct porter porter;      /* of a watch */
    struct screen *screen;     /* of who watches; NULL = nobody */
    struct recorder *recorder; /* of a watch; NULL = no evidence is kept */
    char filter[256];          /* of its capture, printable */
    char name[160];            /* of its interfaces, printable */
    size_t n, n_judged;
    struct run_given {
        struct capture_source source; /* what could not be opened is told in its turn */
        int keys_fd;                  /* -1 = none */
        struct trust *trust;          /* NULL = none */
    } given[INPUTS_MAX];
};

/* False with a failure, and nothing to close. */
bool run_open(struct run_inputs *inputs, const struct options *options, struct failure *failure);
void run_close(struct run_inputs *inputs);

/* Gives the exports of all inputs their names, if any input was judged; then run_close. */
bool run_finish(struct run_inputs *inputs, struct failure *failure);

/* The i-th file; what is evidence goes to the keeper, if it wants any. */
int run_input(struct run_inputs *inputs, struct keeper *keeper, size_t i);

/* Options change when their configuration does. */
int run_device(struct options *options);

/* SIGINT and SIGTERM end the reading of this capture; patient: only the second one does. */
void run_signals_begin(struct capture *capture, bool patient);
void run_signals_end(void);

/* Says what went wrong; answers 2. */
int run_fail(const struct failure *failure);

/* The code of two: 2 before 1 before 3 before 0. */
int run_worse(int a, int b);
