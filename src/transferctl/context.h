/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "lib/background-transfer.h"
#include "transferctl/exit-status.h"

typedef struct _BtsCommand BtsCommand;

/* What every subcommand is given: the global options, and the service once it is needed. */
typedef struct
{
  const BtsCommand *command; /* (unowned) */
  gboolean use_system;
  gboolean use_session;
  gboolean is_json;
  gboolean is_quiet;
  gboolean wants_all_users;
  char **arguments;     /* (owned) (nullable): what is left after the options */
  GDBusConnection *bus; /* (owned) (nullable): kept, as the service knows it */
  BgtManager *manager;  /* (owned) (nullable): once connected */
} BtsContext;

void bts_context_clear (BtsContext *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsContext, bts_context_clear)

/* Takes options out of @arguments, the first of which is the name of the command; what is left is
 * in self->arguments, from @min to @max of them. FALSE after a message where they are wrong. */
gboolean bts_context_parse (
    BtsContext *self, const GOptionEntry *entries, char **arguments, guint min, guint max);

/* Connects to the service; says so where that fails. */
BtsExitStatus bts_context_connect (BtsContext *self);

/* Says what was wrong with the command line. Returns BTS_EXIT_USAGE. */
BtsExitStatus bts_context_usage_error (BtsContext *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* One line on standard error. */
void bts_context_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Says that @what (nullable) failed with @error, and returns what to exit with. */
BtsExitStatus bts_context_report (BtsContext *self, const char *what, const GError *error);

/* Says that the service went away and does not come back, and returns what to exit with. */
BtsExitStatus bts_context_report_lost (BtsContext *self);

/* Whether the service was not there, rather than there and saying no. */
gboolean bts_context_is_unreachable (const GError *error);
