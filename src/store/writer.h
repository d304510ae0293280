/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The one thread that writes. Whatever waits is one batch: all written, then all synced, then all
 * renamed or removed, then the folder synced once. It knows names and texts, no operations. */

typedef struct
{
  char *name; /* (owned) */
  char *text; /* (owned) (nullable): NULL removes the file */
  gsize length;
  guint64 version; /* the caller's */
  GError *error;   /* (owned) (nullable): why it failed */
} BtsWriterJob;

typedef struct _BtsWriter BtsWriter;

/* @jobs (element-type BtsWriterJob): in the order in which they were done */
typedef void (*BtsWriterDone) (GPtrArray *jobs, gpointer user_data);

/* @folder stays the caller's. @done is called from the thread-default main context. */
BtsWriter *bts_writer_new (int folder, BtsWriterDone done, gpointer user_data);

/* Finishes what waits; @done is not called any more. */
void bts_writer_free (BtsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWriter, bts_writer_free)

/* Takes @text. Replaces what waits for the same name. */
void bts_writer_push (BtsWriter *self, const char *name, char *text, gsize length, guint64 version);

/* Blocks until nothing waits, or @deadline (monotonic time), and calls @done for what is done.
 * FALSE where something is left. */
gboolean bts_writer_wait (BtsWriter *self, gint64 deadline);
