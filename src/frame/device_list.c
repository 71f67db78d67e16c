/* device_list.c - the interfaces of this machine, and the library that knows them. */
#include "base/text.h"
#include "frame/reader.h"

#include <net/if.h>
#include <pcap/pcap.h>

static void device_line(struct text *out, const pcap_if_t *device)
{
    static const struct mark {
        bpf_u_int32 flag;
        const char *word;
    } marks[] = { { PCAP_IF_UP, " up" },
                  { PCAP_IF_RUNNING, " running" },
                  { PCAP_IF_LOOPBACK, " loopback" },
                  { PCAP_IF_WIRELESS, " wireless" } };

    text_foreign(out, device->name, strlen(device->name));
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (device->flags & marks[i].flag)
            text_add(out, marks[i].word);
    if (device->description) {
        text_add(out, "  (");
        text_foreign(out, device->description, strlen(device->description));
        text_add(out, ")");
    }
    text_add(out, "\n");
}

bool capture_list_devices(char *out, size_t size, struct failure *failure)
{
    char words[PCAP_ERRBUF_SIZE] = "", why[200];
    pcap_if_t *all = NULL;
    struct text list = text_of(out, size);

    if (pcap_findalldevs(&all, words) != 0) {
        failure_set(failure, "-D", text_printable(words, strlen(words), why, sizeof why), "");
        return false;
    }
    for (const pcap_if_t *device = all; device; device = device->next)
        if (if_nametoindex(device->name) || strcmp(device->name, "any") == 0)
            device_line(&list, device); /* libpcap also lists buses and queues, not networks */
    pcap_freealldevs(all);
    if (list.n)
        return true;
    failure_set(failure, "-D", "no interface can be seen", "");
    return false;
}

const char *capture_library(void) { return pcap_lib_version(); }
