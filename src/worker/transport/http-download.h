/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-session.h"

/* A GET (or what `method` says) with ranges, redirects followed here, every guard against what
 * libsoup lets through. */
BtsTransport *bts_http_download_new (BtsHttpSession *session);
