/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "store/journal.h"

/* The one thread that writes. Much of what waits is done together, of each user in turn: with a
 * journal it is one group there, and gets into the files when there is nothing else to do, when the
 * journal has become large, and at the end; without one it is written to the files at once. It
 * knows names and texts, no operations. */

typedef struct _BtsWriter BtsWriter;

/* @jobs (element-type BtsFileJob): in the order in which they were done */
typedef void (*BtsWriterDone) (GPtrArray *jobs, gpointer user_data);

/* @folder stays the caller's, @journal (nullable) is taken. @done is called from the thread-default
 * main context. */
BtsWriter *bts_writer_new (int folder, BtsJournal *journal, BtsWriterDone done, gpointer user_data);

/* Finishes what waits; @done is not called any more. */
void bts_writer_free (BtsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWriter, bts_writer_free)

/* Takes @job. Replaces what waits for the same name. */
void bts_writer_push (BtsWriter *self, BtsFileJob *job);

/* Takes all of @jobs (element-type BtsFileJob), of which those that are joined come together. */
void bts_writer_push_all (BtsWriter *self, GPtrArray *jobs);

/* Blocks until nothing waits, or @deadline (monotonic time), and calls @done for what is done.
 * FALSE where something is left. */
gboolean bts_writer_wait (BtsWriter *self, gint64 deadline);
