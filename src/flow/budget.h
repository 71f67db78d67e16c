/* budget.h - what flows may have of the ceiling for the whole process (--max-memory).
 *
 * Beside flows lie the ring of the flight recorder and tables of bounded size: hosts, names,
 * services, endpoints and what the report keeps of them.  The tables have bounds in entries; in a
 * flood of strangers they come to BUDGET_TABLES_MIB, which are put aside from the start: what flows
 * hold is never given back, so that it cannot be asked for later. What it refuses: to leave flows
 * less than a third, without which nothing can be judged.  A ceiling under one and a half times
 * what lies beside is therefore exceeded by a flood. */
#pragma once

#include <stddef.h>

enum { BUDGET_TABLES_MIB = 80 };

size_t budget_for_flows(size_t ceiling_bytes, size_t ring_bytes);
