#include "evidence/zip.h"

#include "base/newfile.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PIECE = 1 << 16, PATH_ROOM = 1024 };

static bool add_data(struct archive *a, FILE *f)
{
    static char piece[PIECE];
    size_t n;

    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        if (archive_write_data(a, piece, n) != (la_ssize_t)n)
            return false;
    return !ferror(f);
}

static bool add_file(struct archive *a, const struct zip_source *s, const char *name)
{
    char path[PATH_ROOM], inside[PATH_ROOM];
    struct stat there;
    struct archive_entry *entry = archive_entry_new();

    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    snprintf(inside, sizeof inside, "%s/%s", s->root, name);
    FILE *f = fopen(path, "rb");
    bool fine = entry && f && fstat(fileno(f), &there) == 0;
    if (fine) {
        archive_entry_set_pathname(entry, inside);
        archive_entry_set_size(entry, there.st_size);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, s->time_s, 0);
        fine = archive_write_header(a, entry) == ARCHIVE_OK && add_data(a, f);
    }
    if (f)
        fclose(f);
    archive_entry_free(entry);
    return fine;
}

static bool add_all(struct archive *a, FILE *out, const struct zip_source *s)
{
    if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
        archive_write_open_FILE(a, out) != ARCHIVE_OK)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (!add_file(a, s, s->names[i]))
            return false;
    return archive_write_close(a) == ARCHIVE_OK;
}

bool zip_write(const char *path, bool replace, const struct zip_source *source,
               struct failure *failure)
{
    struct newfile file;
    struct archive *a;

    if (!newfile_open(&file, path, replace, failure))
        return false;
    a = archive_write_new();
    errno = 0;
    bool fine = a && add_all(a, file.file, source);
    int error = fine ? 0 : errno ? errno : EIO;
    archive_write_free(a);
    return newfile_finish(&file, error, failure);
}
