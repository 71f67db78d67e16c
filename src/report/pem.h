/* pem.h - the certificates of a capture as files, for other tools.
 *
 * What it is: each distinct certificate that judged connections showed is one PEM file (RFC 7468
 * section 5) in a folder; lines before it say what it is, who showed it and in which packet.
 * What it refuses: replacing a file unless it was told to; a name with anything but letters,
 * digits, dots, hyphens and underscores; more than PEM_FILES files.
 * Names: "server-ems.corp.example-SHA256.pem", with the number of the input before it when there
 * are several: ROLE is server, client or authority, the middle is the common name as far as it may
 * stand in a name, SHA256 is that of the DER. */
#pragma once

#include "base/failure.h"
#include "report/report.h"
#include "report/shown.h"

enum { PEM_FILES = 4096, PEM_NAME = 160 };

/* Makes the folder at need; false with a failure when there is none then. */
bool pem_folder(const char *path, struct failure *failure);

/* Writes them, into the folder of report_config; false with a failure. */
bool pem_write(struct report *report, struct failure *failure);

/* The name of one file; input 0 = the only one. */
void pem_name(const struct cert_facts *facts, const struct shown_key *key, unsigned input,
              char out[PEM_NAME]);
