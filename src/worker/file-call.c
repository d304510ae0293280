/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/file-call.h"

#include <gio/gunixfdlist.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "common/closing.h"
#include "worker/call-files.h"
#include "worker/download-body.h"
#include "worker/download-record.h"
#include "worker/files/destination.h"
#include "worker/files/spool.h"
#include "worker/upload-answer.h"
#include "worker/upload-check.h"
#include "worker/upload-job.h"

typedef struct
{
  GDBusMethodInvocation *invocation; /* (owned) (nullable): until answered, or nobody waits */
  BtsFileCallKind kind;
  char *guid;           /* (owned) (nullable) */
  GVariant *request;    /* (owned) */
  GVariant *checkpoint; /* (owned) (nullable) */
  BtsTransferJob *job;  /* (owned) (nullable) */
  guint64 position;
  GArray *files; /* (owned) (element-type int) */
} Call;

static void
call_free (Call *self)
{
  g_free (self->guid);
  g_variant_unref (self->request);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->job, bts_transfer_job_unref);
  g_array_unref (self->files);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static int
get_bgt_error (const GError *error)
{
  if (error->domain == BGT_ERROR)
    return error->code;
  if (g_error_matches (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ACCESS_DENIED))
    return BGT_ERROR_ACCESS_DENIED;
  if (g_error_matches (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND))
    return BGT_ERROR_NOT_FOUND;
  return BGT_ERROR_FAILED;
}

void
bts_file_call_return_error (GDBusMethodInvocation *invocation, const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  g_dbus_method_invocation_return_error_literal (invocation, BGT_ERROR, get_bgt_error (error),
                                                 message);
}

static void
return_fd (Call *self, int fd)
{
  /* The list owns @fd. */
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new_from_array (&fd, 1);

  bts_fd_list_close_elsewhere (files);
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&self->invocation),
                                                           g_variant_new ("(h)", 0), files);
}

static GVariant *
check_download (GVariant *request, GArray *files, GError **error)
{
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GVariant) found_body = NULL;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  int file, body;

  bts_call_files_sort (files, request, &file, &body);
  found = bts_destination_check (request, file, error);
  if (found == NULL || body < 0)
    return g_steal_pointer (&found);
  found_body = bts_download_body_check (body, error);
  if (found_body == NULL)
    return NULL;
  g_variant_dict_init (&dict, found);
  g_variant_dict_insert_value (&dict, "body-file", found_body);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static GVariant *
find (GVariant *request, GArray *files, GError **error)
{
  return bts_upload_job_is_for (request) ? bts_upload_check (request, files, error)
                                         : check_download (request, files, error);
}

static gboolean
check (Call *self, GError **error)
{
  g_autoptr (GVariant) found = find (self->request, self->files, error);

  if (found == NULL)
    return FALSE;
  g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation),
                                         g_variant_new ("(@a{sv})", found));
  return TRUE;
}

static void
add_answer (GVariantBuilder *answers, GVariant *request, GArray *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = find (request, files, &error);
  g_autoptr (GError) told = NULL;
  g_autofree char *name = NULL;
  g_autofree char *message = NULL;

  if (found != NULL)
    {
      g_variant_builder_add (answers, "(ss@a{sv})", "", "", found);
      return;
    }
  told = g_error_new_literal (BGT_ERROR, get_bgt_error (error), "");
  name = g_dbus_error_encode_gerror (told);
  message = g_utf8_make_valid (error->message, -1);
  g_variant_builder_add (answers, "(ss@a{sv})", name, message, g_variant_new ("a{sv}", NULL));
}

static gboolean
check_all (Call *self, GError **error)
{
  GVariantBuilder answers = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssa{sv})"));

  for (gsize i = 0; i < g_variant_n_children (self->request); i++)
    {
      g_autoptr (GVariant) request = g_variant_get_child_value (self->request, i);

      add_answer (&answers, request, self->files);
    }
  g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation),
                                         g_variant_new ("(a(ssa{sv}))", &answers));
  return TRUE;
}

static GVariant *
dup_destination (Call *self)
{
  return self->checkpoint != NULL ? bts_download_record_dup_destination (self->checkpoint) : NULL;
}

static gboolean
discard (Call *self, GError **error)
{
  g_autoptr (GVariant) destination = dup_destination (self);
  gboolean is_discarded = bts_spool_remove_all (self->guid, error) &&
                          (bts_upload_job_is_for (self->request) ||
                           bts_destination_discard (self->request, self->guid, destination, error));

  if (is_discarded && self->invocation != NULL)
    g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation), NULL);
  return is_discarded;
}

/* Of a job that runs, what it has not yet made durable can be read too. */
static int
open_download (Call *self, GError **error)
{
  g_autoptr (BtsDestination) running =
                 self->job != NULL ? bts_transfer_job_dup_destination (self->job) : NULL;
  int fd = running != NULL ? bts_destination_open_now (running, self->position) : -1;
  g_autoptr (GVariant) destination = NULL;

  if (fd >= 0)
    return fd;
  destination = dup_destination (self);
  return bts_destination_open_result (self->request, self->guid, destination, self->position,
                                      error);
}

static gboolean
open_result (Call *self, GError **error)
{
  int fd = bts_upload_job_is_for (self->request)
               ? bts_upload_answer_open (self->guid, self->position, error)
               : open_download (self, error);

  if (fd < 0)
    return FALSE;
  return_fd (self, fd);
  return TRUE;
}

static gboolean (*const handlers[]) (Call *self, GError **error) = {
  [BTS_FILE_CALL_CHECK] = check,
  [BTS_FILE_CALL_CHECK_ALL] = check_all,
  [BTS_FILE_CALL_DISCARD] = discard,
  [BTS_FILE_CALL_OPEN_RESULT] = open_result,
};

static void
fail (Call *self, const GError *error)
{
  if (self->invocation != NULL)
    bts_file_call_return_error (g_steal_pointer (&self->invocation), error);
  else
    g_message ("What is left of %s could not be removed: %s", self->guid, error->message);
}

/* GDBus lets an invocation be answered from any thread. */
static gpointer
run_thread (gpointer data)
{
  g_autoptr (Call) self = data;
  g_autoptr (GError) error = NULL;

  if (!handlers[self->kind](self, &error))
    fail (self, error);
  return NULL;
}

void
bts_file_call_run (const BtsFileCall *call, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  Call *self = g_new0 (Call, 1);
  GThread *thread = NULL;

  self->invocation = invocation;
  self->kind = call->kind;
  self->guid = g_strdup (call->guid);
  self->request = g_variant_ref (call->request);
  if (call->checkpoint != NULL)
    self->checkpoint = g_variant_ref (call->checkpoint);
  if (call->job != NULL)
    self->job = bts_transfer_job_ref (call->job);
  self->position = call->position;
  self->files =
      call->files != NULL ? g_array_ref (call->files) : g_array_new (FALSE, FALSE, sizeof (int));

  thread = g_thread_try_new ("file-call", run_thread, self, &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  fail (self, error);
  call_free (self);
}
