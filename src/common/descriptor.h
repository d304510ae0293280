/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Lets this process have as many descriptors as it may: what is usual is little, for the sake of
 * programs that use select(). */
void bts_descriptor_raise_limit (void);
