/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/files/spool-file.h"

/* Pipes and sockets, read to their ends into files of the service. Whoever writes into several may
 * do so in any order. Errors are BGT_WEB_ERROR, or G_IO_ERROR_CANCELLED. */

typedef struct
{
  const char *guid;
  const int *streams; /* (unowned) */
  guint n_streams;
  BtsSpoolRoom *room;      /* (unowned) */
  const char *application; /* whose it is */
  _Atomic guint64 *n_kept; /* counts on while it is read */
  GCancellable *cancellable;
} BtsStreamSpool;

/* How far an earlier call came. */
typedef enum
{
  BTS_STREAMS_WHOLE,
  BTS_STREAMS_UNREAD,
  BTS_STREAMS_BROKEN_OFF, /* who reads now does not get what was read then */
} BtsStreamsState;

BtsStreamsState bts_stream_spool_get_state (const char *guid, guint n_streams);

gboolean bts_stream_spool_keep (const BtsStreamSpool *self, GError **error);

/* Nothing takes space any more, but that reading had begun is still to be seen: where the failure
 * itself is not on record yet, nobody may take the rest for the whole. */
void bts_stream_spool_empty (const char *guid, guint n_streams);
