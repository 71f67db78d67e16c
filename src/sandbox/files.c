/* files.c - which files may still be opened, by Landlock.
 *
 * What the header of the build system knows does not matter: rights of newer kernels are asked for
 * by their numbers, as far as the kernel says that it knows them. */
#define _GNU_SOURCE /* AT_EMPTY_PATH, O_PATH */
#include "sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/landlock.h of Linux 6.12 has it. */
struct ruleset {
    uint64_t files, network, scopes;
};

enum {
    RIGHT_REFER = 1 << 13,     /* since version 2 */
    RIGHT_TRUNCATE = 1 << 14,  /* 3 */
    RIGHT_IOCTL_DEV = 1 << 15, /* 5 */
    NETWORK_BIND_CONNECT = 3,  /* 4 */
    SCOPE_SOCKETS_SIGNALS = 3, /* 6 */
};

static const uint64_t first_rights = (1 << 13) - 1;

static long version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool files_offered(void) { return version() >= 1; }

static struct ruleset ruleset_of(long version, size_t *size)
{
    struct ruleset all = { .files = first_rights };

    all.files |= version >= 2 ? RIGHT_REFER : 0;
    all.files |= version >= 3 ? RIGHT_TRUNCATE : 0;
    all.files |= version >= 5 ? RIGHT_IOCTL_DEV : 0;
    all.network = version >= 4 ? NETWORK_BIND_CONNECT : 0;
    all.scopes = version >= 6 ? SCOPE_SOCKETS_SIGNALS : 0;
    *size = version >= 6 ? sizeof all : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    return all;
}

/* What is not there needs no right; who wants to open it is told so. */
static bool allow(int set, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr beneath = { .allowed_access = rights };
    struct stat about;
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return true;
    if (fstat(fd, &about) == 0 && !S_ISDIR(about.st_mode))
        beneath.allowed_access &=
            LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (uint64_t)RIGHT_TRUNCATE;
    beneath.parent_fd = fd;
    bool fine = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    close(fd);
    return fine;
}

static bool allow_planned(int set, const struct sandbox_plan *plan, uint64_t known)
{
    const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE;
    const uint64_t writing = known & (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                      LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                      LANDLOCK_ACCESS_FS_REMOVE_DIR | RIGHT_REFER | RIGHT_TRUNCATE);
    bool fine = true;

    for (size_t i = 0; i < plan->n_inputs && fine; i++)
        fine = allow(set, plan->input[i], reading);
    for (size_t i = 0; i < plan->n_folders && fine; i++)
        fine = allow(set, plan->folder[i], writing);
    if (plan->n_folders && fine)
        fine = allow(set, "/dev/null", reading | LANDLOCK_ACCESS_FS_WRITE_FILE);
    return fine;
}

bool files_confine(const struct sandbox_plan *plan)
{
    size_t size;
    long newest = version();

    if (newest < 1 || SANDBOX_SANITIZED)
        return false;
    struct ruleset all = ruleset_of(newest, &size);
    int set = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (set < 0)
        return false;
    bool fine =
        allow_planned(set, plan, all.files) && syscall(SYS_landlock_restrict_self, set, 0) == 0;
    close(set);
    return fine;
}
