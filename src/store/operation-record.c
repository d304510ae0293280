/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/operation-record.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "model/metadata.h"
#include "model/worker-update.h"

#define RECORD_GROUP "Operation"
#define RECORD_VERSION 1

/* How a member of BtsOperationState is written. What is 0, FALSE or NULL is left out. */
typedef enum
{
  FIELD_INTENT,
  FIELD_STATUS,
  FIELD_WEB_ERROR,
  FIELD_TIME,
  FIELD_SIZE,
  FIELD_FLAG,
  FIELD_TEXT,
  FIELD_DESTINATION,
  FIELD_RESPONSE,
  FIELD_CHECKPOINT,
  FIELD_RANGES,
} FieldKind;

static const char *const field_types[] = {
  [FIELD_INTENT] = "s",         [FIELD_STATUS] = "s",      [FIELD_WEB_ERROR] = "s",
  [FIELD_TIME] = "x",           [FIELD_SIZE] = "t",        [FIELD_FLAG] = "b",
  [FIELD_TEXT] = "s",           [FIELD_DESTINATION] = "s", [FIELD_RESPONSE] = "a{sv}",
  [FIELD_CHECKPOINT] = "a{sv}", [FIELD_RANGES] = "a(tt)",
};

#define FIELD(key, kind, member)                                                                   \
  {                                                                                                \
    key, FIELD_##kind, G_STRUCT_OFFSET (BtsOperationState, member)                                 \
  }

static const struct
{
  const char *key;
  FieldKind kind;
  glong offset;
} fields[] = {
  FIELD ("Intent", INTENT, intent),
  FIELD ("Status", STATUS, final_status),
  FIELD ("Started", TIME, started),
  FIELD ("Finished", TIME, finished),
  FIELD ("RetryAt", TIME, retry_at),
  FIELD ("BytesReceived", SIZE, bytes_received),
  FIELD ("TotalToReceive", SIZE, total_to_receive),
  FIELD ("BytesSent", SIZE, bytes_sent),
  FIELD ("TotalToSend", SIZE, total_to_send),
  FIELD ("HasRestarted", FLAG, has_restarted),
  FIELD ("HasResponseChanged", FLAG, has_response_changed),
  FIELD ("SourceIsKept", FLAG, source_is_kept),
  FIELD ("WebError", WEB_ERROR, web_error),
  FIELD ("ErrorMessage", TEXT, error_message),
  FIELD ("Destination", DESTINATION, destination),
  FIELD ("Response", RESPONSE, response),
  FIELD ("Checkpoint", CHECKPOINT, checkpoint),
  FIELD ("Ranges", RANGES, ranges),
};

static const char *const intent_words[] = {
  [BTS_INTENT_NOT_STARTED] = "not-started", [BTS_INTENT_GO] = "go",
  [BTS_INTENT_PAUSED] = "paused",           [BTS_INTENT_RECOVERABLE_ERROR] = "recoverable-error",
  [BTS_INTENT_CANCEL] = "cancel",           [BTS_INTENT_FINISHED] = "finished",
};

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (BGT_ERROR, BGT_ERROR_FAILED, format, arguments);
  va_end (arguments);

  return FALSE;
}

/* Takes @value, floating or not. */
static void
print_value (GString *text, const char *key, GVariant *value)
{
  g_autoptr (GVariant) taken = g_variant_take_ref (value);

  g_string_append_printf (text, "%s=", key);
  g_variant_print_string (taken, text, TRUE);
  g_string_append_c (text, '\n');
}

/* (nullable): NULL where there is nothing to write */
static GVariant *
field_to_variant (FieldKind kind, gconstpointer member)
{
  const char *text = NULL;
  GVariant *const *variant = member;

  switch (kind)
    {
    case FIELD_INTENT:
      return g_variant_new_string (intent_words[*(const BtsIntent *) member]);
    case FIELD_STATUS:
      if (bgt_operation_status_is_final (*(const BgtOperationStatus *) member))
        text = bgt_operation_status_to_string (*(const BgtOperationStatus *) member);
      return text != NULL ? g_variant_new_string (text) : NULL;
    case FIELD_WEB_ERROR:
      text = bgt_web_error_to_string (*(const int *) member);
      return *text != '\0' ? g_variant_new_string (text) : NULL;
    case FIELD_TIME:
      return *(const gint64 *) member != 0 ? g_variant_new_int64 (*(const gint64 *) member) : NULL;
    case FIELD_SIZE:
      return *(const guint64 *) member != 0 ? g_variant_new_uint64 (*(const guint64 *) member)
                                            : NULL;
    case FIELD_FLAG:
      return *(const gboolean *) member ? g_variant_new_boolean (TRUE) : NULL;
    case FIELD_TEXT:
    case FIELD_DESTINATION:
      text = *(const char *const *) member;
      return text != NULL ? g_variant_new_string (text) : NULL;
    case FIELD_RESPONSE:
    case FIELD_CHECKPOINT:
    case FIELD_RANGES:
      return *variant != NULL ? g_variant_ref (*variant) : NULL;
    }
  g_assert_not_reached ();
}

