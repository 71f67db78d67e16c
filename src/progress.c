#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const int64_t first_after_ns = 700 * 1000000LL;
static const int64_t every_ns = 200 * 1000000LL;

int64_t clock_steady_ns(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct progress progress_of(const struct engine_config *config)
{
    return (struct progress){ .name = config->input_name,
                              .started_ns = clock_steady_ns(),
                              .on = config->progress && isatty(STDERR_FILENO) };
}

static void print_line(const struct progress *p, const struct capture_facts *facts, int64_t now)
{
    double seconds = (double)(now - p->started_ns) / 1e9;
    double rate = (double)facts->bytes_read / seconds;

    if (facts->bytes_total)
        (void)fprintf(stderr,
                      "\r\033[Kreading %s  %2.0f %%  %.1f of %.1f GB  %.0f MB/s  %.0f s left",
                      p->name, 100.0 * (double)facts->bytes_read / (double)facts->bytes_total,
                      (double)facts->bytes_read / 1e9, (double)facts->bytes_total / 1e9, rate / 1e6,
                      (double)(facts->bytes_total - facts->bytes_read) / (rate + 1));
    else
        (void)fprintf(stderr, "\r\033[Kreading %s  %.1f MB  %.0f MB/s  %" PRIu64 " packets",
                      p->name, (double)facts->bytes_read / 1e6, rate / 1e6, facts->frames);
    (void)fflush(stderr);
}

void progress_show(struct progress *p, const struct capture_facts *facts)
{
    enum { LOOK_EVERY = 64 }; /* batches between two looks at the clock */

    if (!p->on || ++p->batches % LOOK_EVERY)
        return;
    int64_t now = clock_steady_ns();
    if (now - p->started_ns < first_after_ns || now - p->shown_ns < every_ns)
        return;
    p->shown_ns = now;
    p->visible = true;
    print_line(p, facts, now);
}

void progress_erase(struct progress *p)
{
    if (p->visible)
        (void)fputs("\r\033[K", stderr);
    p->visible = false;
}
