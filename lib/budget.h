/*
 * libbudget: everything Budget's programs share. Exports budget_* only; what has no comment in these headers is not
 * meant for use. Layers, lowest first; a header includes downwards only. Installed in a folder of its own:
 *     cc -I$(prefix)/include/budget …   #include "lib/budget.h"   … -lbudget
 */
#ifndef BUDGET_LIB_BUDGET_H
#define BUDGET_LIB_BUDGET_H

/* base */
#include "lib/arena.h"
#include "lib/ctx.h"
#include "lib/decimal.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/uuid.h"
#include "lib/version.h"
#include "lib/when.h"

/* what comes in */
#include "lib/field.h"
#include "lib/json.h"
#include "lib/words.h"

/* the world outside */
#include "lib/db.h"
#include "lib/http.h"
#include "lib/keys.h"
#include "lib/settings.h"

#endif
