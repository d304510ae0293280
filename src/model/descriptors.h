/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The application's descriptors for an operation; -1 or NULL where there is none. They are lost
 * with the process. */

typedef struct
{
  int file;        /* (owned): the destination or the source */
  int body;        /* (owned): of a download's request */
  GArray *parts;   /* (owned) (nullable) (element-type int): of an upload's parts, in the order of
                    * the request */
  GArray *streams; /* (owned) (nullable) (element-type int): pipes and sockets, which can be read
                    * once, in the order of the request */
} BtsDescriptors;

#define BTS_DESCRIPTORS_NONE ((BtsDescriptors){ .file = -1, .body = -1 })

BtsDescriptors bts_descriptors_steal (BtsDescriptors *self);
void bts_descriptors_clear (BtsDescriptors *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsDescriptors, bts_descriptors_clear)

guint bts_descriptors_get_count (const BtsDescriptors *self);

/* Take @fd. */
void bts_descriptors_add_part (BtsDescriptors *self, int fd);
void bts_descriptors_add_stream (BtsDescriptors *self, int fd);

/* Whoever writes into them notices that nobody reads any more. */
void bts_descriptors_close_streams (BtsDescriptors *self);

/* Closes what the operation, which has ended, does not need any more. */
void bts_descriptors_end (BtsDescriptors *self, gboolean may_be_resumed);
