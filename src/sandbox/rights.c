/* rights.c - capabilities and no_new_privs. */
#include "sandbox/parts.h"

#include <cap-ng.h>
#include <linux/capability.h>
#include <sys/prctl.h>

bool rights_drop(bool keep_files)
{
    /* The bounding set may be emptied only by who may change capabilities; without new privileges
     * nothing comes out of it any more. */
    bool all = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    bool reads = keep_files && capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE) != 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    capng_clear(CAPNG_SELECT_BOTH);
    if (reads)
        (void)capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE,
                            CAP_DAC_READ_SEARCH, CAP_FOWNER, -1);
    return capng_apply(all ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0;
}
