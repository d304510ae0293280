/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-pace.h"

/* For so long somebody who has called is one of several. */
#define COMPANY_US G_USEC_PER_SEC

/* Alone, more under way at once brings nothing. In company one keeps the service busy already, and
 * each step of another's call waits for no more than a step of that one. */
#define MAX_UNDER_WAY_ALONE 32
#define MAX_UNDER_WAY_IN_COMPANY 1

/* Who waits for so long waits for a disk or a program that hangs, and costs nobody anything. */
#define MAX_TURN_US (G_USEC_PER_SEC / 2)

/* A user may be this much ahead of what is theirs: short calls, one after the other, never rest.
 * However much a call has cost, the next is served some time. */
#define REST_PER_WORK 2
#define MAX_AHEAD_US (20 * G_TIME_SPAN_MILLISECOND)
#define MAX_REST_US (250 * G_TIME_SPAN_MILLISECOND)

/* About what making, checking and sending a message, or a record, takes. */
#define MESSAGE_BYTES 512
#define BYTES_PER_US 20

/* Exists as long as there is something in it that counts. */
typedef struct
{
  BtsCallPace *pace; /* (unowned) */
  uid_t uid;
  GQueue under_way;  /* (element-type BtsCallTurn) (unowned): that count, the oldest first */
  gint64 paid_until; /* boot time */
  gboolean is_waiting;
  guint alarm_id;
  gint64 alarm_at; /* boot time */
} Account;

struct _BtsCallPace
{
  BtsClock *clock;        /* (owned) */
  BtsCallPaceReady ready; /* (nullable) */
  gpointer user_data;     /* (unowned) */
  GHashTable *accounts;   /* (owned) (element-type uid_t Account) */
  uid_t last_uid;
  gboolean has_last;
  gint64 company_until; /* boot time */
};

struct _BtsCallTurn
{
  BtsCallPace *pace; /* (owned) */
  uid_t uid;
  gint64 since; /* boot time */
};

static void
account_free (Account *account)
{
  if (account->alarm_id != 0)
    bts_clock_remove_alarm (account->pace->clock, account->alarm_id);
  g_queue_clear (&account->under_way);
  g_free (account);
}

BtsCallPace *
bts_call_pace_new (BtsClock *clock)
{
  BtsCallPace *self = g_rc_box_new0 (BtsCallPace);

  self->clock = g_object_ref (clock);
  self->accounts = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) account_free);

  return self;
}

BtsCallPace *
bts_call_pace_ref (BtsCallPace *self)
{
  return g_rc_box_acquire (self);
}

static void
pace_clear (BtsCallPace *self)
{
  g_hash_table_unref (self->accounts);
  g_object_unref (self->clock);
}

void
bts_call_pace_unref (BtsCallPace *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) pace_clear);
}

void
bts_call_pace_watch (BtsCallPace *self, BtsCallPaceReady ready, gpointer user_data)
{
  self->ready = ready;
  self->user_data = user_data;
}

static Account *
find (BtsCallPace *self, uid_t uid)
{
  return g_hash_table_lookup (self->accounts, GUINT_TO_POINTER (uid));
}

static Account *
get (BtsCallPace *self, uid_t uid)
{
  Account *account = find (self, uid);

  if (account == NULL)
    {
      account = g_new0 (Account, 1);
      account->pace = self;
      account->uid = uid;
      g_hash_table_insert (self->accounts, GUINT_TO_POINTER (uid), account);
    }

  return account;
}

static gboolean
has_company (BtsCallPace *self)
{
  return bts_clock_get_boot_time (self->clock) < self->company_until;
}

static void
note_caller (BtsCallPace *self, uid_t uid)
{
  if (self->has_last && self->last_uid != uid)
    self->company_until = bts_clock_get_boot_time (self->clock) + COMPANY_US;
  self->last_uid = uid;
  self->has_last = TRUE;
}

