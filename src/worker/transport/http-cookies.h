/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The cookies that servers have set in the course of one operation (RFC 6265). Thread-safe: the
 * connections of an operation share them. Times are seconds since the epoch. */

typedef struct _BtsHttpCookies BtsHttpCookies;

/* @stored: what bts_http_cookies_store() has said, or NULL; what is wrong in it is left out. */
BtsHttpCookies *bts_http_cookies_new (GVariant *stored);
void bts_http_cookies_free (BtsHttpCookies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpCookies, bts_http_cookies_free)

/* Not floating; NULL where there are none. */
GVariant *bts_http_cookies_store (BtsHttpCookies *self);

/* The value of a Set-Cookie that @origin has sent; ignored where it must not set that. */
void bts_http_cookies_take (BtsHttpCookies *self, GUri *origin, const char *set_cookie, gint64 now);

/* The Cookie header for @uri; NULL where there are none. @given (nullable) a{ss}: those of the
 * application, which those that the server has set since take the place of. */
char *bts_http_cookies_dup_header (BtsHttpCookies *self, GUri *uri, GVariant *given, gint64 now);
