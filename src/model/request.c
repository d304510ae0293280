/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/request.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "model/metadata.h"
#include "model/part-checks.h"
#include "model/request-keys.h"
#include "model/request-uri.h"

#define MAX_REQUEST_BYTES (64 * 1024)
#define MAX_KEYS 64

typedef struct
{
  const BtsRequestKey *row; /* (unowned) */
  GVariant *value;          /* (owned) */
} Entry;

struct _BtsRequest
{
  gatomicrefcount ref_count;
  BgtOperationKind kind;
  GVariant *variant; /* (owned): a{sv} in the order of the table */
  char *host;        /* (owned): a GRefString, one for all of the same host */

  /* What every decision of the queue asks of every request. */
  BgtPriority priority;
  BgtCostPolicy cost_policy;
  gint64 not_before;
  gint64 deadline;
  gboolean has_streams;

  guint n_entries;
  Entry entries[];
};

/* Where a dictionary comes from, hence what is demanded of it besides being right. */
typedef enum
{
  ORIGIN_APPLICATION,
  ORIGIN_CHANGE, /* a request that was good, with one key changed */
  ORIGIN_RECORD, /* the store, perhaps of another version */
} Origin;

/* A value for each row of the table, NULL where there is none. */
typedef GVariant *Values[MAX_KEYS];

static void
values_clear (Values values)
{
  for (gsize i = 0; i < MAX_KEYS; i++)
    g_clear_pointer (&values[i], g_variant_unref);
}

static gboolean
add_value (
    Values values, BgtOperationKind kind, const BtsRequestKey *row, GVariant *value, GError **error)
{
  guint index = bts_request_key_get_index (row);

  if (values[index] != NULL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "option “%s” is there twice",
                   row->option.key);
      return FALSE;
    }

  if (!bts_request_key_check (row, kind, value, error))
    return FALSE;

  values[index] = g_variant_ref_sink (row->normalize != NULL ? row->normalize (value) : value);
  return TRUE;
}

/* A record may have keys of another version, and a descriptor is gone after a restart: both are
 * left out. */
static gboolean
collect (Values values, BgtOperationKind kind, GVariant *options, Origin origin, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *child;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &child))
    {
      g_autoptr (GVariant) value = child;
      const BtsRequestKey *row = bts_request_key_find (key);

      if (origin == ORIGIN_RECORD && (row == NULL || bts_variant_has_handle (value)))
        continue;

      if (row == NULL || (row->is_internal && origin == ORIGIN_APPLICATION))
        {
          g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "there is no option “%s”",
                       key);
          return FALSE;
        }

      if (!add_value (values, kind, row, value, error))
        return FALSE;
    }

  return TRUE;
}

static guint
index_of (const char *key)
{
  return bts_request_key_get_index (bts_request_key_find (key));
}

static gboolean
check_kind (Values values, BgtOperationKind kind, GError **error)
{
  guint index = index_of ("kind");
  const char *word = bgt_operation_kind_to_string (kind);

  if (values[index] == NULL)
    values[index] = g_variant_ref_sink (g_variant_new_string (word));

  if (g_str_equal (g_variant_get_string (values[index], NULL), word))
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "option “kind” is not “%s”", word);
  return FALSE;
}

static gboolean
check_uri_is_there (Values values, GError **error)
{
  if (values[index_of ("uri")] != NULL)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "option “uri” is missing");
  return FALSE;
}

static gboolean
check_support (Values values, GError **error)
{
  for (guint i = 0; i < bts_request_key_get_count (); i++)
    if (values[i] != NULL &&
        !bts_request_key_check_support (bts_request_key_get_nth (i), values[i], error))
      return FALSE;

  return TRUE;
}

/* What the service itself adds is not the application's to keep small. */
gsize
bts_request_get_size (BtsRequest *self)
{
  gsize size = g_variant_get_size (self->variant);

  for (guint i = 0; i < self->n_entries; i++)
    if (self->entries[i].row->is_internal)
      size -= MIN (size, g_variant_get_size (self->entries[i].value));

  return size;
}

