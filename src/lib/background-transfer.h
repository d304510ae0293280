/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/bgt-enums.h"
#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "lib/bgt-download.h"
#include "lib/bgt-enum-types.h"
#include "lib/bgt-manager.h"
#include "lib/bgt-operation.h"
#include "lib/bgt-upload.h"
