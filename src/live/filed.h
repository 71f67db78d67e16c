/* filed.h - a file of evidence that lies on the disk by now, and what it is about. */
#pragma once

#include "base/address.h"
#include "verdict/catalogue.h"

#include <stdint.h>

enum { FILED_NAME = 160, FILED_LINE = 19 };

struct filed {
    char name[FILED_NAME]; /* in the folder: letters, digits, ".", "-", "_", "+" */
    char line[FILED_LINE]; /* event.id of its connection or lookup in JSON Lines */
    enum finding_id id;
    struct address client, server;
    uint16_t port; /* 0 = lookups */
};
