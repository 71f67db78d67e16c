#include "report/pem.h"

#include "base/newfile.h"
#include "report/inside.h"
#include "report/stamp.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NAME_PART = 48, PLACES = 100 };

/* ---- the folder and the names
 * ----------------------------------------------------------------------- */

bool pem_folder(const char *path, struct failure *failure)
{
    struct stat there;

    if (mkdir(path, 0777) == 0)
        return true;
    int error = errno;
    if (error == EEXIST && stat(path, &there) == 0)
        error = S_ISDIR(there.st_mode) ? 0 : ENOTDIR;
    if (!error)
        return true;
    *failure = (struct failure){ .remedy = "name a folder for the certificates" };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    snprintf(failure->why, sizeof failure->why, "cannot be made: %s", strerror(error));
    return false;
}

static const char *role_of(const struct shown_key *key)
{
    return key->position ? "authority" : side_name((enum side)key->side);
}

void pem_name(const struct cert_facts *facts, const struct shown_key *key, unsigned input,
              char out[PEM_NAME])
{
    struct text t = text_of(out, PEM_NAME);

    if (input)
        text_format(&t, "%u-", input);
    text_format(&t, "%s-", role_of(key));
    for (size_t i = 0; i < NAME_PART && facts->subject_cn[i]; i++) {
        unsigned char c = (unsigned char)facts->subject_cn[i];
        bool plain = c < 0x80 && (isalnum(c) || c == '.' || c == '-');
        text_add_n(&t, plain ? &facts->subject_cn[i] : "_", 1);
    }
    text_format(&t, "%s%s.pem", facts->subject_cn[0] ? "-" : "", facts->sha256);
}

/* ---- what is said of one
 * ---------------------------------------------------------------------------- */

static void put_facts(FILE *f, const struct cert_facts *facts)
{
    char from[STAMP_TEXT], to[STAMP_TEXT];

    fprintf(f, "# sha256   %s\n", facts->sha256);
    if (!facts->parsed) {
        fputs("# cannot be read as a certificate\n", f);
        return;
    }
    fprintf(f, "# subject  %s\n# issuer   %s\n# serial   %s\n# valid    %s to %s\n", facts->subject,
            facts->issuer, facts->serial, stamp_utc_day(facts->not_before_s, from),
            stamp_utc_day(facts->not_after_s, to));
}

static void put_place(FILE *f, const struct report *r, const struct shown_key *key,
                      const struct shown *shown)
{
    char address[ADDRESS_TEXT];

    address_text(&key->server, address);
    fprintf(f, "# shown    %s %s port %u", key->side == SERVER ? "by" : "by a client to", address,
            key->port);
    if (shown->at.frame)
        fprintf(f, ", packet %" PRIu64 " of %s", shown->at.frame,
                r->config.command ? r->config.command : "the capture");
    fprintf(f, ", number %u of %u in its chain, on %" PRIu32 " connection%s\n", key->position + 1U,
            shown->n_chain, shown->connections, shown->connections == 1 ? "" : "s");
}

/* ---- the files
 * -------------------------------------------------------------------------------------- */

/* A place in report.shown. */
struct place {
    const struct cert *cert;
    size_t i;
};

/* By certificate, and then in the order in which they came. */
static int by_cert(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    uintptr_t of_x = (uintptr_t)x->cert, of_y = (uintptr_t)y->cert;

    if (of_x != of_y)
        return of_x < of_y ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

/* All places of one certificate. */
static bool write_one(const struct report *r, const struct place *place, size_t n,
                      struct failure *failure)
{
    const struct cert_facts *facts = cert_facts(place->cert);
    const struct shown_key *first = table_key(&r->shown, place->i);
    char name[PEM_NAME], path[PATH_MAX];
    struct newfile f;

    pem_name(facts, first, r->config.several_inputs ? r->config.input : 0, name);
    if (snprintf(path, sizeof path, "%s/%s", r->config.certs, name) >= (int)sizeof path) {
        *failure = (struct failure){ .what = "--certs", .why = "the name of the folder is long" };
        return false;
    }
    if (!newfile_open(&f, path, r->config.certs_replace, failure))
        return false;
    put_facts(f.file, facts);
    for (size_t i = 0; i < n && i < PLACES; i++)
        put_place(f.file, r, table_key(&r->shown, place[i].i), table_at(&r->shown, place[i].i));
    if (n > PLACES)
        fprintf(f.file, "# and at %zu more places\n", n - PLACES);
    bool whole = cert_pem(place->cert, f.file) && !ferror(f.file);
    return newfile_finish(&f, whole ? 0 : EIO, failure);
}

static bool write_all(struct report *r, const struct place *place, size_t n,
                      struct failure *failure)
{
    size_t same = 1;

    for (size_t i = 0; i < n; i += same) {
        for (same = 1; i + same < n && place[i + same].cert == place[i].cert;)
            same++;
        if (r->n_certs == PEM_FILES) {
            r->certs_left_out++;
            continue;
        }
        if (!write_one(r, place + i, same, failure))
            return false;
        r->n_certs++;
    }
    return true;
}

static void say(const struct report *r)
{
    char folder[256];

    text_printable(r->config.certs, strlen(r->config.certs), folder, sizeof folder);
    fprintf(stderr, "wrote %zu certificate%s to %s\n", r->n_certs, r->n_certs == 1 ? "" : "s",
            folder);
    if (r->certs_left_out)
        fprintf(stderr, "left out %zu more\n", r->certs_left_out);
}

bool pem_write(struct report *r, struct failure *failure)
{
    size_t n = r->shown.n;
    struct place *place = malloc((n + 1) * sizeof *place);

    if (!place) {
        *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct shown_key *key = table_key(&r->shown, i);
        place[i] = (struct place){ key->cert, i };
    }
    qsort(place, n, sizeof *place, by_cert);
    bool fine = write_all(r, place, n, failure);
    free(place);
    if (fine && !r->config.quiet)
        say(r);
    return fine;
}
