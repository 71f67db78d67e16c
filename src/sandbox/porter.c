#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "sandbox/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

struct answer {
    unsigned char item;
    int error;
};

union rights { /* of one descriptor, as CMSG_SPACE wants it aligned */
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

/* ---- the child ---- */

static int open_socket(const struct porter_item *item)
{
    struct timeval patience = { .tv_sec = PORTER_WAIT_S };
    int fd = socket(item->address.ss_family, item->type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&item->address, item->size) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error == EINPROGRESS ? ETIMEDOUT : error;
    return -1;
}

static int open_item(const struct porter_item *item)
{
    return item->path ? open(item->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : open_socket(item);
}

static bool send_answer(int to, struct answer *answer, int fd)
{
    union rights rights = { 0 };
    struct iovec data = { .iov_base = answer, .iov_len = sizeof *answer };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (fd >= 0) {
        message.msg_control = &rights;
        message.msg_controllen = sizeof rights.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *answer;
}

static bool serve_one(const struct porter *p)
{
    unsigned char item;
    ssize_t n = read(p->helper.fd, &item, 1);

    if (n < 0 && errno == EINTR)
        return true;
    if (n != 1 || item >= p->n)
        return false; /* whoever asks for something else was taken over */
    errno = 0;
    int fd = open_item(&p->item[item]);
    struct answer answer = { .item = item, .error = fd < 0 ? errno : 0 };
    bool fine = send_answer(p->helper.fd, &answer, fd);
    if (fd >= 0)
        close(fd);
    return fine;
}

static void serve(void *given, int fd)
{
    struct porter *p = given; /* the child's own copy */

    p->helper.fd = fd;
    while (serve_one(p))
        ;
}

/* ---- the parent ---- */

bool porter_open(struct porter *p) { return helper_open(&p->helper, HELPER_OPENS, serve, p, -1); }

void porter_close(struct porter *p) { helper_close(&p->helper); }

bool porter_ask(const struct porter *p, size_t i)
{
    unsigned char item = (unsigned char)i;
    return p->helper.fd >= 0 && i < p->n && write(p->helper.fd, &item, 1) == 1;
}

static int descriptor_of(struct msghdr *message)
{
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

bool porter_answer(const struct porter *p, int wait_ms, size_t *i, int *fd, int *error)
{
    union rights rights;
    struct answer answer;
    struct iovec data = { .iov_base = &answer, .iov_len = sizeof answer };
    struct msghdr message = { .msg_iov = &data,
                              .msg_iovlen = 1,
                              .msg_control = &rights,
                              .msg_controllen = sizeof rights.room };
    struct pollfd waiting = { .fd = p->helper.fd, .events = POLLIN };

    if (p->helper.fd < 0 || poll(&waiting, 1, wait_ms) != 1 ||
        recvmsg(p->helper.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != (ssize_t)sizeof answer)
        return false;
    *i = answer.item;
    *fd = descriptor_of(&message);
    *error = *fd < 0 && !answer.error ? EIO : answer.error;
    return true;
}
