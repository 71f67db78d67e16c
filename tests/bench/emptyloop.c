/* emptyloop.c - what libpcap needs to hand out the packets of a file to somebody who ignores them.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void ignore(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
    (void)user, (void)header, (void)data;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;

    if (!file) {
        fprintf(stderr, "emptyloop: %s\n", argc == 2 ? error : "name one capture");
        return 2;
    }
    int status = pcap_loop(file, -1, ignore, NULL);
    pcap_close(file);
    return status == 0 ? 0 : 1;
}
