/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What the service keeps itself for an operation, in a folder of the user: streams, so that they
 * can be sent again, and the server's answer to an upload. The names say what is there and for
 * which application, also after a crash: a stream has its own only once it is whole and on disk.
 * Errors are BGT_WEB_ERROR. */

typedef enum
{
  BTS_SPOOL_STREAM,
  BTS_SPOOL_UNFINISHED, /* a stream that is being read, or was when that broke off */
  BTS_SPOOL_ANSWER,
} BtsSpoolKind;

/* How an application is called in the names of its files. */
char *bts_spool_dup_application_tag (const char *application);
gboolean bts_spool_name_has_tag (const char *name, const char *tag);

/* A new and empty file, for reading and writing; -1 on error. @number: of several streams. What is
 * written there has to be granted: spool-file.h does both. */
int bts_spool_create (
    BtsSpoolKind kind, const char *guid, guint number, const char *tag, GError **error);

/* The file that is there, for reading and writing; -1 and FILE_NOT_FOUND. */
int bts_spool_open (BtsSpoolKind kind, const char *guid, guint number, GError **error);
gboolean bts_spool_exists (BtsSpoolKind kind, const char *guid, guint number);

/* The unfinished stream in @fd is whole: makes it durable and gives it its name. */
gboolean bts_spool_finish (const char *guid, guint number, int fd, GError **error);

/* Missing is fine. _all: streams and answer. */
gboolean bts_spool_remove_streams (const char *guid, GError **error);
gboolean bts_spool_remove_all (const char *guid, GError **error);
void bts_spool_remove_answer (const char *guid);

/* Tells of all that is there, until @visit returns FALSE, which is returned then. */
typedef gboolean (*BtsSpoolVisit) (const char *path, const char *name, gpointer user_data);
gboolean bts_spool_visit (BtsSpoolVisit visit, gpointer user_data);

/* The GUIDs that anything is kept for. */
GStrv bts_spool_list (void);
