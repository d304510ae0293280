/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What an application is called, from what the system says about its process. Pure; any bytes may
 * come in. An application ID is UTF-8, 1 to 255 bytes, without control characters and slashes. */

gboolean bts_app_id_is_valid (const char *app_id);

/* From the name of a systemd unit: app[-LAUNCHER]-ID-RANDOM.scope,
 * app[-LAUNCHER]-ID[@RANDOM].service, with \xNN undone. NULL for any other. */
char *bts_app_id_from_unit (const char *unit);

/* From the content of /proc/PID/cgroup: its innermost unit. NULL where that names no application.
 */
char *bts_app_id_from_cgroup (const char *cgroup);

/* From the target of /proc/PID/exe: the last element. NULL where that is no valid ID. */
char *bts_app_id_from_executable (const char *executable);

/* From the security label of a connection: snap.NAME.PROGRAM (MODE). FALSE where it is no snap's;
 * a snap that is not confined is in no sandbox. */
gboolean bts_app_id_from_snap_label (const char *label, char **app_id, gboolean *is_confined);

/* From the content of a sandbox's /.flatpak-info. FALSE where it names no application. */
gboolean
bts_app_id_from_flatpak_info (const char *info, gsize length, char **app_id, gboolean *has_network);
