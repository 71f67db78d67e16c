/* ndpi.c - names for traffic that nothing of ours knows.  The only file that includes nDPI.
 *
 * nDPI reads packets, our sessions hold payload: a small IP and transport header is made for it. */
#include "session/plain.h"

#include <ndpi_api.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 40, PAYLOAD = 1200 };

struct labeller {
    struct ndpi_detection_module_struct *module;
    bool failed;
};

struct labeller *labeller_open(void) { return calloc(1, sizeof(struct labeller)); }

void labeller_close(struct labeller *labeller)
{
    if (labeller && labeller->module)
        ndpi_exit_detection_module(labeller->module);
    free(labeller);
}

const char *labeller_library(void) { return ndpi_revision(); }

/* Loading costs tens of milliseconds: only when the first unknown payload comes. */
static bool labeller_start(struct labeller *labeller)
{
    NDPI_PROTOCOL_BITMASK all;

    if (labeller->module || labeller->failed)
        return labeller->module != NULL;
    labeller->module = ndpi_init_detection_module(ndpi_no_prefs);
    if (!labeller->module) {
        labeller->failed = true;
        return false;
    }
    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(labeller->module, &all);
    ndpi_finalize_initialization(labeller->module);
    return true;
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* An IPv4 packet around the payload; for IPv6 flows the addresses are folded: only ports and
 * payload matter to a name. */
static uint16_t wrap(const struct flow *flow, enum side from, const struct bytes *window,
                     uint8_t *out)
{
    bool tcp = flow_is_tcp(flow);
    size_t transport = tcp ? 20 : 8;
    size_t n = window->left < PAYLOAD ? window->left : PAYLOAD;
    uint16_t total = (uint16_t)(20 + transport + n);
    enum side to = side_other(from);

    memset(out, 0, HEADERS);
    out[0] = 0x45;
    put16(out + 2, total);
    out[8] = 64;
    out[9] = flow->protocol;
    memcpy(out + 12, flow->address[from].octet + 12, 4);
    memcpy(out + 16, flow->address[to].octet + 12, 4);
    put16(out + 20, flow->port[from]);
    put16(out + 22, flow->port[to]);
    if (tcp) {
        out[32] = 0x50;
        out[33] = TCP_ACK | TCP_PSH;
        put16(out + 34, 0xffff);
    } else {
        put16(out + 24, (uint16_t)(8 + n));
    }
    memcpy(out + 20 + transport, window->at, n);
    return total;
}

const char *labeller_name(struct labeller *labeller, struct session *s, enum side from,
                          const struct bytes *window)
{
    uint8_t packet[HEADERS + PAYLOAD];

    if (!window->left || !labeller_start(labeller))
        return NULL;
    if (!s->ndpi)
        s->ndpi = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
    if (!s->ndpi)
        return NULL;
    if (s->ndpi_packets == 1)
        memset(s->ndpi, 0, SIZEOF_FLOW_STRUCT);
    uint16_t n = wrap(s->flow, from, window, packet);
    ndpi_protocol p =
        ndpi_detection_process_packet(labeller->module, s->ndpi, packet, n,
                                      (uint64_t)(s->now.time_ns / 1000000));
    uint16_t id =
        p.app_protocol != NDPI_PROTOCOL_UNKNOWN ? p.app_protocol : p.master_protocol;
    return id == NDPI_PROTOCOL_UNKNOWN ? NULL : ndpi_get_proto_name(labeller->module, id);
}

void labeller_forget(struct session *s)
{
    if (s->ndpi)
        ndpi_free_flow(s->ndpi);
    s->ndpi = NULL;
}
