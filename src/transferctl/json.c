/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/json.h"

#include <stdio.h>
#include <string.h>

static JsonNode *
make_strings (char **strings)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    json_array_add_string_element (array, strings[i]);
  json_node_take_array (node, array);
  return node;
}

/* A number that does not fit JSON-GLib's 63 bits reads as the largest that does. */
static JsonNode *
make_number (guint64 number)
{
  return json_node_init_int (json_node_alloc (), (gint64) MIN (number, (guint64) G_MAXINT64));
}

static JsonNode *
make_node (const GValue *value)
{
  JsonNode *node = json_node_alloc ();

  if (G_VALUE_HOLDS_BOOLEAN (value))
    return json_node_init_boolean (node, g_value_get_boolean (value));
  if (G_VALUE_HOLDS_INT64 (value))
    return json_node_init_int (node, g_value_get_int64 (value));
  if (G_VALUE_HOLDS_UINT (value))
    return json_node_init_int (node, g_value_get_uint (value));
  if (G_VALUE_HOLDS_STRING (value))
    {
      const char *string = g_value_get_string (value);

      return json_node_init_string (node, string != NULL ? string : "");
    }
  json_node_unref (node);

  if (G_VALUE_HOLDS_UINT64 (value))
    return make_number (g_value_get_uint64 (value));
  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    return make_strings (g_value_get_boxed (value));
  if (G_VALUE_HOLDS_VARIANT (value) && g_value_get_variant (value) != NULL)
    return json_gvariant_serialize (g_value_get_variant (value));
  return json_node_new (JSON_NODE_NULL);
}

/* "created-time" is `created`, as on the bus. */
static char *
make_key (const char *property)
{
  char *key = g_strdelimit (g_strdup (property), "-", '_');

  if (g_str_has_suffix (key, "_time"))
    key[strlen (key) - strlen ("_time")] = '\0';
  return key;
}

static void
add_property (JsonObject *object, BgtOperation *operation, GParamSpec *pspec)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree char *key = make_key (pspec->name);

  g_value_init (&value, pspec->value_type);
  g_object_get_property (G_OBJECT (operation), pspec->name, &value);
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    {
      GEnumClass *klass = G_PARAM_SPEC_ENUM (pspec)->enum_class;
      GEnumValue *word = g_enum_get_value (klass, g_value_get_enum (&value));

      json_object_set_string_member (object, key, word != NULL ? word->value_nick : "");
      return;
    }
  json_object_set_member (object, key, make_node (&value));
}

static JsonArray *
make_headers (GVariant *information)
{
  g_autoptr (GVariantIter) headers = NULL;
  JsonArray *array = json_array_new ();
  const char *name;
  const char *value;

  if (!g_variant_lookup (information, "headers", "a(ss)", &headers))
    return array;
  while (g_variant_iter_next (headers, "(&s&s)", &name, &value))
    {
      JsonArray *pair = json_array_new ();

      json_array_add_string_element (pair, name);
      json_array_add_string_element (pair, value);
      json_array_add_array_element (array, pair);
    }
  return array;
}

JsonObject *
bts_json_describe (BgtOperation *operation, GVariant *information, gboolean has_headers)
{
  JsonObject *object = json_object_new ();
  g_autofree GParamSpec **pspecs = NULL;
  const char *actual_uri = "";
  gboolean is_resumable = FALSE;
  gboolean is_truncated = FALSE;
  guint status_code = 0;
  guint n_pspecs;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (operation), &n_pspecs);
  for (guint i = 0; i < n_pspecs; i++)
    add_property (object, operation, pspecs[i]);
  json_object_set_string_member (object, "object_path", bgt_operation_get_object_path (operation));
  if (!json_object_has_member (object, "destination"))
    json_object_set_string_member (object, "destination", "");

  if (information != NULL)
    {
      g_variant_lookup (information, "status-code", "u", &status_code);
      g_variant_lookup (information, "actual-uri", "&s", &actual_uri);
      g_variant_lookup (information, "is-resumable", "b", &is_resumable);
      g_variant_lookup (information, "is-truncated", "b", &is_truncated);
    }
  json_object_set_int_member (object, "http_status", status_code);
  if (information != NULL)
    {
      json_object_set_string_member (object, "actual_uri", actual_uri);
      json_object_set_boolean_member (object, "is_resumable", is_resumable);
      json_object_set_boolean_member (object, "is_truncated", is_truncated);
    }
  if (information != NULL && has_headers)
    json_object_set_array_member (object, "response_headers", make_headers (information));
  return object;
}

static void
print (JsonNode *node, gboolean is_pretty)
{
  g_autofree char *text = json_to_string (node, is_pretty);

  printf ("%s\n", text);
  fflush (stdout);
  json_node_unref (node);
}

/* "CostType" is `cost_type`. */
static char *
make_snake_case (const char *name)
{
  GString *key = g_string_new (NULL);

  for (const char *c = name; *c != '\0'; c++)
    {
      if (g_ascii_isupper (*c) && c != name)
        g_string_append_c (key, '_');
      g_string_append_c (key, g_ascii_tolower (*c));
    }
  return g_string_free (key, FALSE);
}

JsonNode *
bts_json_describe_properties (GVariant *properties)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      g_autofree char *key = make_snake_case (name);

      json_object_set_member (object, key, json_gvariant_serialize (owned));
    }
  json_node_take_object (node, object);
  return node;
}

void
bts_json_print_line (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  print (node, FALSE);
}

void
bts_json_print_document (JsonNode *node)
{
  print (node, TRUE);
}
