/* face.h - a view, drawn on a canvas: 80 columns and 24 lines at least; more are used.
 *
 * Columns that do not fit are left out from the right; a finding that does not fit is cut at a dot,
 * so that what remains is still a prefix for `explain`.  Addresses are never cut.  Colour repeats
 * what words say. */
#pragma once

#include "live/canvas.h"
#include "live/view.h"

enum { FACE_COLUMNS = 80, FACE_ROWS = 24 };

/* Notes in the view how many lines there was room for, so that paging fits. */
void face_draw(struct view *view, struct canvas *canvas);
