#include "talk_scene.h"

extern const struct dissector ssh_dissector;

/* ---- packets by hand (RFC 4253 sections 6 and 7.1) ---- */

struct packet_text {
    char octets[2048];
    size_t n;
};

static void put(struct packet_text *p, const void *from, size_t n)
{
    memcpy(p->octets + p->n, from, n);
    p->n += n;
}

static void put32(struct packet_text *p, uint32_t v)
{
    uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    put(p, be, 4);
}

static void seal(struct packet_text *p, uint8_t type, const struct packet_text *payload)
{
    uint8_t head[2] = { 4, type };

    put32(p, (uint32_t)payload->n + 6);
    put(p, head, 2);
    put(p, payload->octets, payload->n);
    put(p, "\0\0\0\0", 4);
}

/* `lists` has the eight of KEXINIT that must agree. */
static void kexinit_of(struct packet_text *p, const char *const *lists, bool guesses)
{
    struct packet_text payload = { .n = 16 };

    for (int i = 0; i < 10; i++) {
        const char *names = i < 8 ? lists[i] : "";
        put32(&payload, (uint32_t)strlen(names));
        put(&payload, names, strlen(names));
    }
    put(&payload, guesses ? "\1\0\0\0\0" : "\0\0\0\0\0", 5);
    seal(p, 20, &payload);
}

static void kexinit(struct packet_text *p, const char *const *lists)
{
    kexinit_of(p, lists, false);
}

#define OURS                                                                                 \
    {                                                                                        \
        "curve25519-sha256,ext-info-c", "ssh-ed25519,rsa-sha2-256", "aes128-ctr,aes256-ctr", \
            "aes128-ctr,aes256-ctr", "hmac-sha2-256", "hmac-sha2-256", "none,zlib", "none"   \
    }

static const char *const ours[] = OURS;

struct talk_case {
    struct talk_scene scene;
    struct packet_text client, server;
};

static void greet(struct talk_case *t)
{
    scene_open(&t->scene, &ssh_dissector);
    scene_say(&t->scene, SERVER, "Welcome\r\nSSH-2.0-x\r\n", 20);
    scene_say(&t->scene, CLIENT, "SSH-2.0-y\n", 10);
}

/* The list `which` of the server holds `names` in place of ours. */
static const struct talk *exchange(struct talk_case *t, int which, const char *names)
{
    const char *theirs[] = OURS;

    memset(t, 0, sizeof *t);
    theirs[which] = names;
    kexinit(&t->client, ours);
    kexinit(&t->server, theirs);
    greet(t);
    scene_say(&t->scene, CLIENT, t->client.octets, t->client.n);
    scene_say(&t->scene, SERVER, t->server.octets, t->server.n);
    return t->scene.session.talk;
}

Test(ssh, each_list_without_a_common_name_is_named)
{
    static struct talk_case t;

    for (int list = 0; list < 8; list++) {
        const struct talk *talk = exchange(&t, list, "other,ext-info-s");

        cr_assert(said(talk, SAID_SSH_NO_COMMON, (uint16_t)(list + 1)));
        cr_assert_str_eq(talk_find(talk, SAID_SSH_CLIENT_NAMES)->text, ours[list]);
        cr_assert_str_eq(talk_find(talk, SAID_SSH_SERVER_NAMES)->text, "other,ext-info-s");
        cr_assert(said(talk, SAID_SSH_CLIENT_KEXINIT, 0));
        cr_assert(said(talk, SAID_SSH_SERVER_KEXINIT, 0));
        cr_assert_eq(talk_count(talk, SAID_COMMAND), talk_count(talk, SAID_REPLY));
        scene_close(&t.scene);
    }
}

Test(ssh, any_common_name_is_enough_and_part_of_a_name_is_none)
{
    static struct talk_case t;
    static const struct {
        const char *names;
        bool common;
    } rows[] = {
        { "a,rsa-sha2-256", true }, { "rsa-sha2-256,a", true }, { "rsa-sha2-256", true },
        { "rsa-sha2-25", false },   { "rsa-sha2-2567", false }, { "", false },
        { ",,rsa-sha2-256", true }, { "SSH-ED25519", false },   { "ssh-ed25519,", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct talk *talk = exchange(&t, 1, rows[i].names);
        cr_assert_eq(said(talk, SAID_SSH_NO_COMMON, 2), !rows[i].common, "%s", rows[i].names);
        scene_close(&t.scene);
    }
}

/* OpenSSH's PROTOCOL.chacha20poly1305 and RFC 5647 section 5.1. */
Test(ssh, a_cipher_that_brings_its_integrity_needs_no_common_one)
{
    static struct talk_case t;
    static const char *const ciphers[] = { "chacha20-poly1305@openssh.com",
                                           "aes128-gcm@openssh.com", "AEAD_AES_128_GCM",
                                           "aes128-ctr" };

    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        const char *lists[] = OURS;
        const char *other[] = OURS;
        lists[2] = other[2] = ciphers[i];
        other[4] = "hmac-md5";
        memset(&t, 0, sizeof t);
        kexinit(&t.client, lists);
        kexinit(&t.server, other);
        greet(&t);
        scene_say(&t.scene, SERVER, t.server.octets, t.server.n);
        scene_say(&t.scene, CLIENT, t.client.octets, t.client.n);

        cr_assert_eq(said(t.scene.session.talk, SAID_SSH_NO_COMMON, 5), i == 3);
        scene_close(&t.scene);
    }
}

