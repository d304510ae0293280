/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interface.h"

#include <gio/gunixfdlist.h>
#include <string.h>

#include "common/bgt-error.h"
#include "common/closing.h"

void
bts_invocation_free (BtsInvocation *call)
{
  g_autoptr (GObject) keeper = g_steal_pointer (&call->keeper);

  g_clear_object (&call->operation);
  g_clear_object (&call->group);
  g_clear_object (&call->invocation);
  g_clear_pointer (&call->caller, bts_caller_unref);
  g_clear_pointer (&call->turn, bts_call_turn_end);
  if (call->ended != NULL)
    call->ended (keeper);
  g_free (call);
}

/* The largest messages that a bus lets through: a system bus 32 MiB, GDBus itself 128. Whoever
 * sends a larger one is thrown off. */
#define MAX_ANSWER_BYTES(is_session) (((is_session) ? 127 : 31) * 1024 * 1024)

static void
count_answer (BtsInvocation *call, gsize n_bytes)
{
  bts_unread_count (call->bus->unread, bts_invocation_get_sender (call),
                    BTS_UNREAD_HEADER_BYTES + n_bytes);
}

void
bts_invocation_return (BtsInvocation *call, GVariant *value)
{
  g_autoptr (GVariant) sunk = value != NULL ? g_variant_ref_sink (value) : NULL;
  gsize n_bytes = sunk != NULL ? g_variant_get_size (sunk) : 0;

  if (n_bytes > MAX_ANSWER_BYTES (call->bus->service.is_session))
    {
      bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                                       "The answer is too large for a message; ask for less");
      return;
    }

  count_answer (call, n_bytes);
  g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), sunk);
  bts_invocation_free (call);
}

void
bts_invocation_return_fd (BtsInvocation *call, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  bts_fd_list_close_elsewhere (fds);
  count_answer (call, 0);
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&call->invocation),
                                                           g_variant_new ("(h)", 0), fds);
  bts_invocation_free (call);
}

/* Whether a client may see it as it is. Of foreign domains it would see only an encoded number, and
 * other errors of D-Bus are about a conversation that is not its own. */
static gboolean
is_public (const GError *error)
{
  static const int codes[] = {
    G_DBUS_ERROR_UNKNOWN_OBJECT,     G_DBUS_ERROR_UNKNOWN_INTERFACE, G_DBUS_ERROR_UNKNOWN_PROPERTY,
    G_DBUS_ERROR_PROPERTY_READ_ONLY, G_DBUS_ERROR_INVALID_ARGS,
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_error_matches (error, G_DBUS_ERROR, codes[i]))
        return TRUE;
    }

  return error->domain == BGT_ERROR;
}

void
bts_invocation_return_error (BtsInvocation *call, GError *error)
{
  if (!is_public (error))
    {
      if (error->domain == G_DBUS_ERROR)
        g_dbus_error_strip_remote_error (error);
      error->domain = BGT_ERROR;
      error->code = BGT_ERROR_FAILED;
    }
  count_answer (call, strlen (error->message));
  g_dbus_method_invocation_take_error (g_steal_pointer (&call->invocation), error);
  bts_invocation_free (call);
}

void
bts_invocation_return_new_error (
    BtsInvocation *call, GQuark domain, int code, const char *format, ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = g_error_new_valist (domain, code, format, args);
  va_end (args);
  bts_invocation_return_error (call, error);
}

const char *
bts_invocation_get_sender (BtsInvocation *call)
{
  return g_dbus_method_invocation_get_sender (call->invocation);
}

/* As many as all operations of a user may have. */
#define MAX_DESCRIPTORS_OF_CALL 8192

int
bts_invocation_dup_fd (BtsInvocation *call, gint32 handle, GError **error)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (message);
  g_autoptr (GError) local_error = NULL;
  int fd = -1;

  if (++call->n_descriptors > MAX_DESCRIPTORS_OF_CALL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                   "A call may name its descriptors %d times", MAX_DESCRIPTORS_OF_CALL);
      return -1;
    }
  if (fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds))
    {
      fd = g_unix_fd_list_get (fds, handle, &local_error);
      if (fd >= 0)
        return fd;
    }

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "The call carries no usable file descriptor with index %d%s%s", handle,
               local_error != NULL ? ": " : "", local_error != NULL ? local_error->message : "");
  return -1;
}

gboolean
bts_invocation_check_change (BtsInvocation *call, GError **error)
{
  BtsOwner *owner = call->caller->owner;

  if (call->operation != NULL)
    owner = bts_operation_get_owner (call->operation);
  else if (call->group != NULL)
    owner = bts_group_get_owner (call->group);

  return bts_caller_check_network (call->caller, error) &&
         bts_caller_check_reach (call->caller, owner, error);
}

