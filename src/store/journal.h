/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "store/file-jobs.h"

/* A redo log beside the files of a folder: many changes are durable after one write and one sync.
 * A change is in the journal first. A checkpoint brings it into its file, durably, and only then
 * may it go from the journal; so whoever reads the files and then the journal over them has the
 * last durable state, whenever the process or the machine stopped.
 *
 * It is a row of groups, each with its length and checksum: a group is there as a whole or not at
 * all. Only a file whose every byte is known to be on disk is appended to. After a failure, and
 * when it is opened with something in it, the next group goes into a new file together with all
 * that still counts, which takes the old one's name. It may be used by one thread at a time. */

#define BTS_JOURNAL_NAME "journal"

typedef struct _BtsJournal BtsJournal;

/* Blocks. @folder stays the caller's. FAILED where there is a journal that cannot be read; what is
 * damaged in it is left out, and said in the log. */
BtsJournal *bts_journal_open (int folder, GError **error);
void bts_journal_free (BtsJournal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsJournal, bts_journal_free)

/* What is in the journal and may be missing in the files; removed ones are NULL. */
GHashTable *bts_journal_dup_changes (BtsJournal *self); /* (element-type utf8 GBytes) */
gboolean bts_journal_is_empty (BtsJournal *self);

/* Makes @jobs (element-type BtsFileJob) durable as one group, so all or none. */
gboolean bts_journal_append (BtsJournal *self, GPtrArray *jobs, GError **error);

/* Whether it should be made smaller by checkpoints, even while there are changes to append. */
gboolean bts_journal_is_large (BtsJournal *self);

/* Brings some of what is in it into the files; once that is all, the journal is emptied. Where a
 * file cannot be written, its change stays. */
gboolean bts_journal_checkpoint (BtsJournal *self, GError **error);

/* Reads the journal @data into @changes, as bts_journal_dup_changes() has them. The number of
 * bytes that belong to no whole group. */
gsize bts_journal_parse (const guint8 *data, gsize length, GHashTable *changes);
