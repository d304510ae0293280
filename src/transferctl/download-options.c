/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/download-options.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "transferctl/arguments.h"
#include "transferctl/password.h"

#define MAX_TEXT_BODY_BYTES (64 * 1024)

void
bts_download_options_clear (BtsDownloadOptions *self)
{
  g_free (self->output);
  g_strfreev (self->headers);
  g_free (self->user);
  g_free (self->password_file);
  g_free (self->proxy);
  g_free (self->proxy_user);
  g_free (self->proxy_password_file);
  g_strfreev (self->cookies);
  g_free (self->method);
  g_free (self->body);
  g_free (self->group);
  g_free (self->cost_policy);
  g_free (self->priority);
  g_free (self->checksum);
  g_free (self->overwrite);
  g_free (self->max_rate);
  g_free (self->notify);
  g_free (self->not_before);
  g_free (self->deadline);
  g_strfreev (self->metadata);
  g_free (self->application_id);
  g_strfreev (self->recoverable);
  memset (self, 0, sizeof *self);
}

GOptionEntry *
bts_download_options_make_entries (BtsDownloadOptions *self)
{
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output,
      N_ ("File or folder to put it in (default: the URL's last part, here)"), N_ ("FILE") },
    { "header", 'H', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->headers,
      N_ ("Send this header (may be repeated)"), N_ ("'NAME: VALUE'") },
    { "user", 'u', 0, G_OPTION_ARG_FILENAME, &self->user,
      N_ ("User name for the server; the password is asked for (“:”: your Kerberos tickets)"),
      N_ ("USER") },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &self->password_file,
      N_ ("Read the password of --user from the first line of FILE"), N_ ("FILE") },
    { "proxy", 0, 0, G_OPTION_ARG_FILENAME, &self->proxy,
      N_ ("“default”, “none”, or an http, https or socks5 URL"), N_ ("PROXY") },
    { "proxy-user", 0, 0, G_OPTION_ARG_FILENAME, &self->proxy_user,
      N_ ("User name for the proxy; the password is asked for"), N_ ("USER") },
    { "proxy-password-file", 0, 0, G_OPTION_ARG_FILENAME, &self->proxy_password_file,
      N_ ("Read the password of --proxy-user from FILE"), N_ ("FILE") },
    { "cookie", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->cookies,
      N_ ("Send this cookie (may be repeated)"), N_ ("NAME=VALUE") },
    { "method", 'X', 0, G_OPTION_ARG_FILENAME, &self->method, N_ ("HTTP method (default: GET)"),
      N_ ("METHOD") },
    { "body", 0, 0, G_OPTION_ARG_FILENAME, &self->body,
      N_ ("Send FILE as the request's body, by POST unless --method says otherwise"), N_ ("FILE") },
    { "group", 0, 0, G_OPTION_ARG_FILENAME, &self->group, N_ ("Put the operation into this group"),
      N_ ("NAME") },
    { "cost-policy", 0, 0, G_OPTION_ARG_FILENAME, &self->cost_policy,
      N_ ("“default”, “unrestricted-only” or “always”"), N_ ("POLICY") },
    { "priority", 0, 0, G_OPTION_ARG_FILENAME, &self->priority, N_ ("“high”, “default” or “low”"),
      N_ ("PRIORITY") },
    { "random-access", 0, 0, G_OPTION_ARG_NONE, &self->is_random_access,
      N_ ("Parts may arrive in any order, over several connections"), NULL },
    { "checksum", 0, 0, G_OPTION_ARG_FILENAME, &self->checksum,
      N_ ("Check the file: “sha256:…”, also sha512, sha1, md5"), N_ ("ALGORITHM:HEX") },
    { "overwrite", 0, 0, G_OPTION_ARG_FILENAME, &self->overwrite,
      N_ ("If the file is there: “fail” (default), “replace” or “unique”"), N_ ("WHAT") },
    { "max-rate", 0, 0, G_OPTION_ARG_FILENAME, &self->max_rate,
      N_ ("Bytes per second at most; k, M, G are powers of 1024"), N_ ("RATE") },
    { "notify", 0, 0, G_OPTION_ARG_FILENAME, &self->notify,
      N_ ("Show a notification of this title at the end (not in this version)"), N_ ("TITLE") },
    { "not-before", 0, 0, G_OPTION_ARG_FILENAME, &self->not_before,
      N_ ("Wait until then: 2026-12-24T18:00, or +90m from now (s, m, h, d)"), N_ ("TIME") },
    { "deadline", 0, 0, G_OPTION_ARG_FILENAME, &self->deadline,
      N_ ("Give up where it is not done by then"), N_ ("TIME") },
    { "metadata", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->metadata,
      N_ ("Keep this with the operation (may be repeated)"), N_ ("NAME=VALUE") },
    { "application-id", 0, 0, G_OPTION_ARG_FILENAME, &self->application_id,
      N_ ("Create it as this application's"), N_ ("ID") },
    { "recoverable", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->recoverable,
      N_ ("Pause on this error, http-403 for instance (may be repeated)"), N_ ("STATUS") },
    { "keep", 0, 0, G_OPTION_ARG_NONE, &self->keeps,
      N_ ("Do not acknowledge the operation at the end"), NULL },
    { "detach", 0, 0, G_OPTION_ARG_NONE, &self->is_detached,
      N_ ("Start it, print its GUID, and do not wait"), NULL },
    { NULL },
  };

  return g_memdup2 (entries, sizeof entries);
}