static gboolean
check_size (BtsRequest *self, GError **error)
{
  const Entry *largest = &self->entries[0];

  if (bts_request_get_size (self) <= MAX_REQUEST_BYTES)
    return TRUE;

  for (guint i = 1; i < self->n_entries; i++)
    if (g_variant_get_size (self->entries[i].value) > g_variant_get_size (largest->value))
      largest = &self->entries[i];

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "option “%s” is too large: all options together may have %d bytes, these have %zu",
               largest->row->option.key, MAX_REQUEST_BYTES, bts_request_get_size (self));
  return FALSE;
}

GVariant *
bts_request_lookup (BtsRequest *self, const char *key)
{
  for (guint i = 0; i < self->n_entries; i++)
    if (g_str_equal (self->entries[i].row->option.key, key))
      return self->entries[i].value;

  return NULL;
}

static const char *
lookup_string (BtsRequest *self, const char *key)
{
  GVariant *value = bts_request_lookup (self, key);

  return value != NULL ? g_variant_get_string (value, NULL) : NULL;
}

static void
cache_values (BtsRequest *self)
{
  const char *priority = lookup_string (self, "priority");
  const char *cost_policy = lookup_string (self, "cost-policy");
  g_autofree char *host = bts_request_uri_make_host (bts_request_get_uri (self));

  self->host = g_ref_string_new_intern (host);
  self->priority = BGT_PRIORITY_DEFAULT;
  if (priority != NULL)
    bgt_priority_from_string (priority, &self->priority);
  self->cost_policy = BGT_COST_POLICY_DEFAULT;
  if (cost_policy != NULL)
    bgt_cost_policy_from_string (cost_policy, &self->cost_policy);
  g_variant_lookup (self->variant, "not-before", "x", &self->not_before);
  g_variant_lookup (self->variant, "deadline", "x", &self->deadline);
  self->has_streams = bts_found_file_is_stream (bts_request_lookup (self, "source-file")) ||
                      bts_found_file_is_stream (bts_request_lookup (self, "body-file")) ||
                      bts_parts_have_stream (bts_request_lookup (self, "parts"));
}

/* The entries lend their bytes from the one serialized dictionary. */
static BtsRequest *
assemble (BgtOperationKind kind, Values values)
{
  GVariantBuilder builder;
  guint n_entries = 0;
  BtsRequest *self;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < bts_request_key_get_count (); i++)
    if (values[i] != NULL)
      {
        g_variant_builder_add (&builder, "{sv}", bts_request_key_get_nth (i)->option.key,
                               values[i]);
        n_entries++;
      }

  self = g_malloc0 (sizeof *self + n_entries * sizeof (Entry));
  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->variant = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_variant_get_data (self->variant);

  for (guint i = 0; i < bts_request_key_get_count (); i++)
    if (values[i] != NULL)
      {
        Entry *entry = &self->entries[self->n_entries];
        g_autoptr (GVariant) pair = g_variant_get_child_value (self->variant, self->n_entries++);

        entry->row = bts_request_key_get_nth (i);
        g_variant_get_child (pair, 1, "v", &entry->value);
      }

  cache_values (self);

  return self;
}

static BtsRequest *
make (BgtOperationKind kind, GVariant *options, Origin origin, GError **error)
{
  g_autoptr (GVariant) taken = g_variant_ref_sink (options);
  g_autoptr (BtsRequest) self = NULL;
  Values values = { NULL };

  G_STATIC_ASSERT (G_N_ELEMENTS (values) == MAX_KEYS);
  g_assert (bts_request_key_get_count () <= MAX_KEYS);

  if (!g_variant_is_of_type (taken, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "the options are of the type a{sv}, not %s", g_variant_get_type_string (taken));
      return NULL;
    }

  if (collect (values, kind, taken, origin, error) && check_kind (values, kind, error) &&
      check_uri_is_there (values, error) &&
      bts_request_uri_take_log_in (&values[index_of ("uri")],
                                   &values[index_of ("server-credential")], origin == ORIGIN_CHANGE,
                                   error) &&
      (origin == ORIGIN_RECORD ||
       bts_request_uri_check_kind (g_variant_get_string (values[index_of ("uri")], NULL), kind,
                                   error)) &&
      (origin != ORIGIN_APPLICATION || check_support (values, error)))
    self = assemble (kind, values);

  values_clear (values);

  if (self == NULL ||
      (origin == ORIGIN_APPLICATION &&
       (!check_size (self, error) || !bts_request_uri_check_options (self->variant, NULL, error))))
    return NULL;

  return g_steal_pointer (&self);
}

