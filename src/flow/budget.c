#include "flow/budget.h"

size_t budget_for_flows(size_t ceiling_bytes, size_t rings_bytes)
{
    const size_t beside = (size_t)(BUDGET_PROGRAM_MIB + BUDGET_TABLES_MIB) << 20;
    const size_t least = ceiling_bytes / 5;

    if (rings_bytes > ceiling_bytes || beside > ceiling_bytes - rings_bytes)
        return least;
    size_t rest = ceiling_bytes - rings_bytes - beside;
    return rest > least ? rest : least;
}