/* A descriptor means nothing to the next process. */
static GVariant *
without_handles (GVariant *request)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (!bts_variant_has_handle (request))
    return g_variant_ref (request);

  g_variant_iter_init (&iter, request);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (!bts_variant_has_handle (value))
      g_variant_builder_add (&builder, "{sv}", key, value);

  return g_variant_builder_end (&builder);
}

char *
bts_operation_record_print (BtsOperation *operation, gsize *length)
{
  GString *text = g_string_sized_new (1024);
  BtsOwner *owner = bts_operation_get_owner (operation);
  BtsRequest *request = bts_operation_get_request (operation);
  BtsOperationState state;

  bts_operation_get_state (operation, &state);

  g_string_append_printf (text, "[%s]\nVersion=%d\n", RECORD_GROUP, RECORD_VERSION);
  print_value (text, "Uid", g_variant_new_uint32 (bts_owner_get_uid (owner)));
  print_value (text, "Application", g_variant_new_string (bts_owner_get_application (owner)));
  print_value (text, "IsSandboxed", g_variant_new_boolean (bts_owner_is_sandboxed (owner)));
  print_value (text, "Created", g_variant_new_int64 (bts_operation_get_created (operation)));

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      GVariant *value =
          field_to_variant (fields[i].kind, G_STRUCT_MEMBER_P (&state, fields[i].offset));

      if (value != NULL)
        print_value (text, fields[i].key, value);
    }

  print_value (text, "Request", without_handles (bts_request_get_variant (request)));

  *length = text->len;
  return g_string_free (text, FALSE);
}

/* GLib 2.74 takes \u and \U for what they say, and then makes a string that is no UTF-8. */
static gboolean
escapes_are_characters (const char *text)
{
  for (const char *c = strchr (text, '\\'); c != NULL && c[1] != '\0'; c = strchr (c + 2, '\\'))
    {
      guint n_digits = c[1] == 'u' ? 4 : c[1] == 'U' ? 8 : 0;
      gunichar character = 0;

      for (guint i = 0; i < n_digits && g_ascii_isxdigit (c[2 + i]); i++)
        character = character << 4 | (gunichar) g_ascii_xdigit_value (c[2 + i]);

      if (n_digits > 0 && (character == 0 || !g_unichar_validate (character)))
        return FALSE;
    }

  return TRUE;
}

/* (nullable): NULL with @error where the value is wrong, NULL without where there is none */
static GVariant *
read_value (GKeyFile *file, const char *key, const char *type, GError **error)
{
  g_autofree char *text = g_key_file_get_value (file, RECORD_GROUP, key, NULL);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) value = NULL;

  if (text == NULL)
    return NULL;

  if (!escapes_are_characters (text))
    {
      refuse (error, "%s has an escape that is no character", key);
      return NULL;
    }

  value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &local_error);
  if (value == NULL)
    refuse (error, "%s is not a value of the type %s: %s", key, type, local_error->message);
  else if (!g_variant_is_normal_form (value))
    {
      refuse (error, "%s is malformed", key);
      g_clear_pointer (&value, g_variant_unref);
    }

  return g_steal_pointer (&value);
}

static GVariant *
read_required (GKeyFile *file, const char *key, const char *type, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GVariant *value = read_value (file, key, type, &local_error);

  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (value == NULL)
    refuse (error, "%s is missing", key);

  return value;
}

