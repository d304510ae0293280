/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Calls to the service, and the one place where its errors become the library's. */

/* Strips what GDBus adds to messages, and turns the bus's own "no such object" into
 * BGT_ERROR_NOT_FOUND. G_IO_ERROR and G_DBUS_ERROR remain for trouble with the connection. */
void bts_lib_remote_fix_error (GError *error);

/* Calls @method; @parameters may be floating, and NULL means none. The result of the task is the
 * reply, a tuple. */
void bts_lib_remote_call_async (GDBusConnection *connection,
                                gpointer source_object,
                                gpointer source_tag,
                                const char *path,
                                const char *interface,
                                const char *method,
                                GVariant *parameters,
                                const char *reply_type,
                                GUnixFDList *files,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);

/* @files_out may be NULL. Both return a reference or NULL with @error. */
GVariant *
bts_lib_remote_call_finish (GAsyncResult *result, GUnixFDList **files_out, GError **error);

GVariant *bts_lib_remote_call_sync (GDBusConnection *connection,
                                    const char *path,
                                    const char *interface,
                                    const char *method,
                                    GVariant *parameters,
                                    const char *reply_type,
                                    GUnixFDList *files,
                                    GUnixFDList **files_out,
                                    GCancellable *cancellable,
                                    GError **error);
