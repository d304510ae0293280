/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/clock-system.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

typedef struct
{
  guint id;
  gint64 boot_time;
  BtsClockAlarm alarm;
  gpointer user_data; /* (unowned) */
} Alarm;

struct _BtsClockSystem
{
  GObject parent_instance;

  int timer_fd;
  GSource *source;   /* (owned): on the context that was the thread's default at the start */
  GSequence *alarms; /* (owned) (element-type Alarm): the earliest first */
  GHashTable *by_id; /* (owned) (element-type guint GSequenceIter): in @alarms */
  guint last_id;
};

static void clock_interface_init (BtsClockInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsClockSystem,
                               bts_clock_system,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_CLOCK, clock_interface_init))

static gint64
get_time (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);

  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static int
compare_alarms (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Alarm *left = a;
  const Alarm *right = b;

  if (left->boot_time != right->boot_time)
    return left->boot_time < right->boot_time ? -1 : 1;

  return left->id < right->id ? -1 : left->id > right->id;
}

/* Sets the one timer to the earliest alarm, or stops it. */
static void
arm (BtsClockSystem *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->alarms);
  struct itimerspec when = { 0 };

  if (!g_sequence_iter_is_end (first))
    {
      const Alarm *alarm = g_sequence_get (first);
      gint64 boot_time = MAX (alarm->boot_time, 1); /* 0 would stop the timer */

      when.it_value.tv_sec = boot_time / G_USEC_PER_SEC;
      when.it_value.tv_nsec = (boot_time % G_USEC_PER_SEC) * 1000;
    }

  if (timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) != 0)
    g_error ("Failed to set a timer: %s", g_strerror (errno));
}

/* The IDs of what is due now. What an alarm adds meanwhile waits for the next turn of the loop, so
 * that one which is always due again cannot stop everything else. */
static GArray *
get_due (BtsClockSystem *self)
{
  GArray *due = g_array_new (FALSE, FALSE, sizeof (guint));
  gint64 now = get_time (CLOCK_BOOTTIME);

  for (GSequenceIter *i = g_sequence_get_begin_iter (self->alarms); !g_sequence_iter_is_end (i);
       i = g_sequence_iter_next (i))
    {
      const Alarm *alarm = g_sequence_get (i);

      if (alarm->boot_time > now)
        break;

      g_array_append_val (due, alarm->id);
    }

  return due;
}

static gboolean
on_timer (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (BtsClockSystem) self = g_object_ref (user_data);
  g_autoptr (GArray) due = NULL;
  guint64 n_expirations;

  /* Only to make the descriptor unreadable; nothing there means that the timer was set anew. */
  if (read (fd, &n_expirations, sizeof n_expirations) < 0 && errno != EAGAIN && errno != EINTR)
    g_warning ("Failed to read a timer: %s", g_strerror (errno));

  due = get_due (self);
  for (guint i = 0; i < due->len; i++)
    {
      guint id = g_array_index (due, guint, i);
      GSequenceIter *iter = g_hash_table_lookup (self->by_id, GUINT_TO_POINTER (id));
      Alarm alarm;

      if (iter == NULL) /* removed by one before it */
        continue;

      alarm = *(Alarm *) g_sequence_get (iter);
      g_hash_table_remove (self->by_id, GUINT_TO_POINTER (id));
      g_sequence_remove (iter);
      alarm.alarm (alarm.user_data);
    }

  if (self->source == NULL) /* the last one disposed of the clock */
    return G_SOURCE_REMOVE;

  arm (self);

  return G_SOURCE_CONTINUE;
}

static gint64
bts_clock_system_get_wall_time (BtsClock *clock)
{
  return get_time (CLOCK_REALTIME);
}

static gint64
bts_clock_system_get_boot_time (BtsClock *clock)
{
  return get_time (CLOCK_BOOTTIME);
}

static guint
bts_clock_system_add_alarm (BtsClock *clock,
                            gint64 boot_time,
                            BtsClockAlarm callback,
                            gpointer user_data)
{
  BtsClockSystem *self = BTS_CLOCK_SYSTEM (clock);
  Alarm *alarm = g_new0 (Alarm, 1);
  GSequenceIter *iter;

  do
    self->last_id++;
  while (self->last_id == 0 ||
         g_hash_table_contains (self->by_id, GUINT_TO_POINTER (self->last_id)));

  alarm->id = self->last_id;
  alarm->boot_time = boot_time;
  alarm->alarm = callback;
  alarm->user_data = user_data;

  iter = g_sequence_insert_sorted (self->alarms, alarm, compare_alarms, NULL);
  g_hash_table_insert (self->by_id, GUINT_TO_POINTER (alarm->id), iter);

  if (g_sequence_iter_is_begin (iter))
    arm (self);

  return alarm->id;
}

static void
bts_clock_system_remove_alarm (BtsClock *clock, guint alarm_id)
{
  BtsClockSystem *self = BTS_CLOCK_SYSTEM (clock);
  GSequenceIter *iter = g_hash_table_lookup (self->by_id, GUINT_TO_POINTER (alarm_id));
  gboolean was_first;

  g_return_if_fail (iter != NULL);

  was_first = g_sequence_iter_is_begin (iter);
  g_hash_table_remove (self->by_id, GUINT_TO_POINTER (alarm_id));
  g_sequence_remove (iter);

  if (was_first)
    arm (self);
}

static void
bts_clock_system_dispose (GObject *object)
{
  BtsClockSystem *self = BTS_CLOCK_SYSTEM (object);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);

  G_OBJECT_CLASS (bts_clock_system_parent_class)->dispose (object);
}

static void
bts_clock_system_finalize (GObject *object)
{
  BtsClockSystem *self = BTS_CLOCK_SYSTEM (object);

  g_hash_table_unref (self->by_id);
  g_sequence_free (self->alarms);
  close (self->timer_fd);

  G_OBJECT_CLASS (bts_clock_system_parent_class)->finalize (object);
}

static void
bts_clock_system_class_init (BtsClockSystemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = bts_clock_system_dispose;
  object_class->finalize = bts_clock_system_finalize;
}

static void
clock_interface_init (BtsClockInterface *iface)
{
  iface->get_wall_time = bts_clock_system_get_wall_time;
  iface->get_boot_time = bts_clock_system_get_boot_time;
  iface->add_alarm = bts_clock_system_add_alarm;
  iface->remove_alarm = bts_clock_system_remove_alarm;
}

static void
bts_clock_system_init (BtsClockSystem *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->timer_fd = timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->timer_fd < 0)
    g_error ("Failed to make a timer: %s", g_strerror (errno));

  self->alarms = g_sequence_new (g_free);
  self->by_id = g_hash_table_new (NULL, NULL);

  self->source = g_unix_fd_source_new (self->timer_fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_timer), self, NULL);
  g_source_set_static_name (self->source, "BtsClockSystem");
  g_source_attach (self->source, context);
}

BtsClock *
bts_clock_system_new (void)
{
  return g_object_new (BTS_TYPE_CLOCK_SYSTEM, NULL);
}
