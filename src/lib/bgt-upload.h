/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "lib/bgt-operation.h"

G_BEGIN_DECLS

#define BGT_TYPE_UPLOAD (bgt_upload_get_type ())
G_DECLARE_FINAL_TYPE (BgtUpload, bgt_upload, BGT, UPLOAD, BgtOperation)

const char *bgt_upload_get_source (BgtUpload *self);

G_END_DECLS
