#include "correlate/rhythm.h"

#include <stdlib.h>

enum {
    PAUSE = 10,
    TOLERANCE_PERCENT = 25,
    EXPLAINED_PERCENT = 70,
    ODD_PERCENT = 25,
    ODD_LEAST = 3,
    SAME_PERCENT = 35
};

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(int64_t *values, size_t n)
{
    if (!n)
        return 0;
    qsort(values, n, sizeof *values, by_size);
    return n % 2 ? values[n / 2] : values[n / 2 - 1] + (values[n / 2] - values[n / 2 - 1]) / 2;
}

static int64_t latest_median(const int64_t *times, size_t n)
{
    int64_t gaps[RHYTHM_LATEST];
    size_t kept = 0;
    for (size_t i = n - 1; i > 0 && kept < RHYTHM_LATEST; i--)
        gaps[kept++] = times[i] - times[i - 1];
    return median(gaps, kept);
}

/* The latest distances say which timer it is, all of its distances how long that is. */
int64_t rhythm_interval(const int64_t *times, size_t n)
{
    int64_t gaps[RHYTHM_ALL];
    size_t kept = 0, others = 0;

    if (n < RHYTHM_LEAST + 1)
        return 0;
    int64_t near = latest_median(times, n), slack = near / 100 * SAME_PERCENT;
    for (size_t i = n - 1; i > 0 && kept < RHYTHM_ALL && others < RHYTHM_LATEST; i--) {
        int64_t gap = times[i] - times[i - 1];
        bool same = gap >= near - slack && gap <= near + slack;
        others = same ? 0 : others + 1;
        if (same)
            gaps[kept++] = gap;
    }
    return kept < RHYTHM_LEAST ? near : median(gaps, kept);
}

int64_t rhythm_around(const int64_t *times, size_t n, size_t i)
{
    int64_t gaps[2 * RHYTHM_AROUND];
    size_t kept = 0;

    if (n < RHYTHM_LEAST + 1)
        return 0;
    for (size_t k = i; k > 0 && i - k < RHYTHM_AROUND; k--)
        gaps[kept++] = times[k] - times[k - 1];
    for (size_t k = i + 1; k + 1 < n && k - i <= RHYTHM_AROUND; k++)
        gaps[kept++] = times[k + 1] - times[k];
    return kept < RHYTHM_LEAST ? 0 : median(gaps, kept);
}

/* Does some moment follow times[i] after one interval, more or less? */
static bool has_successor(const int64_t *times, size_t n, size_t i, int64_t interval)
{
    int64_t slack = interval / 100 * TOLERANCE_PERCENT;
    for (size_t k = i + 1; k < n && times[k] <= times[i] + interval + slack; k++)
        if (times[k] >= times[i] + interval - slack)
            return true;
    return false;
}

bool rhythm_is_irregular(const int64_t *times, size_t n)
{
    size_t odd = 0, counted = 0, explained = 0;

    if (n < RHYTHM_IRREGULAR_LEAST + 1)
        return false;
    for (size_t i = 0; i + 1 < n; i++) {
        int64_t gap = times[i + 1] - times[i], usual = rhythm_around(times, n, i);
        if (!usual || gap > PAUSE * usual)
            continue;
        counted++;
        odd += gap > 3 * usual || gap < usual / 3;
        explained += has_successor(times, n, i, usual);
    }
    return odd >= ODD_LEAST && odd * 100 >= counted * ODD_PERCENT &&
           explained * 100 < counted * EXPLAINED_PERCENT;
}

size_t rhythm_thin(int64_t *times, size_t n, int64_t least_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!kept || times[i] - times[kept - 1] >= least_ns)
            times[kept++] = times[i];
    return kept;
}
