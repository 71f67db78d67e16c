/* replay.c - runs a fuzz target over files and folders, as an ordinary test.
 *
 * What it is: a main for LLVMFuzzerTestOneInput that needs no libFuzzer.  Arguments are files and
 * folders; a folder is read one level deep, in the order of names.  A folder that is not there
 * counts as empty: a target without crashes has none.
 * What it refuses: an input above INPUT_LARGEST (seeds are small), and a run without any input.
 * Output: TAP, one line per input.  The name goes out before the input runs, so that a crash names
 * its cause. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { INPUT_LARGEST = 4 * 1024 * 1024, PATH_LARGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
    unsigned run, failed;
};

/* Octets read, or -1. */
static long file_read(const char *path, uint8_t *out)
{
    FILE *file = fopen(path, "rb");
    long size = -1;

    if (!file)
        return -1;
    size_t n = fread(out, 1, INPUT_LARGEST, file);
    if (!ferror(file) && feof(file))
        size = (long)n;
    fclose(file);
    return size;
}

static void replay_file(const char *path, struct tally *tally)
{
    uint8_t *data = malloc(INPUT_LARGEST);
    long size = data ? file_read(path, data) : -1;

    printf("# %s\n", path);
    fflush(stdout);
    if (size >= 0)
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    tally->run++;
    tally->failed += size < 0;
    printf("%s %u - %s\n", size < 0 ? "not ok" : "ok", tally->run, path);
    free(data);
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void replay_folder(const char *folder, struct tally *tally)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_visible, alphasort);

    for (int i = 0; i < n; i++) {
        char path[PATH_LARGEST];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        replay_file(path, tally);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static bool is_folder(const char *path)
{
    struct stat facts;

    return stat(path, &facts) != 0 || S_ISDIR(facts.st_mode);
}

int main(int argc, char **argv)
{
    struct tally tally = { 0 };

    for (int i = 1; i < argc; i++) {
        if (is_folder(argv[i]))
            replay_folder(argv[i], &tally);
        else
            replay_file(argv[i], &tally);
    }
    if (tally.run == 0)
        printf("not ok 1 - there is nothing to replay\n");
    printf("1..%u\n", tally.run ? tally.run : 1);
    return tally.run == 0 || tally.failed > 0;
}
