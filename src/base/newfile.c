#include "base/newfile.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail_why(struct failure *failure, const char *path, const char *why, const char *remedy)
{
    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    text_copy(failure->why, sizeof failure->why, why);
    text_copy(failure->remedy, sizeof failure->remedy, remedy);
}

const char *newfile_remedy(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "make room, or write to another disk";
    case EFBIG:
        return "write to a disk, or under a limit, that takes larger files";
    case EIO:
        return "the disk itself fails; write to another one";
    default:
        return "choose another place";
    }
}

static void fail_errno(struct failure *failure, const char *path, int error)
{
    char why[200];

    snprintf(why, sizeof why, "cannot be written: %s", strerror(error));
    fail_why(failure, path, why, newfile_remedy(error));
}

static bool target_free(const char *path, bool replace, struct failure *failure)
{
    struct stat there;

    if (lstat(path, &there) != 0)
        return true;
    if (replace && S_ISREG(there.st_mode))
        return true;
    fail_why(failure, path, S_ISREG(there.st_mode) ? "is there already" : "is no regular file",
             S_ISREG(there.st_mode) ? "choose another name, or say --force"
                                    : "choose another name");
    return false;
}

static FILE *open_beside(const struct newfile *f)
{
    mode_t mask = umask(0);

    umask(mask);
    int descriptor = mkstemp(f->temporary);
    if (descriptor < 0)
        return NULL;
    FILE *file = fchmod(descriptor, 0666 & ~mask) == 0 ? fdopen(descriptor, "wb") : NULL;
    if (!file) {
        close(descriptor);
        unlink(f->temporary);
    }
    return file;
}

static void release(struct newfile *f)
{
    free(f->path);
    free(f->temporary);
    *f = (struct newfile){ 0 };
}

bool newfile_open(struct newfile *f, const char *path, bool replace, struct failure *failure)
{
    static const char ending[] = ".XXXXXX";
    size_t n = strlen(path) + sizeof ending;

    *f = (struct newfile){ .replace = replace };
    if (!target_free(path, replace, failure))
        return false;
    if ((f->path = strdup(path)) != NULL && (f->temporary = malloc(n)) != NULL) {
        snprintf(f->temporary, n, "%s%s", path, ending);
        f->file = open_beside(f);
        if (f->file)
            return true;
    }
    fail_errno(failure, path, errno);
    release(f);
    return false;
}

bool newfile_finish(struct newfile *f, int error, struct failure *failure)
{
    bool ours = true;

    if (!error && (fflush(f->file) != 0 || fsync(fileno(f->file)) != 0))
        error = errno;
    if (fclose(f->file) != 0 && !error)
        error = errno;
    if (!error)
        ours = target_free(f->path, f->replace, failure);
    if (!error && ours && rename(f->temporary, f->path) != 0)
        error = errno;
    if (error)
        fail_errno(failure, f->path, error);
    if (error || !ours)
        unlink(f->temporary);
    release(f);
    return !error && ours;
}

void newfile_abandon(struct newfile *f)
{
    if (!f->file)
        return;
    fclose(f->file);
    unlink(f->temporary);
    release(f);
}
