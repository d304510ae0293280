/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/upload.h"

/* By which protocol an upload is to be sent; "" for a plain request. Where the application leaves
 * it open the server is asked, once for all uploads to it, and has little time to answer: a plain
 * upload must not suffer by it. Static. */
const char *bts_upload_choose_protocol (BtsUpload *self);
