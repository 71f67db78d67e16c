/* html_pen.h - HTML that nothing from the wire can leave.
 *
 * Everything foreign goes through html_text, which escapes for text and for quoted attributes alike
 * (& < > " '); it is printable already (base/text).  No foreign value is ever a URL, a style or a
 * script. */
#pragma once

#include "report/writer.h"

void html_text(struct writer *w, const char *s);
void html_raw(struct writer *w, const char *markup);        /* ours, and the end of a line */
void html_put(struct writer *w, const char *markup);        /* ours */
void html_format(struct writer *w, const char *format, ...) /* ours: numbers, classes */
    __attribute__((format(printf, 2, 3)));

/* <tag class="class">text</tag>; class may be NULL. */
void html_element(struct writer *w, const char *tag, const char *class, const char *text);
