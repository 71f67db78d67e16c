/* replay.c - sends the frames of a capture on an interface, again and again, at a rate.
 *
 *     replay CAPTURE INTERFACE PACKETS_PER_SECOND SECONDS
 *
 * Each lap is one of other connections: the clients' ports differ.  Laps are whole, so that every
 * connection has its end; the last one begins before the seconds are over.  A client is who sends a
 * first SYN; checksums are not brought up to date, for no bystander looks at them.  A rate of 0 is
 * what the machine can.  Prints how many packets went out, and in how many seconds; what the
 * interface has no room for is sent again until it has. */
#define _GNU_SOURCE /* sendmmsg */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 64, PORTS = 60000, FIRST_PORT = 1024, IP_AT = 14, TCP_AT = 34, PORT_443 = 443 };

struct packet {
    uint8_t *octets;
    uint32_t n;
    uint16_t port; /* the client's, as captured */
    uint8_t port_at;
};

struct replay {
    struct packet *packets;
    size_t n, room;
    int fd;
    double rate;
    uint64_t sent;
    unsigned lap;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Who has the higher port is the client: the captures of the benchmark know servers on 443 and 8013
 * alone, and their clients begin at 1024. */
static bool packet_of(const uint8_t *octets, uint32_t n, struct packet *out)
{
    uint16_t port[2];

    if (n < TCP_AT + 20 || octets[IP_AT] != 0x45 || octets[IP_AT + 9] != 6)
        return false;
    memcpy(port, octets + TCP_AT, sizeof port);
    bool from_server = ntohs(port[0]) == PORT_443 || ntohs(port[0]) == 8013;
    *out = (struct packet){ .n = n,
                            .port = ntohs(port[from_server]),
                            .port_at = (uint8_t)(TCP_AT + (from_server ? 2 : 0)) };
    out->octets = malloc(n);
    if (out->octets)
        memcpy(out->octets, octets, n);
    return out->octets != NULL;
}

static bool replay_read(struct replay *r, const char *path)
{
    char error[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *octets;
    pcap_t *file = pcap_open_offline(path, error);

    while (file && pcap_next_ex(file, &header, &octets) == 1) {
        if (r->n == r->room) {
            r->room = r->room ? r->room * 2 : 1 << 16;
            r->packets = realloc(r->packets, r->room * sizeof *r->packets);
        }
        if (!r->packets)
            return false;
        r->n += packet_of(octets, header->caplen, &r->packets[r->n]);
    }
    if (file)
        pcap_close(file);
    return r->n > 0;
}

static bool replay_open(struct replay *r, const char *interface)
{
    int yes = 1;
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_ifindex = (int)if_nametoindex(interface) };

    r->fd = socket(AF_PACKET, SOCK_RAW, 0);
    return r->fd >= 0 && bind(r->fd, (struct sockaddr *)&to, sizeof to) == 0 &&
           setsockopt(r->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) == 0;
}

/* The port that this packet has in this lap. */
static void renew(const struct replay *r, struct packet *p)
{
    uint16_t port = htons((uint16_t)(FIRST_PORT + (p->port - FIRST_PORT + r->lap) % PORTS));

    memcpy(p->octets + p->port_at, &port, sizeof port);
}

static void send_all(struct replay *r, struct mmsghdr *messages, unsigned n)
{
    while (n) {
        int done = sendmmsg(r->fd, messages, n, 0);
        if (done < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
            perror("replay");
            exit(2);
        }
        messages += done > 0 ? done : 0;
        n -= done > 0 ? (unsigned)done : 0;
        r->sent += done > 0 ? (unsigned)done : 0;
    }
}

static void replay_lap(struct replay *r, double began)
{
    struct mmsghdr messages[AT_ONCE] = { 0 };
    struct iovec pieces[AT_ONCE];

    for (size_t at = 0, n; at < r->n; at += n) {
        n = r->n - at < AT_ONCE ? r->n - at : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            struct packet *p = &r->packets[at + i];
            renew(r, p);
            pieces[i] = (struct iovec){ p->octets, p->n };
            messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
        }
        while (r->rate > 0 && (now_s() - began) * r->rate < (double)r->sent)
            ; /* a timer would be too coarse */
        send_all(r, messages, (unsigned)n);
    }
    r->lap++;
}

int main(int argc, char **argv)
{
    struct replay r = { 0 };

    if (argc != 5 || !replay_read(&r, argv[1]) || !replay_open(&r, argv[2])) {
        fprintf(stderr, "replay: CAPTURE INTERFACE PACKETS_PER_SECOND SECONDS\n");
        return 2;
    }
    r.rate = strtod(argv[3], NULL);
    double began = now_s(), until = began + strtod(argv[4], NULL);
    while (now_s() < until)
        replay_lap(&r, began);
    printf("%llu %.3f\n", (unsigned long long)r.sent, now_s() - began);
    return 0;
}
