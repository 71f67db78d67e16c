#include "demo.h"

#include "demo_cases.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_in(const char *id, const char *family, size_t n)
{
    return strncmp(id, family, n) == 0 && (id[n] == '\0' || id[n] == '.');
}

const struct demo *demo_of(const char *id)
{
    size_t n = strlen(id);

    for (size_t i = 0; n && i < sizeof demos / sizeof *demos; i++)
        if (is_in(demos[i].id, id, n))
            return &demos[i];
    return NULL;
}

bool demo_play(const struct demo *demo)
{
    FILE *file = tmpfile(); /* has no name, and ends with the program */

    if (!file || fwrite(demo->at, 1, demo->n, file) != demo->n || fflush(file) != 0)
        return false;
    rewind(file);
    return dup2(fileno(file), STDIN_FILENO) == STDIN_FILENO;
}
