#include "base/order.h"

#include <criterion/criterion.h>

Test(order, equal_keys_keep_their_order)
{
    struct ordered items[] = { { 7, 1 }, { UINT64_C(1) << 40, 2 }, { 7, 3 }, { 0, 4 } }, spare[4];

    order_sort(items, spare, 4);

    static const uint32_t numbers[] = { 4, 1, 3, 2 };
    for (int i = 0; i < 4; i++)
        cr_assert_eq(items[i].number, numbers[i]);
}

Test(order, a_second_key_leaves_the_first_among_equals)
{
    struct ordered items[300], spare[300];
    for (uint32_t i = 0; i < 300; i++)
        items[i] = (struct ordered){ (i * 7919) % 300, i };

    order_sort(items, spare, 300);
    for (uint32_t i = 0; i < 300; i++)
        items[i].key = items[i].number & 1;
    order_sort(items, spare, 300);

    for (uint32_t i = 1; i < 300; i++) {
        uint32_t before = items[i - 1].number, now = items[i].number;
        cr_assert_leq(before & 1, now & 1);
        if ((before & 1) == (now & 1))
            cr_assert_lt((before * 7919) % 300, (now * 7919) % 300);
    }
}

Test(order, a_time_before_1970_comes_first)
{
    struct ordered items[] = { { order_of_time(1), 1 }, { order_of_time(-1), 2 } }, spare[2];

    order_sort(items, spare, 2);

    cr_assert_eq(items[0].number, 2);
    order_sort(items, spare, 0);
}
