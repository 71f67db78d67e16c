/* schema.c - what the JSON Lines promise. */
#include "events_schema.h"
#include "report/report.h"

void report_schema(FILE *out)
{
    for (const char *const *piece = events_schema; *piece; piece++)
        fputs(*piece, out);
}
