/* breakout.c - shakeout with a parser that was taken over.
 *
 * The linker puts __wrap_packet_decode in the place of packet_decode (--wrap), so that all the rest
 * is the program itself.  With the first packets it tries what an attacker would, and says on
 * standard error what came of each: the name of the error, or GRANTED.  Paths to try come from
 * BREAKOUT_READ and BREAKOUT_WRITE. */
#define _GNU_SOURCE
#include "packet/packet.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void __wrap_packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                          struct packet *out);
void __real_packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                          struct packet *out);

static void said(const char *what, long result)
{
    fprintf(stderr, "breakout %s %s\n", what, result >= 0 ? "GRANTED" : strerrorname_np(errno));
}

static const char *path_of(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static void try_files(void)
{
    const char *target = path_of("BREAKOUT_WRITE", "breakout.made");
    const char *secret = path_of("BREAKOUT_READ", "/etc/passwd");

    said("read-file", open(secret, O_RDONLY));
    said("own-memory", open("/proc/self/mem", O_RDWR));
    said("make-file", open(target, O_WRONLY | O_CREAT, 0600));
    said("remove-file", getenv("BREAKOUT_READ") ? unlink(secret) : 0);
    said("make-folder", mkdir("breakout.folder", 0700));
    said("list-folder", syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY));
    said("link", symlink("/etc/passwd", "breakout.link"));
}

static void try_network(void)
{
    static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET };
    static const char *const names[] = { "socket-inet", "socket-inet6", "socket-unix",
                                         "socket-netlink", "socket-packet" };
    for (size_t i = 0; i < 5; i++)
        said(names[i], socket(families[i], SOCK_DGRAM, 0));
}

/* The packet socket of a live capture, if there is one, must not send. */
static void try_injection(void)
{
    static const uint8_t packet[60] = { 0 };
    struct sockaddr_storage name;
    socklen_t n = sizeof name;

    for (int fd = 3; fd < 64; fd++) {
        if (getsockname(fd, (struct sockaddr *)&name, &n) != 0 || name.ss_family != AF_PACKET)
            continue;
        said("inject-write", write(fd, packet, sizeof packet));
        said("inject-wide", syscall(SYS_write, (1UL << 32) + (unsigned)fd, packet, sizeof packet));
        said("inject-send", send(fd, packet, sizeof packet, 0));
        said("inject-copy", write(dup(fd), packet, sizeof packet));
        said("refilter", setsockopt(fd, SOL_SOCKET, 27 /* SO_DETACH_FILTER */, &n, sizeof n));
    }
}

/* In a child, where there may be one, so that there is somebody to tell. */
static void try_exec(void)
{
    char *const args[] = { "true", NULL };
    pid_t child = SANDBOX_SANITIZED ? -1 : (pid_t)syscall(SYS_fork);
    int status = 0;

    if (child != 0 && !SANDBOX_SANITIZED)
        said("fork", child);
    if (child > 0)
        waitpid(child, &status, 0);
    else
        said("exec", execve("/bin/true", args, args + 1));
    if (child == 0)
        _exit(1);
    if (child > 0 && status == 0)
        said("exec", 0);
}

static void try_processes(void)
{
    said("trace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    said("signal", kill(getppid(), SIGCONT));
    said("namespace", syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
    said("become-root", syscall(SYS_setuid, 0));
}

static void try_memory(void)
{
    void *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    said("map-code", executable == MAP_FAILED ? -1 : 0);
    said("make-code", mprotect(writable, 4096, PROT_READ | PROT_EXEC));
}

static void try_rights(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { .effective = 1 << CAP_NET_RAW,
                                                .permitted = 1 << CAP_NET_RAW } };

    said("take-rights", syscall(SYS_capset, &header, data));
}

/* Into the shell that comes after. */
static void try_typing(void) { said("type", ioctl(STDIN_FILENO, TIOCSTI, "x")); }

static void try_what_sanitizers_do(void)
{
    try_files();
    try_processes();
    try_memory();
    try_rights();
    try_typing();
}

void __wrap_packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                          struct packet *out)
{
    static bool tried;

    if (!tried && n) {
        tried = true;
        try_network();
        try_injection();
        try_exec();
        if (!SANDBOX_SANITIZED)
            try_what_sanitizers_do();
    }
    __real_packet_decode(decoder, frames, n, out);
}
