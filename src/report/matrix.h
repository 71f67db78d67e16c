/* matrix.h - endpoint x port, as both forms of the report show it. */
#pragma once

#include "correlate/summary.h"
#include "report/page.h"

enum { PORTS_SHOWN = 12 };

struct cell {
    uint32_t attempts, ok, failed;
    uint8_t token; /* of the failure, or of what cannot be seen */
};

struct matrix {
    const struct summary *summary;
    size_t n_ports, ports_left_out;
    uint16_t port[PORTS_SHOWN];
};

struct matrix_line {
    const struct address *address;
    const struct endpoint *endpoint;
};

void matrix_find_ports(struct matrix *m);

/* True when the endpoint failed at a name lookup, with its word. */
bool matrix_cells(const struct matrix *m, const struct endpoint *e, struct cell cells[PORTS_SHOWN],
                  const char **lookup);
const char *matrix_cell_text(const struct cell *cell, char out[24]);

/* All endpoints, failing ones first; malloc, NULL without memory or endpoints. */
struct matrix_line *matrix_lines(const struct summary *s);
