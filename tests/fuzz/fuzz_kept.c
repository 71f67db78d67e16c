/* fuzz_kept.c - octets as the file of an earlier watch; what is read is written, and read again. */
#include "live/kept.h"

#include <stdlib.h>
#include <string.h>

static struct alert_rules rules;
static const int64_t now_ns = 1700000000000000000;

static bool take(const void *text, size_t n, struct board *b, struct alerts *a)
{
    struct failure failure;
    FILE *in = n ? fmemopen((void *)(uintptr_t)text, n, "r") : NULL;
    bool fine = in && kept_read(in, "fuzz", now_ns, b, a, &failure);

    if (in)
        fclose(in);
    return fine;
}

/* What one watch writes the next one must take. */
static void write_again(const struct board *b, const struct alerts *a)
{
    static struct writer w;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    struct board *after = board_open();
    struct alerts *alerts = alerts_open(&rules);

    if (!out || !after || !alerts)
        abort();
    writer_open(&w, out);
    kept_write(&w, b, a, now_ns);
    writer_flush(&w);
    fclose(out);
    if (!take(text, n, after, alerts))
        abort();
    alerts_close(alerts);
    board_close(after);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct board *b = board_open();
    struct alerts *a = NULL;
    struct board_sums sums;

    alert_rules_default(&rules);
    a = alerts_open(&rules);
    if (a && b && take(data, size, b, a)) {
        board_sum(b, now_ns, &sums);
        write_again(b, a);
    }
    alerts_close(a);
    board_close(b);
    return 0;
}
