/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/worker-update.h"

#include <limits.h>
#include <string.h>

#include "model/request-checks.h"

#define MAX_DICTIONARY_BYTES (1024 * 1024)
/* What the most ranges have, and a little more: each value is printed when it is stored. */
#define MAX_DICTIONARY_WEIGHT (1280 * 1024)
/* Each byte of a file's name can be written as %XX. */
#define MAX_URI_NAME_BYTES (3 * NAME_MAX)
/* What a value costs beside its own bytes: to be read from the store's text, most of all. */
#define VALUE_BYTES 16

/* What GetResponseInformation returns. */
static const struct
{
  const char *key;
  const char *type;
} response_keys[] = {
  { "actual-uri", "s" },   { "status-code", "u" },  { "headers", "a(ss)" },
  { "is-resumable", "b" }, { "is-truncated", "b" },
};

static gboolean
is_response_pair (const char *key, GVariant *value)
{
  for (gsize i = 0; i < G_N_ELEMENTS (response_keys); i++)
    {
      if (g_str_equal (key, response_keys[i].key))
        return g_variant_is_of_type (value, G_VARIANT_TYPE (response_keys[i].type));
    }

  return FALSE;
}

gboolean
bts_response_is_valid (GVariant *response)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (!bts_checkpoint_is_valid (response))
    return FALSE;

  /* All of it goes over the bus, which throws off who sends something that it does not allow. */
  g_variant_iter_init (&iter, response);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (!is_response_pair (key, value))
        {
          g_variant_unref (value);
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
bts_checkpoint_is_valid (GVariant *checkpoint)
{
  return g_variant_is_of_type (checkpoint, G_VARIANT_TYPE_VARDICT) &&
         g_variant_get_size (checkpoint) <= MAX_DICTIONARY_BYTES &&
         bts_report_get_weight (checkpoint) <= MAX_DICTIONARY_WEIGHT &&
         !bts_variant_has_handle (checkpoint);
}

static gsize
count_values (GVariant *value)
{
  const char *type = g_variant_get_type_string (value);
  gsize n_values = 1;

  if (!g_variant_is_container (value))
    return 1;
  /* Of arrays of numbers there is no need to look at each. */
  if (*type == 'a' && strpbrk (type + 1, "sogvam") == NULL)
    return 1 + g_variant_n_children (value) * strlen (type + 1);
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      n_values += count_values (child);
    }
  return n_values;
}

gsize
bts_report_get_weight (GVariant *value)
{
  return value != NULL ? g_variant_get_size (value) + VALUE_BYTES * count_values (value) : 0;
}

GVariant *
bts_report_make_compact (GVariant *value)
{
  g_autoptr (GBytes) bytes = g_bytes_new (g_variant_get_data (value), g_variant_get_size (value));

  return g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (value), bytes,
                                                       g_variant_is_normal_form (value)));
}

gboolean
bts_report_is_same (GVariant *a, GVariant *b)
{
  gsize size = g_variant_get_size (a);

  return size == g_variant_get_size (b) &&
         (size == 0 || memcmp (g_variant_get_data (a), g_variant_get_data (b), size) == 0);
}

gboolean
bts_destination_is_valid (const char *destination)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_string (destination));

  return bts_check_path (value, NULL);
}

/* Only the last part of what was wanted can have become another one. */
static gboolean
fits (const char *destination, const char *wanted)
{
  return strlen (destination) <= (wanted != NULL ? strlen (wanted) : 0) + MAX_URI_NAME_BYTES;
}

static GVariant *
lookup_dictionary (GVariantDict *update, const char *key, gboolean (*is_valid) (GVariant *value))
{
  g_autoptr (GVariant) value = g_variant_dict_lookup_value (update, key, G_VARIANT_TYPE_VARDICT);

  if (value == NULL || !is_valid (value))
    return NULL;

  return g_steal_pointer (&value);
}

static BtsByteRanges *
lookup_ranges (GVariantDict *update, const char *key)
{
  g_autoptr (GVariant) value = g_variant_dict_lookup_value (update, key, G_VARIANT_TYPE ("a(tt)"));

  return value != NULL && g_variant_n_children (value) <= BTS_MAX_RANGES
             ? bts_byte_ranges_from_variant (value)
             : NULL;
}

static void
lookup_numbers (BtsWorkerUpdate *self, GVariantDict *update)
{
  const struct
  {
    const char *key;
    guint64 *value;
  } rows[] = {
    [BTS_WORKER_UPDATE_BYTES_RECEIVED] = { "bytes-received", &self->bytes_received },
    [BTS_WORKER_UPDATE_TOTAL_TO_RECEIVE] = { "total-bytes-to-receive", &self->total_to_receive },
    [BTS_WORKER_UPDATE_BYTES_SENT] = { "bytes-sent", &self->bytes_sent },
    [BTS_WORKER_UPDATE_TOTAL_TO_SEND] = { "total-bytes-to-send", &self->total_to_send },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    self->is_set[i] = g_variant_dict_lookup (update, rows[i].key, "t", rows[i].value);
}

BtsWorkerUpdate *
bts_worker_update_new (GVariant *update, BtsRequest *request)
{
  BtsWorkerUpdate *self = g_new0 (BtsWorkerUpdate, 1);
  g_autoptr (BtsByteRanges) added = NULL;
  GVariantDict dict;
  const char *destination;

  if (!g_variant_is_of_type (update, G_VARIANT_TYPE_VARDICT))
    return self;

  /* Not g_variant_lookup(): each of those goes through all of it. */
  g_variant_dict_init (&dict, update);

  self->checkpoint = lookup_dictionary (&dict, "checkpoint", bts_checkpoint_is_valid);
  self->response = lookup_dictionary (&dict, "response", bts_response_is_valid);
  self->ranges = lookup_ranges (&dict, "ranges");
  added = lookup_ranges (&dict, "added");
  if (added != NULL && bts_byte_ranges_get_count (added) > 0)
    self->added = bts_byte_ranges_to_variant (added);

  if (g_variant_dict_lookup (&dict, "destination", "&s", &destination) &&
      fits (destination, bts_request_get_destination (request)) &&
      bts_destination_is_valid (destination))
    self->destination = g_strdup (destination);

  g_variant_dict_lookup (&dict, "has-restarted", "b", &self->has_restarted);
  g_variant_dict_lookup (&dict, "has-response-changed", "b", &self->has_response_changed);
  g_variant_dict_lookup (&dict, "is-committed", "b", &self->is_committed);
  g_variant_dict_lookup (&dict, "source-is-kept", "b", &self->source_is_kept);
  lookup_numbers (self, &dict);
  g_variant_dict_clear (&dict);

  return self;
}

void
bts_worker_update_free (BtsWorkerUpdate *self)
{
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->response, g_variant_unref);
  g_clear_pointer (&self->ranges, bts_byte_ranges_free);
  g_clear_pointer (&self->added, g_variant_unref);
  g_free (self->destination);
  g_free (self);
}
