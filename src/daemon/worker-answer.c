/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-answer.h"

#include "common/bgt-error.h"
#include "common/cut-text.h"

#define MAX_MESSAGE_BYTES 4096
/* Each is looked at by itself, some in all of the request. */
#define MAX_KEYS 16
/* Of each of the four files that say what a process is no more than 64 KiB is read. */
#define MAX_PROCESS_BYTES (300 * 1024)

void
bts_worker_answer_clean_error (GError *error)
{
  char *message;

  g_dbus_error_strip_remote_error (error);
  message = bts_cut_text (error->message, MAX_MESSAGE_BYTES);
  g_free (error->message);
  error->message = message;
}

gboolean
bts_worker_answer_check_found (GVariant *found, GError **error)
{
  if (g_variant_n_children (found) <= MAX_KEYS)
    return TRUE;
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The worker has answered more than %d things",
               MAX_KEYS);
  return FALSE;
}

gboolean
bts_worker_answer_check_process (GVariant *found, GError **error)
{
  if (!bts_worker_answer_check_found (found, error))
    return FALSE;
  if (g_variant_get_size (found) <= MAX_PROCESS_BYTES)
    return TRUE;
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED,
               "The worker says more than %d bytes about a process", MAX_PROCESS_BYTES);
  return FALSE;
}
