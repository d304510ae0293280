/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/transport.h"

/* Downloads by ftp:// and ftps://, in passive mode. The file's size and time of change, where the
 * server says them, come as the head of an answer over HTTP would: status 200 or 206,
 * Content-Length, Content-Range, Last-Modified; what the server refuses is http-401 (the log-in)
 * or http-404. */

/* What all FTP transfers of a worker share. Thread-safe. */
typedef struct _BtsFtpSession BtsFtpSession;

BtsFtpSession *bts_ftp_session_new (void);
BtsFtpSession *bts_ftp_session_ref (BtsFtpSession *self);
void bts_ftp_session_unref (BtsFtpSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsFtpSession, bts_ftp_session_unref)

typedef struct
{
  guint connect_timeout_seconds;
  guint response_timeout_seconds; /* also: no byte for that long */
  const char *tls_ca_file;        /* (nullable) extra CA certificates, PEM */
  gboolean allow_plain;           /* ftp:// */
} BtsFtpSettings;

/* For transfers that start from now on. */
void bts_ftp_session_configure (BtsFtpSession *self, const BtsFtpSettings *settings);

/* NULL where the program was built without FTP. */
BtsTransport *bts_ftp_download_new (BtsFtpSession *session);
