#include "confine.h"

#include "base/text.h"
#include "sandbox/sandbox.h"
#include "x509/cert.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PATHS = SANDBOX_FOLDERS };

struct paths {
    char folder[PATHS][PATH_MAX];
    struct sandbox_plan plan;
};

static void add_folder(struct paths *p, const char *path)
{
    char *folder = p->folder[p->plan.n_folders];

    text_copy(folder, PATH_MAX, path);
    p->plan.folder[p->plan.n_folders++] = folder;
}

static void add_folder_of(struct paths *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    add_folder(p, slash == path ? "/" : slash ? path : ".");
    if (slash && slash != path && (size_t)(slash - path) < PATH_MAX)
        p->folder[p->plan.n_folders - 1][slash - path] = '\0';
}

static void add_export(struct paths *p, const char *spec)
{
    char inside[PATH_MAX];
    bool directory;
    const char *path = export_path(spec, &directory);

    snprintf(inside, sizeof inside, "%s%s", path, directory ? "/" : "");
    add_folder_of(p, inside);
}

/* Evidence is read out of the inputs once more, and what was written is read again. */
static void add_files(struct paths *p, const struct options *o)
{
    bool evidence = o->write || o->verb == VERB_BUNDLE;

    for (size_t i = 0; evidence && i < o->n_inputs; i++)
        p->plan.input[p->plan.n_inputs++] = o->input[i];
    if (o->verb == VERB_BUNDLE)
        add_folder_of(p, o->output ? o->output : "");
    if (o->write)
        add_folder_of(p, o->write);
    for (size_t i = 0; i < o->n_exports; i++)
        add_export(p, o->export[i]);
    if (o->diagram)
        add_folder_of(p, o->diagram);
    if (o->html)
        add_folder_of(p, o->html);
    if (o->report.certs)
        add_folder(p, o->report.certs);
    if (o->status && o->interface)
        add_folder_of(p, o->status);
    if (o->textfile)
        add_folder_of(p, o->textfile);
    if (o->jsonl)
        add_folder_of(p, o->jsonl);
    if (o->state)
        add_folder_of(p, o->state);
    if (evidence && o->map)
        add_folder_of(p, o->map);
}

/* What libraries read when they are first used. */
static void read_ahead(void)
{
    tzset();
    cert_prepare();
}

void confine(const struct options *o, const struct capture *capture)
{
    static struct paths paths;

    if (o->no_sandbox)
        return;
    paths.plan = (struct sandbox_plan){ .terminal = o->screen, .rebind = o->capture.wait };
    if (capture)
        paths.plan.n_devices = capture_device_fds(capture, paths.plan.device);
    add_files(&paths, o);
    read_ahead();
    const char *lack = sandbox_lack(&paths.plan, sandbox_enter(&paths.plan));
    if (lack && !o->report.quiet)
        fprintf(stderr, "shakeout: not fully confined: %s\n", lack);
}
