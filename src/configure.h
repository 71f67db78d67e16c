/* configure.h - the verb config: what is in force and why, whether a file is right, an example.
 *
 * What it is: everything printed by it is itself a configuration; where a value comes from stands
 * in the comment above it. */
#pragma once

#include "options.h"

/* Answers the exit code. */
int configure(const struct options *options);

/* What is in force with this profile, for somebody else: without paths, origins and labels. */
void configure_print(FILE *out, const struct options *options, const struct profile *profile);
