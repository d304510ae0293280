/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/ftp.h"

/* What stands for FTP in a build without it. */

struct _BtsFtpSession
{
  char unused;
};

BtsFtpSession *
bts_ftp_session_new (void)
{
  return g_atomic_rc_box_new0 (BtsFtpSession);
}

BtsFtpSession *
bts_ftp_session_ref (BtsFtpSession *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
bts_ftp_session_unref (BtsFtpSession *self)
{
  g_atomic_rc_box_release (self);
}

void
bts_ftp_session_configure (BtsFtpSession *self, const BtsFtpSettings *settings)
{
}

BtsTransport *
bts_ftp_download_new (BtsFtpSession *session)
{
  return NULL;
}