static gboolean
check_utf8 (const char *option, const char *value, GError **error)
{
  if (g_utf8_validate (value, -1, NULL))
    return TRUE;
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, _ ("The value of %s is not UTF-8"),
               option);
  return FALSE;
}

static gboolean
is_cost_policy (const char *word)
{
  BgtCostPolicy value;

  return bgt_cost_policy_from_string (word, &value);
}

static gboolean
is_priority (const char *word)
{
  BgtPriority value;

  return bgt_priority_from_string (word, &value);
}

static gboolean
is_overwrite (const char *word)
{
  BgtOverwrite value;

  return bgt_overwrite_from_string (word, &value);
}

static gboolean
add_strings (BtsDownloadOptions *self, GVariantDict *dict, GError **error)
{
  const struct
  {
    const char *option;
    const char *key;
    const char *value;
    gboolean (*is_word) (const char *word); /* (nullable) */
    const char *words;
  } rows[] = {
    { "--proxy", "proxy", self->proxy, NULL, NULL },
    { "--method", "method", self->method, NULL, NULL },
    { "--group", "group", self->group, NULL, NULL },
    { "--checksum", "checksum", self->checksum, NULL, NULL },
    { "--application-id", "application-id", self->application_id, NULL, NULL },
    { "--cost-policy", "cost-policy", self->cost_policy, is_cost_policy,
      "default, unrestricted-only, always" },
    { "--priority", "priority", self->priority, is_priority, "high, default, low" },
    { "--overwrite", "overwrite", self->overwrite, is_overwrite, "fail, replace, unique" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (rows[i].value == NULL)
        continue;
      if (!check_utf8 (rows[i].option, rows[i].value, error))
        return FALSE;
      if (rows[i].is_word != NULL && !rows[i].is_word (rows[i].value))
        {
          g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       _ ("%s cannot be “%s”, but one of: %s"), rows[i].option, rows[i].value,
                       rows[i].words);
          return FALSE;
        }
      g_variant_dict_insert (dict, rows[i].key, "s", rows[i].value);
    }
  return TRUE;
}

typedef gboolean (*ParsePair) (const char *text, char **name, char **value, GError **error);

static gboolean
add_pairs (GVariantDict *dict, const char *key, char **texts, ParsePair parse, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));

  if (texts == NULL)
    return TRUE;
  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autofree char *name = NULL;
      g_autofree char *value = NULL;

      if (!parse (texts[i], &name, &value, error))
        return FALSE;
      g_variant_builder_add (&builder, "{ss}", name, value);
    }
  g_variant_dict_insert_value (dict, key, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
add_metadata (BtsDownloadOptions *self, GVariantDict *dict, GError **error)
{
  g_auto (GVariantDict) metadata = G_VARIANT_DICT_INIT (NULL);

  if (self->metadata == NULL)
    return TRUE;
  for (guint i = 0; self->metadata[i] != NULL; i++)
    {
      g_autofree char *name = NULL;
      g_autofree char *value = NULL;

      if (!check_utf8 ("--metadata", self->metadata[i], error) ||
          !bts_arguments_parse_pair (self->metadata[i], &name, &value, error))
        return FALSE;
      g_variant_dict_insert (&metadata, name, "s", value);
    }
  g_variant_dict_insert_value (dict, "metadata", g_variant_dict_end (&metadata));
  return TRUE;
}

static gboolean
add_times (BtsDownloadOptions *self, GVariantDict *dict, GError **error)
{
  const struct
  {
    const char *option;
    const char *key;
    const char *value;
  } rows[] = {
    { "--not-before", "not-before", self->not_before },
    { "--deadline", "deadline", self->deadline },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 time;

      if (rows[i].value == NULL)
        continue;
      if (!bts_arguments_parse_time (rows[i].value, g_get_real_time (), &time, error))
        {
          g_prefix_error (error, "%s: ", rows[i].option);
          return FALSE;
        }
      g_variant_dict_insert (dict, rows[i].key, "x", time);
    }
  return TRUE;
}

static gboolean
add_credential (
    GVariantDict *dict, const char *key, const char *user, const char *file, GError **error)
{
  g_autofree char *prompt = NULL;
  g_autofree char *password = NULL;

  if (user == NULL && file != NULL)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           _ ("A password needs a user name: --user, --proxy-user"));
      return FALSE;
    }
  if (user == NULL)
    return TRUE;
  /* The user's own Kerberos tickets. */
  if (g_str_equal (user, ":"))
    {
      g_variant_dict_insert (dict, key, "(ss)", "", "");
      return TRUE;
    }
  if (!check_utf8 (key, user, error))
    return FALSE;
  prompt = g_strdup_printf (_ ("Password of %s: "), user);
  password = file != NULL ? bts_password_read (file, error) : bts_password_ask (prompt, error);
  if (password == NULL || !check_utf8 (key, password, error))
    return FALSE;
  g_variant_dict_insert (dict, key, "(ss)", user, password);
  return TRUE;
}

