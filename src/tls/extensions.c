#include "tls/extensions.h"

#include <stddef.h>

enum { NO_FIELD = 0 };

/* Where an extension's value goes: a flag, a window behind a length of `prefix` octets, or a reader
 * of its own.  Offset 0 is `at` in both hellos, and stands for "none". */
struct row {
    uint16_t number;
    uint8_t prefix;
    size_t flag, window;
    bool (*read)(void *hello, bool retry, struct bytes *value);
};

/* RFC 6066 section 3: of the list only host_name (0) was ever defined. */
static bool server_name_read(void *hello, bool retry, struct bytes *value)
{
    struct tls_client_hello *h = hello;
    struct bytes list = bytes_vector(value, 2);

    (void)retry;
    while (bytes_ok(&list) && list.left > 0) {
        uint8_t type = bytes_u8(&list);
        struct bytes name = bytes_vector(&list, 2);
        if (type == 0 && bytes_ok(&list)) {
            h->server_name = name;
            break;
        }
    }
    return list.fault != BYTES_SHORT;
}

static bool selected_alpn_read(void *hello, bool retry, struct bytes *value)
{
    struct tls_server_hello *h = hello;
    struct bytes list = bytes_vector(value, 2);

    (void)retry;
    h->alpn = bytes_vector(&list, 1);
    return list.fault != BYTES_SHORT;
}

static bool selected_version_read(void *hello, bool retry, struct bytes *value)
{
    struct tls_server_hello *h = hello;
    uint16_t version = bytes_u16(value);

    (void)retry;
    if (bytes_ok(value))
        h->version = version;
    return true;
}

/* A HelloRetryRequest names the group alone (RFC 8446 section 4.2.8). */
static bool selected_group_read(void *hello, bool retry, struct bytes *value)
{
    struct tls_server_hello *h = hello;

    h->group = bytes_u16(value);
    if (!retry)
        (void)bytes_vector(value, 2);
    return true;
}

#define CLIENT_AT(field) offsetof(struct tls_client_hello, field)
#define SERVER_AT(field) offsetof(struct tls_server_hello, field)

/* clang-format off */
static const struct row client_rows[] = {
    {      0, 0, NO_FIELD,                          NO_FIELD,                     server_name_read },
    {     10, 2, NO_FIELD,                          CLIENT_AT(groups),            NULL },
    {     11, 1, NO_FIELD,                          CLIENT_AT(point_formats),     NULL },
    {     13, 2, NO_FIELD,                          CLIENT_AT(signature_schemes), NULL },
    {     16, 2, NO_FIELD,                          CLIENT_AT(alpn),              NULL },
    {     23, 0, CLIENT_AT(extended_master_secret), NO_FIELD,                     NULL },
    {     35, 0, CLIENT_AT(ticket),                 NO_FIELD,                     NULL },
    {     40, 2, NO_FIELD,                          CLIENT_AT(key_share_groups),  NULL }, /* drafts up to 22 */
    {     41, 0, CLIENT_AT(psk),                    NO_FIELD,                     NULL },
    {     42, 0, CLIENT_AT(early_data),             NO_FIELD,                     NULL },
    {     43, 1, NO_FIELD,                          CLIENT_AT(versions),          NULL },
    {     49, 0, CLIENT_AT(post_handshake_auth),    NO_FIELD,                     NULL },
    {     51, 2, NO_FIELD,                          CLIENT_AT(key_share_groups),  NULL },
    { 0xfe0d, 0, CLIENT_AT(ech),                    NO_FIELD,                     NULL },
    { 0xff01, 0, CLIENT_AT(renegotiation),          NO_FIELD,                     NULL },
};

static const struct row server_rows[] = {
    { 16, 0, NO_FIELD,                          NO_FIELD, selected_alpn_read },
    { 23, 0, SERVER_AT(extended_master_secret), NO_FIELD, NULL },
    { 35, 0, SERVER_AT(ticket),                 NO_FIELD, NULL },
    { 40, 0, NO_FIELD,                          NO_FIELD, selected_group_read }, /* drafts up to 22 */
    { 41, 0, SERVER_AT(psk),                    NO_FIELD, NULL },
    { 42, 0, SERVER_AT(early_data),             NO_FIELD, NULL },
    { 43, 0, NO_FIELD,                          NO_FIELD, selected_version_read },
    { 51, 0, NO_FIELD,                          NO_FIELD, selected_group_read },
};
/* clang-format on */

static bool row_read(const struct row *row, void *hello, bool retry, struct bytes value)
{
    if (row->flag)
        *(bool *)(void *)((uint8_t *)hello + row->flag) = true;
    if (row->window) {
        struct bytes window = bytes_vector(&value, row->prefix);
        memcpy((uint8_t *)hello + row->window, &window, sizeof window);
    }
    if (row->read && !row->read(hello, retry, &value))
        return false;
    return value.fault != BYTES_SHORT;
}

/* Rows ascend by number; n_rows when there is none. */
static size_t row_find(const struct row *rows, size_t n_rows, uint16_t number)
{
    size_t i = 0;

    while (i < n_rows && rows[i].number < number)
        i++;
    return i < n_rows && rows[i].number == number ? i : n_rows;
}

/* The next extension; most lie whole in the block. */
static inline struct bytes extension_next(struct bytes *block, uint16_t *number)
{
    const uint8_t *head = block->at;
    size_t length = block->left >= 4 ? (size_t)head[2] << 8 | head[3] : SIZE_MAX;

    if (block->left < 4 || length > block->left - 4) {
        *number = bytes_u16(block);
        return bytes_vector(block, 2);
    }
    *number = (uint16_t)(head[0] << 8 | head[1]);
    block->at += 4 + length;
    block->left -= 4 + length;
    return (struct bytes){ .at = head + 4, .left = length };
}

static bool walk(const struct row *rows, size_t n_rows, void *hello, bool retry, struct bytes block)
{
    uint32_t seen = 0;
    bool true_lengths = true;

    while (bytes_ok(&block) && bytes_on_wire(&block) > 0) {
        uint16_t number;
        struct bytes value = extension_next(&block, &number);
        if (!bytes_ok(&block))
            break;
        size_t i = row_find(rows, n_rows, number);
        if (i == n_rows || seen >> i & 1)
            continue;
        seen |= UINT32_C(1) << i;
        true_lengths = row_read(&rows[i], hello, retry, value) && true_lengths;
    }
    return true_lengths && block.fault != BYTES_SHORT;
}

bool extensions_read_client(struct tls_client_hello *hello)
{
    return walk(client_rows, sizeof client_rows / sizeof *client_rows, hello, false,
                hello->extensions);
}

bool extensions_read_server(struct tls_server_hello *hello, bool retry)
{
    return walk(server_rows, sizeof server_rows / sizeof *server_rows, hello, retry,
                hello->extensions);
}
