/* fill.h - the catalogue's sentences with the facts of one group in them.
 *
 * What it is: replaces {blanks} (struct prose lists them).  A sentence with a blank
 * that is not known here is left out; what remains is still true. What it refuses: inventing.
 * Without a group (explain) the blanks become general words. */
#pragma once

#include "base/text.h"
#include "correlate/summary.h"
#include "verdict/verdict.h"

#include <stdbool.h>

struct facts {
    const struct scene *scene; /* these three may be NULL */
    const struct group *group;
    const struct verdict *verdict; /* an example */
    bool names_hidden;
    bool general;    /* "the client" for {client}, and so on */
    bool one_client; /* {client} is the first one, however many there are */
    bool not_ems;    /* the server is no EMS: the word is replaced */
};

/* The filled template; false, and out empty, when no sentence of it could be kept. */
bool fill(const struct facts *facts, const char *template, struct text *out);

/* The filled headline of the group's finding, its title when that cannot be. */
void fill_headline(const struct facts *facts, struct text *out);

/* The name of a server as far as the capture knows one, "" otherwise. */
const char *fill_server_name(const struct facts *facts);

/* What a proxy was asked for, where the finding is about what went on inside of the tunnel;
 * or NULL. */
const struct talk *fill_tunnel(const struct facts *facts);

/* "10.20.40.0/24" */
void fill_network(const struct address *address, struct text *out);

/* `48 unknown_ca` */
void fill_alert(const struct tls_alert *alert, struct text *out);
