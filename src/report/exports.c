#include "report/exports.h"

#include "base/table.h"
#include "base/text.h"
#include "report/exports_inside.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILES_MAX = 3, CERTIFICATES_MAX = 1 << 16 };
enum export_kind { EXPORT_ZEEK, EXPORT_EVE, EXPORT_ECS, EXPORT_KINDS };

static const struct kind {
    const char *word; /* "zeek=" */
    bool directory;
    size_t n_files;
} kinds[EXPORT_KINDS] = {
    [EXPORT_ZEEK] = { "zeek=", true, ZEEK_LOGS },
    [EXPORT_EVE] = { "eve=", false, 1 },
    [EXPORT_ECS] = { "ecs=", false, 1 },
};

struct exports {
    struct export_file *file[EXPORT_KINDS][FILES_MAX]; /* NULL: nobody asked */
    struct table certificates;                         /* that x509.log has */
    struct prints_maker *prints;
};

static int kind_of(const char *spec)
{
    for (int i = 0; i < EXPORT_KINDS; i++)
        if (!strncmp(spec, kinds[i].word, strlen(kinds[i].word)))
            return i;
    return -1;
}

const char *export_path(const char *spec, bool *directory)
{
    int kind = kind_of(spec);
    const char *path = kind < 0 ? "" : spec + strlen(kinds[kind].word);

    *directory = kind >= 0 && kinds[kind].directory;
    return path[0] ? path : NULL;
}

/* ---- files ------------------------------------------------------------------------------------
 */

static bool fail(struct failure *failure, const char *what, const char *why)
{
    *failure = (struct failure){ 0 };
    text_printable(what, strlen(what), failure->what, sizeof failure->what);
    text_copy(failure->why, sizeof failure->why, why);
    return false;
}

static bool fail_errno(struct failure *failure, const char *what, int error)
{
    fail(failure, what, strerror(error));
    text_copy(failure->remedy, sizeof failure->remedy, newfile_remedy(error));
    return false;
}

static bool file_open(struct export_file **out, const char *path, bool replace,
                      struct failure *failure)
{
    struct export_file *f = calloc(1, sizeof *f);

    if (!f)
        return fail(failure, path, "no memory");
    if (!newfile_open(&f->file, path, replace, failure)) {
        free(f);
        return false;
    }
    writer_open(&f->writer, f->file.file);
    *out = f;
    return true;
}

static bool directory_open(struct export_file **files, const char *path, bool replace,
                           struct failure *failure)
{
    char name[PATH_MAX];

    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail_errno(failure, path, errno);
    for (int i = 0; i < ZEEK_LOGS; i++) {
        int n = snprintf(name, sizeof name, "%s/%s", path, zeek_file[i]);
        if (n < 0 || (size_t)n >= sizeof name)
            return fail(failure, path, "the name is too long");
        if (!file_open(&files[i], name, replace, failure))
            return false;
    }
    return true;
}

static bool spec_open(struct exports *x, const char *spec, bool replace, struct failure *failure)
{
    bool directory;
    const char *path = export_path(spec, &directory);
    int kind = kind_of(spec);

    if (!path || x->file[kind][0])
        return fail(failure, spec, "is no export, or one that is there already");
    return directory ? directory_open(x->file[kind], path, replace, failure)
                     : file_open(&x->file[kind][0], path, replace, failure);
}

struct exports *exports_open(const char *const *specs, size_t n, bool replace,
                             struct failure *failure)
{
    struct exports *x = calloc(1, sizeof *x);
    struct failure ignored;
    bool fine =
        x && table_open(&x->certificates, zeek_certificate_key(), sizeof(bool), CERTIFICATES_MAX);

    if (!fine)
        (void)fail(failure, "--export", "no memory");
    for (size_t i = 0; i < n && fine; i++)
        fine = spec_open(x, specs[i], replace, failure);
    if (fine)
        return x;
    (void)exports_close(x, false, &ignored);
    return NULL;
}

static bool file_close(struct export_file *f, bool keep, struct failure *failure)
{
    bool fine = true;

    writer_flush(&f->writer);
    if (keep)
        fine = newfile_finish(&f->file, f->writer.error, failure);
    else
        newfile_abandon(&f->file);
    free(f);
    return fine;
}

bool exports_close(struct exports *x, bool keep, struct failure *failure)
{
    bool fine = true;

    if (!x)
        return true;
    for (int i = 0; i < ZEEK_LOGS && x->file[EXPORT_ZEEK][i]; i++)
        zeek_end(x->file[EXPORT_ZEEK][i], i);
    for (int kind = 0; kind < EXPORT_KINDS; kind++)
        for (size_t i = 0; i < kinds[kind].n_files; i++)
            if (x->file[kind][i] && !file_close(x->file[kind][i], keep && fine, failure))
                fine = false;
    table_close(&x->certificates);
    prints_close(x->prints);
    free(x);
    return fine;
}

void exports_settle(struct exports *x)
{
    for (int kind = 0; kind < EXPORT_KINDS; kind++)
        for (size_t i = 0; i < kinds[kind].n_files; i++)
            if (x->file[kind][i])
                writer_flush(&x->file[kind][i]->writer);
}

/* ---- connections ------------------------------------------------------------------------------
 */

static struct exported exported_of(struct exports *x, const struct scene *scene,
                                   const struct verdict *v)
{
    struct facts facts = { .scene = scene, .verdict = v };
    const struct session *session = v->flow->session;
    struct exported c = { .scene = scene,
                          .verdict = v,
                          .flow = v->flow,
                          .session = session,
                          .tls = session ? session->tls : NULL,
                          .mark = mark_flow(v->flow),
                          .server_name = fill_server_name(&facts) };

    c.has_ledger = ledger_of(scene->ledgers, v->flow, &c.ledger);
    prints_of(&x->prints, c.tls, NULL, &c.prints);
    json_community(v->flow, c.community);
    return c;
}

void exports_connection(struct exports *x, const struct scene *scene, const struct verdict *v)
{
    struct exported c = exported_of(x, scene, v);

    if (x->file[EXPORT_ZEEK][0])
        zeek_connection(x->file[EXPORT_ZEEK], &x->certificates, &c);
    if (x->file[EXPORT_EVE][0])
        eve_connection(x->file[EXPORT_EVE][0], &c);
    if (x->file[EXPORT_ECS][0])
        ecs_connection(x->file[EXPORT_ECS][0], &c);
}
