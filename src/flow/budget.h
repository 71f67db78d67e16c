/* budget.h - what flows may have of the ceiling for the whole process (--max-memory).
 *
 * Beside flows lie the program itself with its libraries, the rings of the kernel and of the flight
 * recorder, and tables of bounded size: hosts, names, services, endpoints and what the report keeps
 * of them.  The tables have bounds in entries; in a flood of strangers they come to
 * BUDGET_TABLES_MIB, which are put aside from the start: what flows hold is never given back, so
 * that it cannot be asked for later.  What it refuses: to leave flows less than a fifth, without
 * which nothing can be judged.  A ceiling that leaves them no fifth may be exceeded by a flood. */
#pragma once

#include <stddef.h>

enum { BUDGET_PROGRAM_MIB = 16, BUDGET_TABLES_MIB = 112 };

size_t budget_for_flows(size_t ceiling_bytes, size_t rings_bytes);
