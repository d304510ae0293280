/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/group.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/object-path.h"

struct _BtsGroup
{
  GObject parent_instance;

  char *id;        /* (owned) */
  BtsOwner *owner; /* (owned) */
  char *name;      /* (owned) */
  BgtGroupBehavior behavior;
  guint number;
  gboolean is_transient;
  GPtrArray *operations; /* (owned) (element-type BtsOperation) */
  GPtrArray *order;      /* (owned) (element-type utf8): GUIDs, as _make_current has left them */
};

G_DEFINE_FINAL_TYPE (BtsGroup, bts_group, G_TYPE_OBJECT)

static guint changed_signal;

static void
bts_group_finalize (GObject *object)
{
  BtsGroup *self = BTS_GROUP (object);

  g_ptr_array_unref (self->order);
  g_ptr_array_unref (self->operations);
  bts_owner_unref (self->owner);
  g_free (self->name);
  g_free (self->id);
  G_OBJECT_CLASS (bts_group_parent_class)->finalize (object);
}

static void
bts_group_class_init (BtsGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_group_finalize;
  changed_signal = g_signal_new ("changed", BTS_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
bts_group_init (BtsGroup *self)
{
  self->operations = g_ptr_array_new_with_free_func (g_object_unref);
  self->order = g_ptr_array_new_with_free_func (g_free);
}

BtsGroup *
bts_group_new (const char *id, BtsOwner *owner, const char *name, BgtGroupBehavior behavior)
{
  BtsGroup *self = g_object_new (BTS_TYPE_GROUP, NULL);

  self->id = g_strdup (id);
  self->owner = bts_owner_ref (owner);
  self->name = g_strdup (name);
  self->behavior = behavior;
  return self;
}

const char *
bts_group_get_id (BtsGroup *self)
{
  return self->id;
}

BtsOwner *
bts_group_get_owner (BtsGroup *self)
{
  return self->owner;
}

const char *
bts_group_get_name (BtsGroup *self)
{
  return self->name;
}

BgtGroupBehavior
bts_group_get_behavior (BtsGroup *self)
{
  return self->behavior;
}

void
bts_group_set_behavior (BtsGroup *self, BgtGroupBehavior behavior)
{
  if (self->behavior == behavior)
    return;
  self->behavior = behavior;
  g_signal_emit (self, changed_signal, 0);
}

guint
bts_group_get_number (BtsGroup *self)
{
  return self->number;
}

void
bts_group_set_number (BtsGroup *self, guint number)
{
  self->number = number;
}

gboolean
bts_group_is_transient (BtsGroup *self)
{
  return self->is_transient;
}

void
bts_group_set_transient (BtsGroup *self, gboolean is_transient)
{
  self->is_transient = is_transient;
}

/* No escaped name has two underscores in a row, or a `u` after one. What a sandboxed application
 * has is told apart by the application, so that it learns of nobody else's by its path. */
static char *
dup_path_for_user (BtsGroup *self)
{
  g_autofree char *path = bts_object_path_for_group (self->name);
  g_autofree char *application = NULL;

  if (bts_owner_is_sandboxed (self->owner))
    {
      application = bts_object_path_for_group (bts_owner_get_application (self->owner));
      return g_strconcat (path, "__", strrchr (application, '/') + 1, NULL);
    }
  if (self->number != 0)
    return g_strdup_printf ("%s__%u", path, self->number);

  return g_steal_pointer (&path);
}

char *
bts_group_dup_path (BtsGroup *self, BtsViewpoint viewpoint)
{
  g_autofree char *path = dup_path_for_user (self);

  if (viewpoint == BTS_VIEWPOINT_USER)
    return g_steal_pointer (&path);

  return g_strdup_printf ("%s_u%u", path, bts_owner_get_uid (self->owner));
}

GPtrArray *
bts_group_get_operations (BtsGroup *self)
{
  return self->operations;
}

void
bts_group_add (BtsGroup *self, BtsOperation *operation)
{
  g_ptr_array_add (self->operations, g_object_ref (operation));
}

static gboolean
find_in_order (BtsGroup *self, const char *guid, guint *index)
{
  return g_ptr_array_find_with_equal_func (self->order, guid, g_str_equal, index);
}

void
bts_group_remove (BtsGroup *self, BtsOperation *operation)
{
  guint index;

  if (find_in_order (self, bts_operation_get_guid (operation), &index))
    g_ptr_array_remove_index (self->order, index);
  g_ptr_array_remove (self->operations, operation);
}

guint64
bts_group_get_position (BtsGroup *self, BtsOperation *operation)
{
  guint index;

  if (find_in_order (self, bts_operation_get_guid (operation), &index))
    return index;

  return (guint64) G_MAXUINT32 + (guint64) MAX (bts_operation_get_started (operation), 0);
}

static gboolean
has_position (BtsOperation *operation)
{
  return !bts_operation_is_finished (operation) &&
         bts_operation_get_intent (operation) != BTS_INTENT_NOT_STARTED;
}

typedef struct
{
  BtsOperation *operation; /* (unowned) */
  guint64 position;
  guint index;
} Place;

static int
compare_places (gconstpointer left, gconstpointer right)
{
  const Place *a = left;
  const Place *b = right;

  if (a->position != b->position)
    return a->position < b->position ? -1 : 1;

  return a->index < b->index ? -1 : a->index > b->index;
}

/* (element-type Place): those that have one, the first first */
static GArray *
get_places (BtsGroup *self)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));

  for (guint i = 0; i < self->operations->len; i++)
    {
      BtsOperation *operation = self->operations->pdata[i];
      Place place = { operation, bts_group_get_position (self, operation), i };

      if (has_position (operation))
        g_array_append_val (places, place);
    }
  g_array_sort (places, compare_places);

  return places;
}

gboolean
bts_group_make_current (BtsGroup *self, BtsOperation *operation, GError **error)
{
  g_autoptr (GArray) places = NULL;
  guint first = 0;

  if (!g_ptr_array_find (self->operations, operation, NULL) || !has_position (operation))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_STATE,
                           "Only an operation that has been started and is not finished has a "
                           "place in its group");
      return FALSE;
    }

  places = get_places (self);
  while (g_array_index (places, Place, first).operation != operation)
    first++;
  g_ptr_array_set_size (self->order, 0);
  for (guint i = 0; i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, (first + i) % places->len);

      g_ptr_array_add (self->order, g_strdup (bts_operation_get_guid (place->operation)));
    }
  g_signal_emit (self, changed_signal, 0);

  return TRUE;
}

char **
bts_group_dup_order (BtsGroup *self)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **guids;

  for (guint i = 0; i < self->order->len; i++)
    g_strv_builder_add (builder, self->order->pdata[i]);
  guids = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);

  return guids;
}

void
bts_group_set_order (BtsGroup *self, const char *const *guids)
{
  g_ptr_array_set_size (self->order, 0);
  for (guint i = 0; guids[i] != NULL; i++)
    {
      if (bts_guid_is_valid (guids[i]) && !find_in_order (self, guids[i], NULL))
        g_ptr_array_add (self->order, g_strdup (guids[i]));
    }
  g_signal_emit (self, changed_signal, 0);
}
