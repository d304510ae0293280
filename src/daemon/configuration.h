/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "policy/limits.h"

/* The configuration file as values. Immutable; a reload makes a new one. */

#define BTS_IDLE_EXIT_NEVER (-1)

typedef struct
{
  BtsLimits limits;
  int idle_exit_seconds; /* BTS_IDLE_EXIT_NEVER */
} BtsConfiguration;

/* All defaults. */
BtsConfiguration *bts_configuration_new (void);

/* Reads @path. Whatever is wrong in it is added to @problems, one sentence with file, group and
 * key each, and the default stands in its place. A file that is not there is as good as an empty
 * one unless it @must_exist; NULL only where the file cannot be read at all. */
BtsConfiguration *bts_configuration_load (const char *path,
                                          gboolean must_exist,
                                          GPtrArray *problems, /* (element-type utf8) */
                                          GError **error);

void bts_configuration_free (BtsConfiguration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsConfiguration, bts_configuration_free)
