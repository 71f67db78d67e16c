/* calls.c - the system calls of a program that computes, by seccomp.
 *
 * Everything else fails with EPERM.  Calls with arguments that make them harmless are allowed with
 * these only: memory that cannot be executed, descriptors that are no packet socket. */
#define _GNU_SOURCE /* AT_EMPTY_PATH, O_PATH */
#include "sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof *(array))

static const int always[] = {
    /* descriptors that are open */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(close),
    SCMP_SYS(fstat), SCMP_SYS(fadvise64), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* signals, time, itself */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(tgkill), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrusage), SCMP_SYS(exit),
    SCMP_SYS(exit_group)
};

/* Where files are written or read again; which, is for Landlock to say. */
static const int with_files[] = { SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(newfstatat),
                                  SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(statx),
                                  SCMP_SYS(access),    SCMP_SYS(faccessat),  SCMP_SYS(rename),
                                  SCMP_SYS(renameat),  SCMP_SYS(renameat2),  SCMP_SYS(unlink),
                                  SCMP_SYS(unlinkat),  SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),
                                  SCMP_SYS(rmdir),     SCMP_SYS(umask),      SCMP_SYS(fchmod),
                                  SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
                                  SCMP_SYS(getdents64) };

/* The packet socket: libpcap's ring, its counters, its last error. */
static const int with_device[] = { SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(getsockopt),
                                   SCMP_SYS(getsockname) };

/* What sanitizers leave to be refused; the last one not where interfaces come back. */
static const int never[] = { SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
                             SCMP_SYS(sendto), SCMP_SYS(sendmsg),    SCMP_SYS(sendmmsg),
                             SCMP_SYS(execve), SCMP_SYS(execveat),   SCMP_SYS(bind) };

static bool add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (seccomp_rule_add(filter, action, calls[i], 0) != 0)
            return false;
    return true;
}

/* Registers are wider than most arguments, and the kernel looks at the lower half of those alone:
 * what must not be is compared through a mask. */
static bool add_one(scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask,
                    uint64_t value)
{
    struct scmp_arg_cmp condition = {
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
    };
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition) == 0;
}

static bool add_memory(scmp_filter_ctx filter)
{
    return add_one(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0) &&
           add_one(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
}

static bool is_device(const struct sandbox_plan *plan, int fd)
{
    for (size_t i = 0; i < plan->n_devices; i++)
        if (plan->device[i] == fd)
            return true;
    return false;
}

/* Writing to a packet socket would send: then descriptors are allowed one by one. */
static bool add_writing(scmp_filter_ctx filter, const struct sandbox_plan *plan)
{
    enum { DESCRIPTORS = 64 };
    static const int calls[] = { SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64) };
    bool fine = true;

    if (!plan->n_devices)
        return add(filter, SCMP_ACT_ALLOW, calls, N(calls));
    for (size_t i = 0; i < N(calls); i++)
        for (int fd = 0; fd < DESCRIPTORS && fine; fd++)
            if (!is_device(plan, fd))
                fine = add_one(filter, calls[i], 0, UINT32_MAX, (uint64_t)fd);
    return fine;
}

/* Questions about descriptors that are open, and how stdio asks them; a limit is asked for, never
 * set. */
static bool add_questions(scmp_filter_ctx filter, const struct sandbox_plan *plan)
{
    static const uint32_t commands[] = { F_GETFD, F_SETFD, F_GETFL };
    static const uint32_t of_terminals[] = { TCGETS, TIOCGWINSZ, FIONREAD };
    static const uint32_t of_screens[] = { TCSETS, TCSETSW, TCSETSF };
    static const uint32_t of_devices[] = { SIOCGIFINDEX, SIOCGIFFLAGS };
    bool fine = add_one(filter, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH) &&
                add_one(filter, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0);

    for (size_t i = 0; i < N(commands) && fine; i++)
        fine = add_one(filter, SCMP_SYS(fcntl), 1, UINT32_MAX, commands[i]);
    for (size_t i = 0; i < N(of_terminals) && fine; i++)
        fine = add_one(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, of_terminals[i]);
    for (size_t i = 0; plan->terminal && i < N(of_screens) && fine; i++)
        fine = add_one(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, of_screens[i]);
    for (size_t i = 0; plan->n_devices && i < N(of_devices) && fine; i++)
        fine = add_one(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, of_devices[i]);
    return fine;
}

/* One packet socket; of its settings only what it hears (packet(7)). */
static bool add_rebinding_of(scmp_filter_ctx filter, int device)
{
    struct scmp_arg_cmp hears[] = {
        { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)device },
        { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = SOL_PACKET },
        { .arg = 2, .op = SCMP_CMP_EQ, .datum_a = PACKET_ADD_MEMBERSHIP },
    };

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), N(hears), hears) ==
               0 &&
           add_one(filter, SCMP_SYS(bind), 0, UINT64_MAX, (uint64_t)device);
}

static bool add_rebinding(scmp_filter_ctx filter, const struct sandbox_plan *plan)
{
    bool fine = true;

    for (size_t i = 0; i < plan->n_devices && plan->rebind && fine; i++)
        fine = add_rebinding_of(filter, plan->device[i]);
    return fine;
}

static bool add_allowed(scmp_filter_ctx filter, const struct sandbox_plan *plan)
{
    bool device = plan->n_devices > 0;

    return add(filter, SCMP_ACT_ALLOW, always, N(always)) && add_memory(filter) &&
           add_writing(filter, plan) && add_questions(filter, plan) &&
           add_rebinding(filter, plan) &&
           (!plan_opens_files(plan) || add(filter, SCMP_ACT_ALLOW, with_files, N(with_files))) &&
           (!device || add(filter, SCMP_ACT_ALLOW, with_device, N(with_device)));
}

bool calls_confine(const struct sandbox_plan *plan)
{
    const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);
    scmp_filter_ctx filter = seccomp_init(SANDBOX_SANITIZED ? SCMP_ACT_ALLOW : refusal);
    bool fine = filter && (SANDBOX_SANITIZED ? add(filter, refusal, never, N(never) - plan->rebind)
                                             : add_allowed(filter, plan));

    fine = fine && seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return fine;
}

/* Helpers see no capture; one opens what it may, the other reads what strangers send. */
static const int to_open[] = { SCMP_SYS(write),  SCMP_SYS(open),      SCMP_SYS(openat),
                               SCMP_SYS(socket), SCMP_SYS(connect),   SCMP_SYS(sendmsg),
                               SCMP_SYS(fcntl),  SCMP_SYS(setsockopt) };
static const int to_listen[] = {
    SCMP_SYS(write),         SCMP_SYS(writev),     SCMP_SYS(accept4),     SCMP_SYS(accept),
    SCMP_SYS(recvfrom),      SCMP_SYS(sendto),     SCMP_SYS(sendmsg),     SCMP_SYS(shutdown),
    SCMP_SYS(setsockopt),    SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(fcntl),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),      SCMP_SYS(pipe2)
};

bool calls_confine_helper(bool listens)
{
    const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);
    scmp_filter_ctx filter = SANDBOX_SANITIZED ? NULL : seccomp_init(refusal);
    bool fine = filter && add(filter, SCMP_ACT_ALLOW, always, N(always)) && add_memory(filter) &&
                add(filter, SCMP_ACT_ALLOW, listens ? to_listen : to_open,
                    listens ? N(to_listen) : N(to_open)) &&
                seccomp_load(filter) == 0;

    if (filter)
        seccomp_release(filter);
    return fine;
}

/* A filter that is no filter is refused for its address where there are filters at all. */
bool calls_offered(void)
{
    return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) != 0 && errno == EFAULT;
}