static void agreed(const struct talk *talk)
{
    cr_assert_null(talk_find(talk, SAID_SSH_NO_COMMON));
    cr_assert_null(talk_find(talk, SAID_SSH_UNREAD));
    cr_assert(said(talk, SAID_SSH_KEYS, 0));
    cr_assert_eq(talk_count(talk, SAID_COMMAND), 2);
    cr_assert_eq(talk_count(talk, SAID_REPLY), 2);
    cr_assert_str_eq(talk_find(talk, SAID_SSH_TEXT)->text, "Welcome");
}

/* RFC 4253 section 7: first_kex_packet_follows; Dropbear's client does so. */
Test(ssh, a_wrong_guess_of_the_exchange_awaits_no_reply)
{
    static struct talk_case t;
    struct packet_text empty = { .n = 3 };

    memset(&t, 0, sizeof t);
    kexinit_of(&t.client, ours, true);
    seal(&t.client, 30, &empty); /* the guess */
    seal(&t.client, 30, &empty);
    kexinit(&t.server, ours);
    seal(&t.server, 31, &empty);
    greet(&t);
    scene_say(&t.scene, CLIENT, t.client.octets, t.client.n);
    scene_say(&t.scene, SERVER, t.server.octets, t.server.n);

    cr_assert_eq(talk_count(t.scene.session.talk, SAID_COMMAND), 2);
    cr_assert_eq(talk_count(t.scene.session.talk, SAID_REPLY), 2);
    scene_close(&t.scene);
}

Test(ssh, what_follows_the_keys_is_not_read_wherever_segments_begin)
{
    struct packet_text client = { .n = 0 }, server = { .n = 0 }, empty = { .n = 3 };

    kexinit(&client, ours);
    kexinit(&server, ours);
    seal(&client, 30, &empty);
    seal(&server, 31, &empty);
    seal(&server, 21, &empty);
    seal(&client, 21, &empty);
    put(&client, "\xff\xff\xff\xff\xff\xff sealed", 13);
    const struct script script[] = {
        { SERVER, "Welcome\r\nSSH-2.0-x\r\n", 0 },
        { CLIENT, "SSH-2.0-y\r\n", 0 },
        { CLIENT, client.octets, client.n },
        { SERVER, server.octets, server.n },
    };

    AT_EVERY_CUT(ssh_dissector, script, agreed);
}

Test(ssh, a_server_that_leaves_says_why)
{
    static struct talk_case t;
    struct packet_text words = { .n = 0 }, packet = { .n = 0 };

    put32(&words, 12);
    put32(&words, 8);
    put(&words, "too many", 8);
    put32(&words, 0);
    seal(&packet, 1, &words);
    greet(&t);
    scene_say(&t.scene, SERVER, packet.octets, packet.n);

    cr_assert(said(t.scene.session.talk, SAID_SSH_DISCONNECT, 12));
    cr_assert_str_eq(talk_find(t.scene.session.talk, SAID_SSH_DISCONNECT)->text, "too many");
    scene_close(&t.scene);
}

Test(ssh, lists_that_were_cut_or_lost_are_not_compared)
{
    static struct talk_case t;
    struct packet_text client = { .n = 0 }, server = { .n = 0 };
    const char *theirs[] = OURS;

    theirs[3] = "other";
    kexinit(&client, ours);
    kexinit(&server, theirs);
    greet(&t);
    scene_say(&t.scene, CLIENT, client.octets, client.n);
    struct bytes in = bytes_of(server.octets, 60, server.n);
    ssh_dissector.feed(&t.scene.session, t.scene.session.state, SERVER, &in);
    cr_assert(said(t.scene.session.talk, SAID_SSH_UNREAD, 1));
    cr_assert_null(talk_find(t.scene.session.talk, SAID_SSH_NO_COMMON));
    scene_close(&t.scene);

    greet(&t);
    scene_say(&t.scene, CLIENT, client.octets, client.n);
    ssh_dissector.gap(&t.scene.session, t.scene.session.state, SERVER, 20);
    scene_say(&t.scene, SERVER, server.octets, server.n);
    cr_assert(said(t.scene.session.talk, SAID_SSH_UNREAD, 2));
    cr_assert_null(talk_find(t.scene.session.talk, SAID_SSH_NO_COMMON));
    scene_close(&t.scene);
}

Test(ssh, lengths_that_no_packet_has_are_not_followed)
{
    static struct talk_case t;
    static const char *const heads[] = { "\0\0\0\1\0\x14", "\0\5\0\0\4\x14", "\0\0\0\x10\x0f\x14" };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        greet(&t);
        scene_say(&t.scene, SERVER, heads[i], 6);
        cr_assert(said(t.scene.session.talk, SAID_SSH_UNREAD, 2));
        cr_assert_null(talk_find(t.scene.session.talk, SAID_SSH_SERVER_KEXINIT));
        scene_close(&t.scene);
    }
}

Test(ssh, what_speaks_another_protocol_is_left_alone)
{
    static const char *const greetings[] = { "220 ready\r\n", "HTTP/1.1 400 Bad Request\r\n" };
    static struct talk_scene t;

    for (size_t i = 0; i < 2; i++) {
        scene_open(&t, &ssh_dissector);
        scene_say(&t, SERVER, greetings[i], strlen(greetings[i]));
        cr_assert_eq(t.last, STEP_ALIEN);
        scene_close(&t);
    }
    scene_open(&t, &ssh_dissector);
    scene_say(&t, CLIENT, "GET / HTTP/1.1\r\n", 16);
    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
}
