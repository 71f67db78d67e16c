/* scene.c - how long the capture watched. */
#include "verdict/verdict.h"

int64_t scene_watched_until(const struct scene *scene, uint64_t frame)
{
    uint32_t n = scene->n_breaks < CLOCK_BREAKS ? scene->n_breaks : CLOCK_BREAKS;

    for (uint32_t i = 0; i < n; i++)
        if (scene->breaks[i].frame > frame)
            return scene->breaks[i].before_ns;
    /* Behind more leaps than are kept nobody knows where it ends. */
    return scene->n_breaks > CLOCK_BREAKS ? INT64_MIN : scene->last_ns;
}