/* What is short and text can be part of the request. */
static gboolean
add_text_body (const char *path, GVariantDict *dict)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  struct stat status;

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode) ||
      status.st_size >= MAX_TEXT_BODY_BYTES || !g_file_get_contents (path, &text, &size, NULL) ||
      size >= MAX_TEXT_BODY_BYTES || !g_utf8_validate_len (text, size, NULL))
    return FALSE;
  g_variant_dict_insert (dict, "body", "s", text);
  return TRUE;
}

static gboolean
add_body (BtsDownloadOptions *self, GVariantDict *dict, GUnixFDList *files, GError **error)
{
  int fd;
  int handle;

  if (self->body == NULL)
    return TRUE;
  if (self->method == NULL)
    g_variant_dict_insert (dict, "method", "s", "POST");
  if (add_text_body (self->body, dict))
    return TRUE;
  fd = open (self->body, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "%s: %s", self->body,
                   g_strerror (errno));
      return FALSE;
    }
  handle = g_unix_fd_list_append (files, fd, error);
  close (fd);
  if (handle < 0)
    return FALSE;
  g_variant_dict_insert (dict, "body", "h", handle);
  return TRUE;
}

static gboolean
add_rate (BtsDownloadOptions *self, GVariantDict *dict, GError **error)
{
  guint64 rate;

  if (self->max_rate == NULL)
    return TRUE;
  if (!bts_arguments_parse_size (self->max_rate, &rate, error))
    {
      g_prefix_error (error, "--max-rate: ");
      return FALSE;
    }
  g_variant_dict_insert (dict, "max-rate", "t", rate);
  return TRUE;
}

static gboolean
add_recoverable (BtsDownloadOptions *self, GVariantDict *dict, GError **error)
{
  int web_error;

  for (guint i = 0; self->recoverable != NULL && self->recoverable[i] != NULL; i++)
    if (!bgt_web_error_from_string (self->recoverable[i], &web_error))
      {
        g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                     _ ("--recoverable cannot be “%s”, but http-403 or timeout for instance"),
                     self->recoverable[i]);
        return FALSE;
      }
  if (self->recoverable != NULL)
    g_variant_dict_insert (dict, "recoverable-errors", "^as", self->recoverable);
  return TRUE;
}

static gboolean
add_notification (BtsDownloadOptions *self, const char *name, GVariantDict *dict, GError **error)
{
  static const char *const keys[] = { "success-notification", "failure-notification" };

  if (self->notify == NULL)
    return TRUE;
  if (!check_utf8 ("--notify", self->notify, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_auto (GVariantDict) notification = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&notification, "title", "s", self->notify);
      g_variant_dict_insert (&notification, "body", "s", name);
      g_variant_dict_insert_value (dict, keys[i], g_variant_dict_end (&notification));
    }
  return TRUE;
}

GVariant *
bts_download_options_make_variant (BtsDownloadOptions *self,
                                   const char *name,
                                   GUnixFDList *files,
                                   GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (!add_strings (self, &dict, error) ||
      !add_pairs (&dict, "headers", self->headers, bts_arguments_parse_header, error) ||
      !add_pairs (&dict, "cookies", self->cookies, bts_arguments_parse_pair, error) ||
      !add_metadata (self, &dict, error) || !add_times (self, &dict, error) ||
      !add_rate (self, &dict, error) || !add_recoverable (self, &dict, error) ||
      !add_notification (self, name, &dict, error) || !add_body (self, &dict, files, error) ||
      !add_credential (&dict, "server-credential", self->user, self->password_file, error) ||
      !add_credential (&dict, "proxy-credential", self->proxy_user, self->proxy_password_file,
                       error))
    return NULL;
  if (self->is_random_access)
    g_variant_dict_insert (&dict, "random-access", "b", TRUE);
  return g_variant_dict_end (&dict);
}
