/* counter.c - what libpcap hands out of an interface, to somebody who only counts.
 *
 *     counter INTERFACE
 *
 * The ring, and how it is waited for, are those of src/frame/device.c.  Ends with SIGTERM; prints
 * the packets that came, and those that the kernel had no room for. */
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

enum { RING_BYTES = 16 * 1024 * 1024, WAIT_MS = 100, SNAP = 256 * 1024 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *octets)
{
    (void)header, (void)octets;
    ++*(uint64_t *)(void *)user;
}

static pcap_t *open_ring(const char *interface, char *error)
{
    pcap_t *pcap = pcap_create(interface, error);

    if (!pcap)
        return NULL;
    pcap_set_snaplen(pcap, SNAP);
    pcap_set_promisc(pcap, 1);
    pcap_set_timeout(pcap, WAIT_MS);
    pcap_set_buffer_size(pcap, RING_BYTES);
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    return pcap_activate(pcap) >= 0 && pcap_setnonblock(pcap, 1, error) == 0 ? pcap : NULL;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    uint64_t packets = 0;
    struct pcap_stat lost;
    struct sigaction action = { .sa_handler = stop };
    pcap_t *pcap = argc == 2 ? open_ring(argv[1], error) : NULL;

    if (!pcap) {
        fprintf(stderr, "counter: %s\n", argc == 2 ? error : "name one interface");
        return 2;
    }
    sigaction(SIGTERM, &action, NULL);
    puts("ready");
    fflush(stdout);
    struct pollfd waiting = { .fd = pcap_get_selectable_fd(pcap), .events = POLLIN };
    for (int idle = 0; idle < 2; idle = stopped ? idle + 1 : 0) { /* the newest block comes late */
        while (pcap_dispatch(pcap, -1, count, (u_char *)(void *)&packets) > 0)
            ;
        (void)poll(&waiting, 1, WAIT_MS);
    }
    pcap_stats(pcap, &lost);
    printf("%llu %u\n", (unsigned long long)packets, lost.ps_drop);
    return 0;
}
