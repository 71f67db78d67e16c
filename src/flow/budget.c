#include "flow/budget.h"

size_t budget_for_flows(size_t ceiling_bytes, size_t ring_bytes)
{
    const size_t tables = (size_t)BUDGET_TABLES_MIB << 20, least = ceiling_bytes / 3;

    if (ring_bytes > ceiling_bytes || tables > ceiling_bytes - ring_bytes)
        return least;
    size_t rest = ceiling_bytes - ring_bytes - tables;
    return rest > least ? rest : least;
}
