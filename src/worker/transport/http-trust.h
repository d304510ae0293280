/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The judgement of another database, without its certificates: GIO's GnuTLS connections read all
 * that a database of their own kind trusts anew for each connection, 4 MiB for the system's, and
 * then ask the database all the same. Only servers can be judged with it. */

/* Takes @judge. */
GTlsDatabase *bts_http_trust_new (GTlsDatabase *judge);
