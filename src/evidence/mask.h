/* mask.h - stand-ins for addresses, names and other identities, the same one every time.
 *
 * What it is: a keyed map.  IPv4 and IPv6 addresses keep common prefixes (the construction of Xu,
 * Fan, Ammar and Moon, "Prefix-preserving IP address anonymization", 2002, as Crypto-PAn: AES-128,
 * one bit of cipher a bit of address, the length of the prefix encrypted with it) below the block
 * that says what kind of address it is: private stays private, in the same block, and no member of
 * one is its own stand-in.  Words are runs of ASCII letters and digits: letters become letters,
 * digits digits, lengths, case and equality stay.  MAC addresses keep the vendor's half. Opaque
 * octets become others of the same number, equal for equal. What it refuses: hiding that two things
 * are the same, or how long they are; resisting somebody who knows some of the pairs. Bounds:
 * MASK_WORDS words and MASK_ADDRESSES addresses are kept for the map and the check; beyond,
 * stand-ins are still given, but two words may share one.  A strict mask keeps nothing but the
 * block of an address and the words that stay: no prefixes, no public suffixes, no vendors, no
 * numbers of VLANs. Ownership: opaque.  The key is the
 * caller's secret; nothing of it is in any stand-in. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MASK_KEY = 32, MASK_WORD = 64, MASK_WORDS = 1 << 18, MASK_ADDRESSES = 1 << 18 };

struct mask; /* opaque */

/* kept: words that stay as they are, also inside others ("ems"), lower case, ended by NULL. */
struct mask *mask_open(const uint8_t key[MASK_KEY], const char *const *kept);
bool mask_draw_key(uint8_t key[MASK_KEY]); /* false when the machine gives no random octets */
void mask_be_strict(struct mask *mask);    /* before the first stand-in */
void mask_close(struct mask *mask);

/* An address of the original: a strict mask gives it to nobody else as a stand-in. */
void mask_meet(struct mask *mask, const struct address *address);

void mask_address(struct mask *mask, struct address *address);
void mask_mac(struct mask *mask, uint8_t mac[6]);
uint16_t mask_vlan(struct mask *mask, uint16_t id); /* strict: numbered anew, as they come */

/* Forgets the stand-ins of words, not the words: drawn again, none of them is another's original.
 */
bool mask_redraw(struct mask *mask); /* false without memory */

/* A run of at most MASK_WORD letters and digits; of a longer one each piece of that length. */
void mask_word(struct mask *mask, uint8_t *word, size_t n);

/* All words of one label of a host name; of a whole one all labels but a last one that is public.
 */
void mask_label(struct mask *mask, uint8_t *label, size_t n);
void mask_name(struct mask *mask, uint8_t *name, size_t n);

/* A last label that stays: a public suffix, a country. */
bool mask_is_public(const uint8_t *label, size_t n);

void mask_opaque(struct mask *mask, uint8_t *p, size_t n);

/* Was this run of letters and digits replaced somewhere, and so must not be seen any more? */
bool mask_knows_word(const struct mask *mask, const uint8_t *word, size_t n);
bool mask_knows_address(const struct mask *mask, const struct address *address);
size_t mask_count(const struct mask *mask); /* of words and addresses replaced */

/* The map itself, for whoever keeps it: original and stand-in of word i; false at the end. */
bool mask_word_at(const struct mask *mask, size_t i, const char **original, const char **stand_in);
bool mask_address_at(const struct mask *mask, size_t i, struct address *original,
                     struct address *stand_in);

/* Crypto-PAn proper, over all 32 bits, for its published vectors. */
uint32_t mask_cryptopan(const uint8_t key[MASK_KEY], uint32_t address);