BtsRequest *
bts_request_new (BgtOperationKind kind, GVariant *options, GError **error)
{
  return make (kind, options, ORIGIN_APPLICATION, error);
}

BtsRequest *
bts_request_new_from_record (BgtOperationKind kind, GVariant *options, GError **error)
{
  return make (kind, options, ORIGIN_RECORD, error);
}

BtsRequest *
bts_request_ref (BtsRequest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_request_unref (BtsRequest *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; i < self->n_entries; i++)
    g_variant_unref (self->entries[i].value);
  g_variant_unref (self->variant);
  g_clear_pointer (&self->host, g_ref_string_release);
  g_free (self);
}

static GVariant *
replace_key (BtsRequest *self, const char *key, GVariant *value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < self->n_entries; i++)
    if (!g_str_equal (self->entries[i].row->option.key, key))
      g_variant_builder_add (&builder, "{sv}", self->entries[i].row->option.key,
                             self->entries[i].value);

  if (value != NULL)
    g_variant_builder_add (&builder, "{sv}", key, value);

  return g_variant_builder_end (&builder);
}

BtsRequest *
bts_request_with (BtsRequest *self, const char *key, GVariant *value, GError **error)
{
  g_autoptr (GVariant) taken = value != NULL ? g_variant_ref_sink (value) : NULL;
  g_autoptr (BtsRequest) changed = NULL;
  const BtsRequestKey *row = bts_request_key_find (key);

  g_return_val_if_fail (self != NULL, NULL);

  if (row == NULL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "there is no option “%s”", key);
      return NULL;
    }

  if (taken != NULL && (!bts_request_key_check (row, self->kind, taken, error) ||
                        !bts_request_key_check_support (row, taken, error)))
    return NULL;

  changed = make (self->kind, replace_key (self, key, taken), ORIGIN_CHANGE, error);
  if (changed == NULL)
    return NULL;

  if ((bts_request_get_size (changed) > bts_request_get_size (self) &&
       !check_size (changed, error)) ||
      !bts_request_uri_check_options (changed->variant, self->variant, error))
    return NULL;

  return g_steal_pointer (&changed);
}

GVariant *
bts_request_get_variant (BtsRequest *self)
{
  return self->variant;
}

BgtOperationKind
bts_request_get_kind (BtsRequest *self)
{
  return self->kind;
}

const char *
bts_request_get_uri (BtsRequest *self)
{
  return lookup_string (self, "uri");
}

const char *
bts_request_get_host (BtsRequest *self)
{
  return self->host;
}

const char *
bts_request_get_method (BtsRequest *self)
{
  const char *method = lookup_string (self, "method");

  if (method != NULL)
    return method;
  if (self->kind == BGT_OPERATION_KIND_DOWNLOAD)
    return "GET";

  return bts_request_lookup (self, "parts") != NULL ? "POST" : "PUT";
}

const char *
bts_request_get_destination (BtsRequest *self)
{
  return lookup_string (self, "destination");
}

const char *
bts_request_get_source (BtsRequest *self)
{
  return lookup_string (self, "source");
}

BgtCostPolicy
bts_request_get_cost_policy (BtsRequest *self)
{
  return self->cost_policy;
}

BgtPriority
bts_request_get_priority (BtsRequest *self)
{
  return self->priority;
}

guint64
bts_request_get_max_rate (BtsRequest *self)
{
  GVariant *value = bts_request_lookup (self, "max-rate");

  return value != NULL ? g_variant_get_uint64 (value) : 0;
}

gboolean
bts_request_has_streams (BtsRequest *self)
{
  return self->has_streams;
}

gint64
bts_request_get_not_before (BtsRequest *self)
{
  return self->not_before;
}

gint64
bts_request_get_deadline (BtsRequest *self)
{
  return self->deadline;
}

gboolean
bts_request_is_recoverable (BtsRequest *self, int web_error)
{
  GVariant *words = bts_request_lookup (self, "recoverable-errors");
  GVariantIter iter;
  const char *word;
  int recoverable;

  if (words == NULL)
    return FALSE;

  g_variant_iter_init (&iter, words);
  while (g_variant_iter_next (&iter, "&s", &word))
    if (bgt_web_error_from_string (word, &recoverable) && recoverable == web_error)
      return TRUE;

  return FALSE;
}