/* Boot time: 0 where @account may begin now, else when to look again at the latest. */
static gint64
get_next_look (Account *account, gint64 now)
{
  guint maximum = has_company (account->pace) ? MAX_UNDER_WAY_IN_COMPANY : MAX_UNDER_WAY_ALONE;
  const BtsCallTurn *oldest = g_queue_peek_head (&account->under_way);

  if (account->paid_until > now + MAX_AHEAD_US)
    return account->paid_until - MAX_AHEAD_US;
  if (account->under_way.length >= maximum)
    return oldest->since + MAX_TURN_US;

  return 0;
}

static void on_look (gpointer user_data);

/* Most often there is an alarm that is early enough. */
static void
look_again (Account *account, gint64 boot_time)
{
  BtsClock *clock = account->pace->clock;

  if (account->alarm_id != 0 && account->alarm_at <= boot_time)
    return;
  if (account->alarm_id != 0)
    bts_clock_remove_alarm (clock, account->alarm_id);
  account->alarm_id = bts_clock_add_alarm (clock, boot_time, on_look, account);
  account->alarm_at = boot_time;
}

/* Tells one who waits that there is room, and forgets what does not count any more. */
static void
review (Account *account)
{
  BtsCallPace *self = account->pace;
  gint64 now = bts_clock_get_boot_time (self->clock);
  gint64 next = account->is_waiting ? get_next_look (account, now) : account->paid_until;

  if (next > now)
    {
      look_again (account, next);
      return;
    }

  if (account->is_waiting)
    {
      account->is_waiting = FALSE;
      if (self->ready != NULL)
        self->ready (account->uid, self->user_data);
    }
  else if (account->under_way.length == 0)
    {
      g_hash_table_remove (self->accounts, GUINT_TO_POINTER (account->uid));
    }
}

static void
on_look (gpointer user_data)
{
  Account *account = user_data;
  gint64 end = bts_clock_get_boot_time (account->pace->clock) - MAX_TURN_US;
  const BtsCallTurn *oldest;

  account->alarm_id = 0;
  while ((oldest = g_queue_peek_head (&account->under_way)) != NULL && oldest->since <= end)
    g_queue_pop_head (&account->under_way);
  review (account);
}

gboolean
bts_call_pace_may_begin (BtsCallPace *self, uid_t uid)
{
  Account *account = find (self, uid);
  gint64 now = bts_clock_get_boot_time (self->clock);

  if (account == NULL || get_next_look (account, now) <= now)
    return TRUE;

  account->is_waiting = TRUE;
  review (account);
  return FALSE;
}

BtsCallTurn *
bts_call_pace_begin (BtsCallPace *self, uid_t uid)
{
  BtsCallTurn *turn = g_new0 (BtsCallTurn, 1);
  Account *account = get (self, uid);

  note_caller (self, uid);
  turn->pace = bts_call_pace_ref (self);
  turn->uid = uid;
  turn->since = bts_clock_get_boot_time (self->clock);
  g_queue_push_tail (&account->under_way, turn);

  return turn;
}

void
bts_call_turn_end (BtsCallTurn *self)
{
  g_autoptr (BtsCallPace) pace = self->pace;
  Account *account = find (pace, self->uid);

  if (account != NULL && g_queue_remove (&account->under_way, self))
    review (account);
  g_free (self);
}

void
bts_call_pace_charge (BtsCallPace *self, uid_t uid, gint64 duration_us)
{
  gint64 now = bts_clock_get_boot_time (self->clock);
  Account *account;

  if (duration_us <= 0 || !has_company (self))
    return;
  account = get (self, uid);
  account->paid_until = MAX (account->paid_until, now) + (1 + REST_PER_WORK) * duration_us;
  account->paid_until = MIN (account->paid_until, now + MAX_AHEAD_US + MAX_REST_US);
  review (account);
}

void
bts_call_pace_charge_bytes (BtsCallPace *self, uid_t uid, gsize n_bytes)
{
  bts_call_pace_charge (self, uid, (gint64) ((MESSAGE_BYTES + n_bytes) / BYTES_PER_US));
}
