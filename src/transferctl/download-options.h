/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gunixfdlist.h>

#include "transferctl/context.h"

/* The options of `transferctl download`, and what they are on the bus. Strings are as typed: the
 * command line has no encoding. */
typedef struct
{
  char *output;
  char **headers;
  char *user;
  char *password_file;
  char *proxy;
  char *proxy_user;
  char *proxy_password_file;
  char **cookies;
  char *method;
  char *body;
  char *group;
  char *cost_policy;
  char *priority;
  gboolean is_random_access;
  char *checksum;
  char *overwrite;
  char *max_rate;
  char *notify;
  char *not_before;
  char *deadline;
  char **metadata;
  char *application_id;
  char **recoverable;
  gboolean keeps;
  gboolean is_detached;
} BtsDownloadOptions;

void bts_download_options_clear (BtsDownloadOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsDownloadOptions, bts_download_options_clear)

/* For GOption; the caller frees the array, not what it points to. */
GOptionEntry *bts_download_options_make_entries (BtsDownloadOptions *self);

/* a{sv}, floating, and in @files what its handles mean. Asks for passwords. NULL with @error set:
 * BGT_ERROR_INVALID_ARGUMENT names what is wrong. */
GVariant *bts_download_options_make_variant (BtsDownloadOptions *self,
                                             const char *name,
                                             GUnixFDList *files,
                                             GError **error);