void
bts_method_call (const BtsMethodRow *self, BtsInvocation *call, GVariant *parameters)
{
  GError *error = NULL;

  bts_call_pace_charge_bytes (call->bus->pace, bts_owner_get_uid (call->caller->owner),
                              g_variant_get_size (parameters));
  if (self->is_change && !bts_invocation_check_change (call, &error))
    bts_invocation_return_error (call, error);
  else
    self->handle (call, parameters);
}

const BtsMethodRow *
bts_interface_find_method (const BtsInterface *self, const char *name)
{
  for (gsize i = 0; i < self->n_methods; i++)
    {
      if (g_str_equal (self->methods[i].name, name))
        return &self->methods[i];
    }

  return NULL;
}

const BtsPropertyRow *
bts_interface_find_property (const BtsInterface *self, const char *name)
{
  for (gsize i = 0; i < self->n_properties; i++)
    {
      if (g_str_equal (self->properties[i].name, name))
        return &self->properties[i];
    }

  return NULL;
}

static gboolean
is_property_complete (const BtsInterface *self, const GDBusPropertyInfo *info)
{
  const BtsPropertyRow *row = bts_interface_find_property (self, info->name);
  gboolean is_writable = (info->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE) != 0;

  return row != NULL && (row->read != NULL) != (row->read_group != NULL) &&
         (row->option != NULL || row->write != NULL) == is_writable;
}

gboolean
bts_interface_is_complete (const BtsInterface *self, const char **missing)
{
  GDBusInterfaceInfo *info = (GDBusInterfaceInfo *) self->info;

  for (guint i = 0; info->methods != NULL && info->methods[i] != NULL; i++)
    {
      *missing = info->methods[i]->name;
      if (bts_interface_find_method (self, *missing) == NULL)
        return FALSE;
    }
  for (guint i = 0; info->properties != NULL && info->properties[i] != NULL; i++)
    {
      *missing = info->properties[i]->name;
      if (!is_property_complete (self, info->properties[i]))
        return FALSE;
    }
  for (gsize i = 0; i < self->n_methods; i++)
    {
      *missing = self->methods[i].name;
      if (g_dbus_interface_info_lookup_method (info, *missing) == NULL)
        return FALSE;
    }
  for (gsize i = 0; i < self->n_properties; i++)
    {
      *missing = self->properties[i].name;
      if (g_dbus_interface_info_lookup_property (info, *missing) == NULL)
        return FALSE;
    }
  *missing = NULL;

  return TRUE;
}

/* By hand, because a builder with a format string takes most of the time of GetManagedObjects. */
GVariant *
bts_interface_read_all (const BtsInterface *self, const BtsBus *bus, const BtsOperationView *view)
{
  g_autofree GVariant **entries = g_new (GVariant *, self->n_properties);

  for (gsize i = 0; i < self->n_properties; i++)
    {
      const BtsPropertyRow *row = &self->properties[i];
      g_autoptr (GVariant) value = g_variant_take_ref (row->read (bus, view));

      entries[i] = g_variant_new_dict_entry (g_variant_new_string (row->name),
                                             g_variant_new_variant (value));
    }

  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), entries, self->n_properties);
}

GVariant *
bts_interface_read_all_of_group (const BtsInterface *self, const BtsBus *bus, BtsGroup *group)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (gsize i = 0; i < self->n_properties; i++)
    {
      const BtsPropertyRow *row = &self->properties[i];
      g_autoptr (GVariant) value = g_variant_take_ref (row->read_group (bus, group));

      g_variant_builder_add (&builder, "{sv}", row->name, value);
    }

  return g_variant_builder_end (&builder);
}

/* (nullable): NULL where it has not changed */
static GVariant *
read_change (const BtsPropertyRow *row,
             const BtsBus *bus,
             const BtsOperationView *before,
             const BtsOperationView *after)
{
  g_autoptr (GVariant) old = NULL;
  g_autoptr (GVariant) new = NULL;

  /* What is an option is read off the request, which is mostly the same. */
  if (row->option != NULL && before->request == after->request)
    return NULL;

  old = g_variant_take_ref (row->read (bus, before));
  new = g_variant_take_ref (row->read (bus, after));
  return g_variant_equal (old, new) ? NULL : g_steal_pointer (&new);
}

GVariant *
bts_interface_read_changes (const BtsInterface *self,
                            const BtsBus *bus,
                            const BtsOperationView *before,
                            const BtsOperationView *after)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gboolean is_empty = TRUE;

  for (gsize i = 0; i < self->n_properties; i++)
    {
      const BtsPropertyRow *row = &self->properties[i];
      g_autoptr (GVariant) value = read_change (row, bus, before, after);

      if (value == NULL)
        continue;
      g_variant_builder_add (&builder, "{sv}", row->name, value);
      is_empty = FALSE;
    }

  return is_empty ? NULL : g_variant_builder_end (&builder);
}
