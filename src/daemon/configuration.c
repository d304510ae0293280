/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/configuration.h"

#include <gio/gio.h>

#include "common/bgt-error.h"

typedef enum
{
  CONFIG_UINT,
  CONFIG_UINT64,
  CONFIG_BOOLEAN,
  CONFIG_SECONDS_OR_NEVER,
  CONFIG_PATH,
} ConfigType;

typedef struct
{
  const char *group;
  const char *key;
  ConfigType type;
  gsize offset; /* in BtsConfiguration */
  guint64 default_value;
  guint64 min;
  guint64 max;
} ConfigRow;

#define LIMIT(field)                                                                               \
  (G_STRUCT_OFFSET (BtsConfiguration, limits) + G_STRUCT_OFFSET (BtsLimits, field))
#define DAY_SECONDS (24 * 60 * 60)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define TIB (G_GUINT64_CONSTANT (1) << 40)

/* What each key means stands in the configuration file that is installed. */
static const ConfigRow config_rows[] = {
  /* group, key, type, field, default, least, most */
  { "Transfers", "MaxActive", CONFIG_UINT, LIMIT (max_active), 32, 1, 1000 },
  { "Transfers", "MaxActivePerUser", CONFIG_UINT, LIMIT (max_active_per_user), 32, 1, 1000 },
  { "Transfers", "MaxActivePerApplication", CONFIG_UINT, LIMIT (max_active_per_application), 16, 1,
    1000 },
  { "Transfers", "MaxActivePerHost", CONFIG_UINT, LIMIT (max_active_per_host), 6, 1, 1000 },
  { "Transfers", "MaxOperationsPerApplication", CONFIG_UINT, LIMIT (max_operations_per_application),
    200, 1, 1000000 },
  { "Transfers", "MaxOperationsPerUser", CONFIG_UINT, LIMIT (max_operations_per_user), 2000, 1,
    1000000 },
  { "Transfers", "ConnectTimeoutSeconds", CONFIG_UINT, LIMIT (connect_timeout_seconds), 300, 1,
    DAY_SECONDS },
  { "Transfers", "ResponseTimeoutSeconds", CONFIG_UINT, LIMIT (response_timeout_seconds), 120, 1,
    DAY_SECONDS },
  { "Transfers", "MaxRetries", CONFIG_UINT, LIMIT (max_retries), 3, 0, 1000 },
  { "Transfers", "RetryDelaySeconds", CONFIG_UINT, LIMIT (retry_delay_seconds), 5, 0, DAY_SECONDS },
  { "Transfers", "MaxConnectionsPerDownload", CONFIG_UINT, LIMIT (max_connections_per_download), 4,
    1, 64 },
  { "Transfers", "CheckpointBytes", CONFIG_UINT64, LIMIT (checkpoint_bytes), 32 * MIB, MIB, TIB },
  { "Transfers", "MaxSpoolBytesPerUser", CONFIG_UINT64, LIMIT (max_spool_bytes_per_user),
    4096 * MIB, 2 * MIB, G_MAXINT64 },
  { "Transfers", "MaxSpoolBytesPerApplication", CONFIG_UINT64,
    LIMIT (max_spool_bytes_per_application), 2048 * MIB, 2 * MIB, G_MAXINT64 },
  { "Transfers", "MaxRate", CONFIG_UINT64, LIMIT (max_rate), 0, 0, G_MAXINT64 },
  { "Retention", "FinishedOperationsDays", CONFIG_UINT, LIMIT (finished_operations_days), 14, 0,
    36500 },
  { "Power", "LowBatteryPercent", CONFIG_UINT, LIMIT (low_battery_percent), 20, 0, 100 },
  { "Power", "PauseOnBatterySaver", CONFIG_BOOLEAN, LIMIT (pause_on_battery_saver), TRUE, 0, 1 },
  { "Network", "RequireConnectivity", CONFIG_BOOLEAN, LIMIT (require_connectivity), TRUE, 0, 1 },
  { "Security", "AllowPlainHttp", CONFIG_BOOLEAN, LIMIT (allow_plain_http), TRUE, 0, 1 },
  { "Security", "TlsCaFile", CONFIG_PATH, LIMIT (tls_ca_file), 0, 0, 0 },
  { "Service", "IdleExitSeconds", CONFIG_SECONDS_OR_NEVER,
    G_STRUCT_OFFSET (BtsConfiguration, idle_exit_seconds), 30, 0, DAY_SECONDS },
};

static void
set_number (BtsConfiguration *self, const ConfigRow *row, guint64 value)
{
  switch (row->type)
    {
    case CONFIG_UINT:
      G_STRUCT_MEMBER (guint, self, row->offset) = (guint) value;
      return;
    case CONFIG_UINT64:
      G_STRUCT_MEMBER (guint64, self, row->offset) = value;
      return;
    case CONFIG_BOOLEAN:
      G_STRUCT_MEMBER (gboolean, self, row->offset) = value != 0;
      return;
    case CONFIG_SECONDS_OR_NEVER:
      G_STRUCT_MEMBER (int, self, row->offset) = (int) value;
      return;
    case CONFIG_PATH:
      return;
    }
  g_assert_not_reached ();
}

