/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The digest of the whole file that a server sends beside it, as bts_checksum_new() takes it
 * (`sha256:<hex>`): the strongest known of Repr-Digest, Content-Digest (RFC 9530; only where the
 * answer @is_whole) and the older Digest (RFC 3230). NULL where there is none that can be read: a
 * server's mistake there says nothing about its file. @headers (nullable): a(ss). Pure. */
char *bts_content_digest_find (GVariant *headers, gboolean is_whole);
