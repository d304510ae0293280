/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-report.h"

#include "common/bgt-error.h"
#include "model/worker-update.h"

/* Ordinary reports have less. */
#define MAX_CUT_BYTES (4 * 1024)

struct _BtsWorkerReport
{
  char *guid;       /* (owned) */
  GVariant *update; /* (owned) */
  gboolean is_final;
  GDBusMethodInvocation *invocation; /* (owned) (nullable): NULL once answered */
};

BtsWorkerReport *
bts_worker_report_new (GDBusMethodInvocation *invocation, gboolean is_final)
{
  BtsWorkerReport *self = g_rc_box_new0 (BtsWorkerReport);

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(s@a{sv})", &self->guid,
                 &self->update);
  self->is_final = is_final;
  self->invocation = invocation;
  return self;
}

static void
report_clear (gpointer data)
{
  BtsWorkerReport *self = data;
  g_autoptr (GError) error = g_error_new (BGT_ERROR, BGT_ERROR_NOT_FOUND, "There is no transfer %s",
                                          self->guid);

  bts_worker_report_answer (self, error);
  g_free (self->guid);
  g_variant_unref (self->update);
}

BtsWorkerReport *
bts_worker_report_ref (BtsWorkerReport *self)
{
  return g_rc_box_acquire (self);
}

void
bts_worker_report_unref (BtsWorkerReport *self)
{
  g_rc_box_release_full (self, report_clear);
}

const char *
bts_worker_report_get_guid (BtsWorkerReport *self)
{
  return self->guid;
}

GVariant *
bts_worker_report_get_update (BtsWorkerReport *self)
{
  return self->update;
}

void
bts_worker_report_cut (BtsWorkerReport *self, gsize checkpoint_room)
{
  const struct
  {
    const char *key;
    gsize max_bytes;
  } rows[] = {
    { "checkpoint", MAX (checkpoint_room, MAX_CUT_BYTES) },
    { "response", MAX_CUT_BYTES },
    { "ranges", MAX_CUT_BYTES },
    { "added", MAX_CUT_BYTES },
  };
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (self->update);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) value = g_variant_dict_lookup_value (&update, rows[i].key, NULL);

      if (value != NULL && bts_report_get_weight (value) > rows[i].max_bytes)
        g_variant_dict_remove (&update, rows[i].key);
    }
  g_variant_unref (self->update);
  self->update = g_variant_ref_sink (g_variant_dict_end (&update));
}

gboolean
bts_worker_report_is_final (BtsWorkerReport *self)
{
  return self->is_final;
}

void
bts_worker_report_answer (BtsWorkerReport *self, const GError *error)
{
  GDBusMethodInvocation *invocation = g_steal_pointer (&self->invocation);

  if (invocation == NULL)
    return;
  /* Both consume the invocation. */
  if (error != NULL)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}
