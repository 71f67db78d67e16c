/* fuzz_engine.c - the whole program but for main: a capture in memory, through all stages, to a
 * report that nobody reads.
 *
 * The first octet chooses: bit 0 JSON Lines or console, bit 1 ladders and all names, bit 2 scope,
 * bit 3 a memory ceiling so low that flows are given up.  The rest is the file. */
#include "engine.h"
#include "frame/reader.h"

#include <stdlib.h>

enum { LITTLE_MEMORY = 4 << 20, WIDTH = 80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void analyse(struct capture *capture, uint8_t choice, FILE *out)
{
    static struct profile profile;
    struct failure failure = { 0 };
    struct report_config face = { .format = choice & 1 ? REPORT_JSONL : REPORT_TEXT,
                                  .out = out,
                                  .width = WIDTH,
                                  .utc = true,
                                  .verbose = choice & 2 ? 2 : 0,
                                  .command = "capture",
                                  .input = 1 };
    struct engine_config config = { .profile = &profile,
                                    .scope = choice & 4 ? SCOPE_ALL : SCOPE_EMS,
                                    .max_memory = choice & 8 ? LITTLE_MEMORY : 0,
                                    .input_name = "capture" };

    if (!profile_open_default(&profile, &failure))
        abort();
    struct report *report = report_open(&face, &failure);
    if (!report)
        return;
    if (engine_run(&config, capture, report, &failure) > 3)
        abort();
    report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out;
    static const struct capture_config config;
    struct failure failure = { 0 };

    if (!out)
        out = fopen("/dev/null", "w");
    if (!out || size < 1)
        return 0;
    uint8_t *file = malloc(size); /* of its own, so that an overread is seen */
    if (!file)
        return 0;
    memcpy(file, data + 1, size - 1);
    struct capture *capture = capture_open_memory(file, size - 1, &config, &failure);
    if (capture)
        analyse(capture, data[0], out);
    capture_close(capture);
    free(file);
    return 0;
}
