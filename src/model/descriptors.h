/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The application's descriptors for an operation; each -1 where there is none. They are lost with
 * the process. */

typedef struct
{
  int file; /* (owned): the destination or the source */
  int body; /* (owned): of a download's request */
} BtsDescriptors;

#define BTS_DESCRIPTORS_NONE ((BtsDescriptors){ .file = -1, .body = -1 })

/* What cannot be duplicated is not there. */
BtsDescriptors bts_descriptors_dup (const BtsDescriptors *self);
BtsDescriptors bts_descriptors_steal (BtsDescriptors *self);
void bts_descriptors_clear (BtsDescriptors *self);
