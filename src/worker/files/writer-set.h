/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/files/writer.h"

/* The streams into one file, for those who want to see what they have taken. Thread-safe. */

typedef struct
{
  GMutex lock;
  GPtrArray *writers; /* (owned) (element-type BtsWriter) */
} BtsWriterSet;

void bts_writer_set_init (BtsWriterSet *self);
void bts_writer_set_clear (BtsWriterSet *self);

/* Takes @writer, and lends it. */
BtsWriter *bts_writer_set_add (BtsWriterSet *self, BtsWriter *writer);
void bts_writer_set_drop (BtsWriterSet *self, BtsWriter *writer);

/* Puts what is buffered into the file, for those who read it. Whether @position was among it. */
gboolean bts_writer_set_show (BtsWriterSet *self, guint64 position);

/* Likewise, and tells @on_written what. */
void bts_writer_set_write (BtsWriterSet *self, BtsWriterFunc on_written, gpointer user_data);
