/* parts.h - the parts of the sandbox, each true when it is in force; inside src/sandbox. */
#pragma once

#include "sandbox/sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

static inline bool plan_opens_files(const struct sandbox_plan *plan)
{
    return plan->n_inputs || plan->n_folders;
}

/* keep_files: the superuser goes on reading and writing what belongs to others. */
bool rights_drop(bool keep_files);

bool files_confine(const struct sandbox_plan *plan);
bool files_offered(void);

bool calls_confine(const struct sandbox_plan *plan);
bool calls_offered(void);

/* Of helper.h: opening, connecting and handing over; or taking connections. */
bool calls_confine_helper(bool listens);
