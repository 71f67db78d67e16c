/* sandbox.c - the parts, in the order in which each still may be given up. */
#include "sandbox/parts.h"

unsigned sandbox_offered(void)
{
    return SANDBOX_RIGHTS | (files_offered() ? SANDBOX_FILES : 0) |
           (calls_offered() ? SANDBOX_CALLS : 0);
}

const char *sandbox_lack(const struct sandbox_plan *plan, unsigned parts)
{
    if (!(parts & SANDBOX_CALLS))
        return parts & SANDBOX_FILES
                   ? "this kernel filters no system calls (seccomp), so a parser could open sockets"
                   : "this kernel has no seccomp, so a parser could do what this user may do";
    if (!(parts & SANDBOX_RIGHTS))
        return "capabilities could not be given up";
    if (!(parts & SANDBOX_FILES) && plan_opens_files(plan) && !SANDBOX_SANITIZED)
        return "this kernel has no Landlock, so a parser could open any file of this user";
    return NULL; /* without a file to open, the filter of calls refuses all */
}

unsigned sandbox_enter(const struct sandbox_plan *plan)
{
    unsigned parts = 0;

    parts |= rights_drop(plan_opens_files(plan)) ? SANDBOX_RIGHTS : 0;
    parts |= files_confine(plan) ? SANDBOX_FILES : 0;
    parts |= calls_confine(plan) ? SANDBOX_CALLS : 0;
    return parts;
}