static const ConfigRow *
find_row (const char *group, const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (config_rows); i++)
    {
      if (g_str_equal (config_rows[i].group, group) && g_str_equal (config_rows[i].key, key))
        return &config_rows[i];
    }
  return NULL;
}

static gboolean
is_known_group (const char *group)
{
  for (gsize i = 0; i < G_N_ELEMENTS (config_rows); i++)
    {
      if (g_str_equal (config_rows[i].group, group))
        return TRUE;
    }
  return FALSE;
}

/* All of these return what would be right, or NULL where @value was right and has been taken. */

static char *
take_number (BtsConfiguration *self, const ConfigRow *row, const char *value)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, row->min, row->max, &number, NULL))
    return g_strdup_printf ("a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                            row->min, row->max);
  set_number (self, row, number);
  return NULL;
}

static char *
take_boolean (BtsConfiguration *self, const ConfigRow *row, const char *value)
{
  if (g_str_equal (value, "true"))
    set_number (self, row, TRUE);
  else if (g_str_equal (value, "false"))
    set_number (self, row, FALSE);
  else
    return g_strdup ("true or false");
  return NULL;
}

static char *
take_seconds_or_never (BtsConfiguration *self, const ConfigRow *row, const char *value)
{
  g_autofree char *wanted = NULL;

  if (g_str_equal (value, "never"))
    {
      G_STRUCT_MEMBER (int, self, row->offset) = BTS_IDLE_EXIT_NEVER;
      return NULL;
    }
  wanted = take_number (self, row, value);
  return wanted != NULL ? g_strconcat (wanted, ", or never", NULL) : NULL;
}

static char *
take_path (BtsConfiguration *self, const ConfigRow *row, const char *value)
{
  char **path = &G_STRUCT_MEMBER (char *, self, row->offset);

  if (*value != '\0' && !g_path_is_absolute (value))
    return g_strdup ("an absolute path, or nothing");
  g_free (*path);
  *path = *value != '\0' ? g_strdup (value) : NULL;
  return NULL;
}

static char *
take_value (BtsConfiguration *self, const ConfigRow *row, const char *value)
{
  switch (row->type)
    {
    case CONFIG_UINT:
    case CONFIG_UINT64:
      return take_number (self, row, value);
    case CONFIG_BOOLEAN:
      return take_boolean (self, row, value);
    case CONFIG_SECONDS_OR_NEVER:
      return take_seconds_or_never (self, row, value);
    case CONFIG_PATH:
      return take_path (self, row, value);
    }
  g_assert_not_reached ();
}

/* A comment after the value, as people write it, is not part of the value: " # …". */
static char *
dup_value (GKeyFile *file, const char *group, const char *key)
{
  char *value = g_key_file_get_value (file, group, key, NULL);

  if (value == NULL)
    return g_strdup ("");
  for (char *at = value; *at != '\0'; at++)
    {
      if (*at == '#' && (at == value || g_ascii_isspace (at[-1])))
        {
          *at = '\0';
          break;
        }
    }
  return g_strstrip (value);
}

static void
take_group (BtsConfiguration *self,
            GKeyFile *file,
            const char *group,
            const char *path,
            GPtrArray *problems)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  if (!is_known_group (group))
    {
      g_ptr_array_add (problems, g_strdup_printf ("%s: there is no group [%s]", path, group));
      return;
    }
  for (char **key = keys; key != NULL && *key != NULL; key++)
    {
      const ConfigRow *row = find_row (group, *key);
      g_autofree char *value = dup_value (file, group, *key);
      g_autofree char *wanted = NULL;

      if (row == NULL)
        {
          g_ptr_array_add (problems,
                           g_strdup_printf ("%s: group [%s] has no key %s", path, group, *key));
          continue;
        }
      wanted = take_value (self, row, value);
      if (wanted != NULL)
        g_ptr_array_add (problems, g_strdup_printf ("%s: [%s] %s=%s is not %s; the default is used",
                                                    path, group, *key, value, wanted));
    }
}

BtsConfiguration *
bts_configuration_new (void)
{
  BtsConfiguration *self = g_new0 (BtsConfiguration, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (config_rows); i++)
    set_number (self, &config_rows[i], config_rows[i].default_value);
  return self;
}

BtsConfiguration *
bts_configuration_load (const char *path, gboolean must_exist, GPtrArray *problems, GError **error)
{
  g_autoptr (BtsConfiguration) self = bts_configuration_new ();
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) groups = NULL;
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) local_error = NULL;

  if (!g_file_get_contents (path, &text, &length, &local_error))
    {
      if (!must_exist && g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return g_steal_pointer (&self);
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The configuration cannot be read: %s",
                   local_error->message);
      return NULL;
    }
  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error))
    {
      g_ptr_array_add (
          problems, g_strdup_printf ("%s: %s; the defaults are used", path, local_error->message));
      return g_steal_pointer (&self);
    }

  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group != NULL; group++)
    take_group (self, file, *group, path, problems);
  return g_steal_pointer (&self);
}

void
bts_configuration_free (BtsConfiguration *self)
{
  if (self == NULL)
    return;
  g_free (self->limits.tls_ca_file);
  g_free (self);
}
