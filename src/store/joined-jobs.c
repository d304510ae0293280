/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/joined-jobs.h"

GHashTable *
bts_joined_jobs_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
}

void
bts_joined_jobs_add (GHashTable *self, GPtrArray *whole, BtsFileJob *job)
{
  gpointer user = GUINT_TO_POINTER (job->uid);
  GPtrArray *waiting = g_hash_table_lookup (self, user);

  if (waiting == NULL && job->is_joined)
    {
      waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);
      g_hash_table_insert (self, user, waiting);
    }
  g_ptr_array_add (waiting != NULL ? waiting : whole, job);
  if (waiting == NULL || job->is_joined)
    return;

  g_hash_table_steal (self, user);
  g_ptr_array_extend_and_steal (whole, waiting);
}
