/* linktype.c - DLT_ values and LINKTYPE_ values.  Source: tcpdump.org/linktypes.html. */
#include "frame/reader.h"

#include <pcap/pcap.h>

enum { LINKTYPE_ATM = 100, LINKTYPE_RAW_IP = 101, LINKTYPE_SLIP = 102, LINKTYPE_PPP_BSD = 103 };

/* Files carry DLT_ values too, from programs that wrote what their system called it.  12 and 14
 * are raw IP on one system or another, and no LINKTYPE_ of their own. */
static const struct alias {
    uint16_t dlt, link;
} aliases[] = {
    { DLT_RAW, LINKTYPE_RAW_IP },      { 12, LINKTYPE_RAW_IP },
    { 14, LINKTYPE_RAW_IP },           { DLT_ATM_RFC1483, LINKTYPE_ATM },
    { DLT_SLIP_BSDOS, LINKTYPE_SLIP }, { DLT_PPP_BSDOS, LINKTYPE_PPP_BSD },
};

uint32_t link_of_dlt(int dlt)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (aliases[i].dlt == dlt)
            return aliases[i].link;
    return (uint32_t)dlt;
}

uint32_t link_of_file(uint32_t field) { return link_of_dlt((int)(field & 0xffff)); }

int link_to_dlt(uint32_t link)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (aliases[i].link == link)
            return aliases[i].dlt;
    return (int)link;
}

const char *capture_link_name(uint32_t link)
{
    const char *name = link > UINT16_MAX ? NULL : pcap_datalink_val_to_name(link_to_dlt(link));
    return name ? name : "";
}