static gboolean
find_intent (const char *word, BtsIntent *intent)
{
  for (gsize i = 0; i < G_N_ELEMENTS (intent_words); i++)
    if (g_str_equal (intent_words[i], word))
      {
        *intent = (BtsIntent) i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
ranges_are_valid (GVariant *value)
{
  g_autoptr (BtsByteRanges) ranges = bts_byte_ranges_from_variant (value);

  return ranges != NULL;
}

/* Sets the member, which lends from @value; FALSE where the value makes no sense. */
static gboolean
field_from_variant (FieldKind kind, gpointer member, GVariant *value)
{
  switch (kind)
    {
    case FIELD_INTENT:
      return find_intent (g_variant_get_string (value, NULL), member);
    case FIELD_STATUS:
      return bgt_operation_status_from_string (g_variant_get_string (value, NULL), member) &&
             bgt_operation_status_is_final (*(BgtOperationStatus *) member);
    case FIELD_WEB_ERROR:
      return bgt_web_error_from_string (g_variant_get_string (value, NULL), member);
    case FIELD_TIME:
      *(gint64 *) member = g_variant_get_int64 (value);
      return *(gint64 *) member >= 0;
    case FIELD_SIZE:
      *(guint64 *) member = g_variant_get_uint64 (value);
      return TRUE;
    case FIELD_FLAG:
      *(gboolean *) member = g_variant_get_boolean (value);
      return TRUE;
    case FIELD_TEXT:
      *(const char **) member = g_variant_get_string (value, NULL);
      return TRUE;
    case FIELD_DESTINATION:
      *(const char **) member = g_variant_get_string (value, NULL);
      return bts_destination_is_valid (*(const char **) member);
    case FIELD_RESPONSE:
      *(GVariant **) member = value;
      return bts_response_is_valid (value);
    case FIELD_CHECKPOINT:
      *(GVariant **) member = value;
      return bts_checkpoint_is_valid (value);
    case FIELD_RANGES:
      *(GVariant **) member = value;
      return ranges_are_valid (value);
    }
  g_assert_not_reached ();
}

/* @values keeps what @state lends. */
static gboolean
read_state (GKeyFile *file, BtsOperationState *state, GPtrArray *values, GError **error)
{
  /* All others have a default; to guess what the application wants would be to do it. */
  if (!g_key_file_has_key (file, RECORD_GROUP, "Intent", NULL))
    return refuse (error, "Intent is missing");

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autoptr (GError) local_error = NULL;
      GVariant *value = read_value (file, fields[i].key, field_types[fields[i].kind], &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }

      if (value == NULL)
        continue;

      g_ptr_array_add (values, value);
      if (!field_from_variant (fields[i].kind, G_STRUCT_MEMBER_P (state, fields[i].offset), value))
        return refuse (error, "%s has a value that makes no sense", fields[i].key);
    }

  if ((state->intent == BTS_INTENT_FINISHED) != bgt_operation_status_is_final (state->final_status))
    return refuse (error, "Intent and Status do not fit each other");

  return TRUE;
}

static BtsOwner *
read_owner (GKeyFile *file, GError **error)
{
  g_autoptr (GVariant) uid = read_required (file, "Uid", "u", error);
  g_autoptr (GVariant) application = NULL;
  g_autoptr (GVariant) is_sandboxed = NULL;

  if (uid == NULL)
    return NULL;

  application = read_required (file, "Application", "s", error);
  if (application == NULL)
    return NULL;

  is_sandboxed = read_required (file, "IsSandboxed", "b", error);
  if (is_sandboxed == NULL)
    return NULL;

  return bts_owner_new (g_variant_get_uint32 (uid), g_variant_get_string (application, NULL),
                        g_variant_get_boolean (is_sandboxed));
}

static BtsRequest *
read_request (GKeyFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) options = read_required (file, "Request", "a{sv}", error);
  BgtOperationKind kind;
  const char *word;
  BtsRequest *request;

  if (options == NULL)
    return NULL;

  if (!g_variant_lookup (options, "kind", "&s", &word) ||
      !bgt_operation_kind_from_string (word, &kind))
    {
      refuse (error, "Request has no kind");
      return NULL;
    }

  request = bts_request_new_from_record (kind, options, &local_error);
  if (request == NULL)
    refuse (error, "Request: %s", local_error->message);

  return request;
}

static gboolean
check_version (GKeyFile *file, GError **error)
{
  g_autofree char *text = g_key_file_get_value (file, RECORD_GROUP, "Version", NULL);
  guint64 version;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32, &version, NULL))
    return refuse (error, "there is no [%s] with a Version in it", RECORD_GROUP);

  if (version > RECORD_VERSION)
    return refuse (error,
                   "written by a newer service: version %" G_GUINT64_FORMAT ", this one knows %d",
                   version, RECORD_VERSION);

  return TRUE;
}

BtsOperation *
bts_operation_record_parse (const char *guid, const char *text, gsize length, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (BtsOwner) owner = NULL;
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (GVariant) created = NULL;
  BtsOperationState state = { 0 };
  BtsOperation *operation;

  if (!g_utf8_validate_len (text, length, NULL))
    {
      refuse (error, "the file is not text");
      return NULL;
    }

  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error))
    {
      refuse (error, "not a key file: %s", local_error->message);
      return NULL;
    }

  if (!check_version (file, error) || (owner = read_owner (file, error)) == NULL ||
      (created = read_required (file, "Created", "x", error)) == NULL ||
      !read_state (file, &state, values, error) || (request = read_request (file, error)) == NULL)
    return NULL;

  operation = bts_operation_new (guid, owner, request, MAX (g_variant_get_int64 (created), 0));
  bts_operation_restore (operation, &state);

  return operation;
}
