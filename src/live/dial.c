#include "live/dial.h"

#include <time.h>

static const int64_t second_ns = 1000000000;

int64_t dial_read(struct dial *dial, int64_t day_ns, int64_t boot_ns)
{
    const int64_t least_ns = 2 * second_ns, before_ns = dial->apart_ns;
    bool first = !dial->read;

    dial->read = true;
    dial->apart_ns = day_ns - boot_ns;
    int64_t step_ns = dial->apart_ns - before_ns;
    return first || (step_ns > -least_ns && step_ns < least_ns) ? 0 : step_ns;
}

static int64_t clock_read(clockid_t which)
{
    struct timespec now;
    return clock_gettime(which, &now) == 0 ? now.tv_sec * second_ns + now.tv_nsec : 0;
}

/* Who was held up between two readings knows nothing: the next look is soon. */
int64_t dial_look(struct dial *dial)
{
    int64_t before_ns = clock_read(CLOCK_BOOTTIME), day_ns = clock_read(CLOCK_REALTIME);
    int64_t boot_ns = clock_read(CLOCK_BOOTTIME);
    return boot_ns - before_ns > second_ns / 10 ? 0 : dial_read(dial, day_ns, boot_ns);
}
