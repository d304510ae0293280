/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The only way a URI or a header reaches a log or an error message. */

/* Without user name, password, query and fragment; "?…" marks a query that was there. */
char *bts_redact_uri (const char *uri);

/* "Name: …" for headers that carry secrets (Authorization, Proxy-Authorization, Cookie,
 * Set-Cookie, …), else the header as it is. */
char *bts_redact_header (const char *name, const char *value);
