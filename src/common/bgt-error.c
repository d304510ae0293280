/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-error.h"

#include <gio/gio.h>

#include "common/names.h"

static const GDBusErrorEntry error_names[] = {
  { BGT_ERROR_FAILED, BGT_ERROR_NAME_PREFIX "Failed" },
  { BGT_ERROR_INVALID_ARGUMENT, BGT_ERROR_NAME_PREFIX "InvalidArgument" },
  { BGT_ERROR_INVALID_STATE, BGT_ERROR_NAME_PREFIX "InvalidState" },
  { BGT_ERROR_LIMIT_EXCEEDED, BGT_ERROR_NAME_PREFIX "LimitExceeded" },
  { BGT_ERROR_ACCESS_DENIED, BGT_ERROR_NAME_PREFIX "AccessDenied" },
  { BGT_ERROR_NOT_FOUND, BGT_ERROR_NAME_PREFIX "NotFound" },
  { BGT_ERROR_ALREADY_EXISTS, BGT_ERROR_NAME_PREFIX "AlreadyExists" },
  { BGT_ERROR_NOT_YET_AVAILABLE, BGT_ERROR_NAME_PREFIX "NotYetAvailable" },
  { BGT_ERROR_NOT_SUPPORTED, BGT_ERROR_NAME_PREFIX "NotSupported" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (error_names) == BGT_ERROR_NOT_SUPPORTED + 1);

/**
 * bgt_error_quark:
 *
 * Returns: the error domain of #BgtError
 * Since: 1.0
 */
GQuark
bgt_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("bgt-error-quark", &quark, error_names,
                                      G_N_ELEMENTS (error_names));

  return (GQuark) quark;
}
