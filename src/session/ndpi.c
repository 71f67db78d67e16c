/* ndpi.c - the only file that includes nDPI. */
#include "session/labeller.h"

#include <ndpi_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

const char *labeller_guess(struct labeller *labeller, void **memory, const uint8_t *packet,
                           uint16_t n, uint64_t time_ms)
{
    if (!labeller_start(labeller))
        return NULL;
    if (!*memory) {
        *memory = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
        if (!*memory)
            return NULL;
        memset(*memory, 0, SIZEOF_FLOW_STRUCT);
    }
    ndpi_protocol p = ndpi_detection_process_packet(labeller->module, *memory, packet, n, time_ms);
    uint16_t id = p.app_protocol != NDPI_PROTOCOL_UNKNOWN ? p.app_protocol : p.master_protocol;
    return id == NDPI_PROTOCOL_UNKNOWN ? NULL : ndpi_get_proto_name(labeller->module, id);
}

void labeller_forget(void **memory)
{
    if (*memory)
        ndpi_free_flow(*memory);
    *memory = NULL;
}
