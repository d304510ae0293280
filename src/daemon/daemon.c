/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/daemon.h"

#include <stdlib.h>

#include "bus/service.h"
#include "common/clock-system.h"
#include "common/names.h"
#include "daemon/jobs.h"
#include "daemon/launcher-child.h"
#include "daemon/launcher-systemd.h"
#include "daemon/retention.h"
#include "daemon/scheduler.h"
#include "daemon/state.h"
#include "daemon/surroundings.h"
#include "daemon/worker-engine.h"

/* Of the 5 s that a stop may take, what is left for the workers and for the store. */
#define STOP_WORKERS_MS 3500
#define FLUSH_STORE_MS 1000

struct _BtsDaemon
{
  GObject parent;

  BtsDaemonOptions options; /* its strings are the daemon's own */
  char *config_path;        /* (owned) */
  char *state_folder;       /* (owned) */

  BtsConfiguration *configuration; /* (owned) */
  BtsLimits limits;                /* the configuration's; all others point here */
  GDBusConnection *connection;     /* (owned) */
  BtsClock *clock;                 /* (owned) */
  BtsSurroundings *surroundings;   /* (owned) */
  BtsConditionsSource *conditions; /* (unowned): theirs */
  BtsState state;                  /* its members are (owned) */
  BtsWorkerPool *pool;             /* (owned) */
  BtsJobs *jobs;                   /* (owned) */
  BtsEngine *engine;               /* (owned) */
  BtsService *service;             /* (owned) */
  BtsScheduler *scheduler;         /* (owned) (nullable): once the name is ours */
  BtsRetention *retention;         /* (owned) (nullable): likewise */

  guint64 connection_serial; /* of the network that runs transfers */
  guint idle_alarm_id;
  guint lost_source_id;
  guint stop_source_id;
  gboolean is_stopping;
  int exit_status;
};

G_DEFINE_FINAL_TYPE (BtsDaemon, bts_daemon, G_TYPE_OBJECT)

static guint stopped_signal;

/* Configuration */

static BtsConfiguration *
load_configuration (BtsDaemon *self, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  BtsConfiguration *configuration =
      bts_configuration_load (self->config_path, self->options.config_must_exist, problems, error);

  for (guint i = 0; i < problems->len; i++)
    g_warning ("%s", (const char *) problems->pdata[i]);
  return configuration;
}

static void
take_configuration (BtsDaemon *self, BtsConfiguration *configuration)
{
  self->limits = configuration->limits;
  g_clear_pointer (&self->configuration, bts_configuration_free);
  self->configuration = configuration;
}

static int
get_idle_exit_seconds (BtsDaemon *self)
{
  return self->options.has_idle_exit ? self->options.idle_exit_seconds
                                     : self->configuration->idle_exit_seconds;
}

/* Nothing to do */

static gboolean
can_move (BtsOperation *operation)
{
  BtsIntent intent = bts_operation_get_intent (operation);

  return intent == BTS_INTENT_GO || intent == BTS_INTENT_CANCEL ||
         bts_operation_awaits_source (operation);
}

static gboolean
is_idle (BtsDaemon *self)
{
  GPtrArray *operations = bts_registry_get_operations (self->state.registry);

  if (self->scheduler == NULL || !bts_service_is_idle (self->service) ||
      !bts_worker_pool_is_idle (self->pool) || !bts_jobs_are_at_rest (self->jobs))
    return FALSE;
  for (guint i = 0; i < operations->len; i++)
    {
      if (can_move (operations->pdata[i]))
        return FALSE;
    }
  return TRUE;
}

static void
on_idle_for_long (gpointer user_data)
{
  BtsDaemon *self = BTS_DAEMON (user_data);

  self->idle_alarm_id = 0;
  if (!is_idle (self))
    return;
  g_message ("Nothing to do: exiting");
  bts_daemon_stop (self, EXIT_SUCCESS);
}

static void
restart_idle_alarm (BtsDaemon *self)
{
  int seconds = get_idle_exit_seconds (self);

  if (self->idle_alarm_id != 0)
    bts_clock_remove_alarm (self->clock, self->idle_alarm_id);
  self->idle_alarm_id = 0;
  if (seconds == BTS_IDLE_EXIT_NEVER || self->is_stopping || !is_idle (self))
    return;
  self->idle_alarm_id = bts_clock_add_alarm (
      self->clock, bts_clock_get_boot_time (self->clock) + seconds * G_TIME_SPAN_SECOND,
      on_idle_for_long, self);
}

static void
on_operation_changed (BtsDaemon *self, BtsOperation *operation, guint changes)
{
  if ((changes & BTS_CHANGE_STATUS) != 0)
    restart_idle_alarm (self);
}

/* The name on the bus */

/* What runs on a network that is not the primary one any more is to run on the new one. */
static void
reconnect_if_moved (BtsDaemon *self)
{
  guint64 serial = bts_conditions_source_get (self->conditions)->connection_serial;

  if (self->connection_serial != 0 && serial != self->connection_serial)
    {
      g_message ("The network is another one: making new connections");
      bts_worker_pool_reconnect (self->pool);
    }
  self->connection_serial = serial;
}

static void
on_conditions_changed (BtsDaemon *self)
{
  g_debug ("The network or the power supply has changed");
  reconnect_if_moved (self);
  bts_service_take_conditions (self->service);
  bts_surroundings_update (self->surroundings, self->jobs);
  if (self->scheduler != NULL)
    bts_scheduler_queue (self->scheduler);
}

static BtsJobContext
get_job_context (BtsDaemon *self)
{
  return (BtsJobContext){
    .pool = self->pool,
    .groups = self->state.groups,
    .store = self->state.store,
    .clock = self->clock,
    .limits = &self->limits,
    .conditions = bts_conditions_source_get (self->conditions),
  };
}

/* Only who has the name moves anything: before, another service may be at work. */
static void
on_name_acquired (BtsDaemon *self)
{
  BtsJobContext context = get_job_context (self);

  if (self->scheduler != NULL || self->is_stopping)
    return;
  g_message ("Serving %s with %u transfers", BGT_BUS_NAME,
             bts_registry_get_n_operations (self->state.registry));
  self->scheduler = bts_scheduler_new (self->state.registry, self->jobs, &context);
  self->retention = bts_retention_new (self->state.registry, self->state.store, self->engine,
                                       self->clock, &self->limits);
  bts_jobs_take_canceled (self->jobs);
  restart_idle_alarm (self);
}

static gboolean
on_stop_without_name (gpointer user_data)
{
  BtsDaemon *self = BTS_DAEMON (user_data);

  self->lost_source_id = 0;
  bts_daemon_stop (self, EXIT_FAILURE);
  return G_SOURCE_REMOVE;
}

static void
on_name_lost (BtsDaemon *self)
{
  if (self->is_stopping || self->lost_source_id != 0)
    return;
  if (g_dbus_connection_is_closed (self->connection))
    g_printerr ("background-transferd: the connection to the message bus is lost\n");
  else if (self->scheduler == NULL)
    g_printerr ("background-transferd: %s is owned by another process, or may not be owned by "
                "this user\n",
                BGT_BUS_NAME);
  else
    g_printerr ("background-transferd: %s has been taken over by another process\n", BGT_BUS_NAME);
  /* The name is given back as part of the stop, which GDBus does not expect from in here. */
  self->lost_source_id = g_idle_add (on_stop_without_name, self);
}

/* Stopping */

static void
end (BtsDaemon *self)
{
  g_clear_handle_id (&self->stop_source_id, g_source_remove);
  bts_worker_pool_close (self->pool);
  bts_store_flush (self->state.store, FLUSH_STORE_MS);
  bts_accounting_save (self->surroundings->accounting);
  bts_state_files_flush (self->state.files, FLUSH_STORE_MS);
  g_signal_emit (self, stopped_signal, 0, self->exit_status);
}

static void
on_jobs_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsDaemon) self = BTS_DAEMON (user_data);

  /* Cannot fail; late where the time-out was faster. */
  bts_jobs_stop_finish (BTS_JOBS (source), result, NULL);
  if (self->stop_source_id != 0)
    end (self);
}

static gboolean
on_stop_too_long (gpointer user_data)
{
  BtsDaemon *self = BTS_DAEMON (user_data);

  self->stop_source_id = 0;
  g_warning ("Not all transfers could be stopped in time; they go on from their last checkpoint");
  end (self);
  return G_SOURCE_REMOVE;
}

void
bts_daemon_stop (BtsDaemon *self, int exit_status)
{
  if (self->is_stopping)
    return;
  self->is_stopping = TRUE;
  self->exit_status = exit_status;
  if (self->idle_alarm_id != 0)
    bts_clock_remove_alarm (self->clock, self->idle_alarm_id);
  self->idle_alarm_id = 0;
  if (self->scheduler != NULL)
    bts_scheduler_stop (self->scheduler);
  bts_service_stop (self->service);
  self->stop_source_id = g_timeout_add (STOP_WORKERS_MS, on_stop_too_long, self);
  bts_jobs_stop_async (self->jobs, on_jobs_stopped, g_object_ref (self));
}

void
bts_daemon_reload (BtsDaemon *self)
{
  g_autoptr (GError) error = NULL;
  BtsConfiguration *configuration = load_configuration (self, &error);

  if (configuration == NULL)
    {
      g_warning ("%s; the present one stays", error->message);
      return;
    }
  g_message ("The configuration has been read again");
  take_configuration (self, configuration);
  bts_worker_pool_configure (self->pool);
  bts_conditions_source_queue (self->conditions);
  if (self->scheduler != NULL)
    bts_scheduler_queue (self->scheduler);
  restart_idle_alarm (self);
}

static void
on_job_changed (BtsDaemon *self)
{
  bts_surroundings_update (self->surroundings, self->jobs);
  restart_idle_alarm (self);
}

/* Building */

/* Whoever starts the service gets its answer when it knows what it decides by. */
static void
on_conditions_ready (BtsDaemon *self)
{
  self->connection_serial = bts_conditions_source_get (self->conditions)->connection_serial;
  bts_service_take_conditions (self->service);
  bts_surroundings_update (self->surroundings, self->jobs);
  if (!self->is_stopping)
    bts_service_own_name (self->service);
}

static void
build_monitors (BtsDaemon *self)
{
  self->surroundings =
      bts_surroundings_new (self->clock, &self->limits, self->state.plans, self->state.files);
  self->conditions = self->surroundings->source;
  g_signal_connect_object (self->conditions, "changed", G_CALLBACK (on_conditions_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->conditions, "ready", G_CALLBACK (on_conditions_ready), self,
                           G_CONNECT_SWAPPED);
}

/* A unit of systemd has a runtime folder; without one, workers are children. */
static BtsWorkerLauncher *
build_launcher (BtsDaemon *self)
{
  const char *runtime_folder = g_getenv ("RUNTIME_DIRECTORY");

  if (!self->options.is_session && runtime_folder != NULL && g_path_is_absolute (runtime_folder))
    return bts_launcher_systemd_new (self->connection, runtime_folder);
  return bts_launcher_child_new (NULL, self->options.is_session);
}

/* What a plan has counted shows in the properties. */
static void
on_plans_counted (BtsDaemon *self)
{
  bts_service_take_conditions (self->service);
}

static void
build_workers (BtsDaemon *self)
{
  g_autoptr (BtsWorkerLauncher) launcher = build_launcher (self);
  BtsJobContext context;

  self->pool = bts_worker_pool_new (launcher, self->clock, &self->limits);
  context = get_job_context (self);
  self->jobs = bts_jobs_new (self->state.registry, &context);
  self->engine = bts_worker_engine_new (self->pool, self->jobs, self->state.store);
}

static void
build_service (BtsDaemon *self)
{
  BtsServiceContext context = {
    .connection = self->connection,
    .is_session = self->options.is_session,
    .registry = self->state.registry,
    .groups = self->state.groups,
    .store = self->state.store,
    .files = self->state.files,
    .plans = self->state.plans,
    .engine = self->engine,
    .clock = self->clock,
    .limits = &self->limits,
    .conditions = bts_conditions_source_get (self->conditions),
  };
  struct
  {
    gpointer source;
    const char *signal;
    GCallback callback;
  } connections[] = {
    { self->state.plans, "counted", G_CALLBACK (on_plans_counted) },
    { self->state.registry, "operation-added", G_CALLBACK (restart_idle_alarm) },
    { self->state.registry, "operation-removed", G_CALLBACK (restart_idle_alarm) },
    { self->state.registry, "operation-changed", G_CALLBACK (on_operation_changed) },
    { self->jobs, "changed", G_CALLBACK (on_job_changed) },
    { self->pool, "became-idle", G_CALLBACK (restart_idle_alarm) },
    { NULL, "activity", G_CALLBACK (restart_idle_alarm) },
    { NULL, "name-acquired", G_CALLBACK (on_name_acquired) },
    { NULL, "name-lost", G_CALLBACK (on_name_lost) },
  };

  self->service = bts_service_new (&context);
  for (gsize i = 0; i < G_N_ELEMENTS (connections); i++)
    g_signal_connect_object (connections[i].source != NULL ? connections[i].source : self->service,
                             connections[i].signal, connections[i].callback, self,
                             G_CONNECT_SWAPPED);
}

static void
bts_daemon_dispose (GObject *object)
{
  BtsDaemon *self = BTS_DAEMON (object);

  if (self->idle_alarm_id != 0)
    bts_clock_remove_alarm (self->clock, self->idle_alarm_id);
  self->idle_alarm_id = 0;
  g_clear_handle_id (&self->lost_source_id, g_source_remove);
  g_clear_handle_id (&self->stop_source_id, g_source_remove);
  g_clear_object (&self->retention);
  g_clear_object (&self->scheduler);
  g_clear_object (&self->service);
  g_clear_object (&self->engine);
  g_clear_object (&self->jobs);
  g_clear_object (&self->pool);
  self->conditions = NULL;
  g_clear_pointer (&self->surroundings, bts_surroundings_free);
  g_clear_object (&self->clock);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (bts_daemon_parent_class)->dispose (object);
}

static void
bts_daemon_finalize (GObject *object)
{
  BtsDaemon *self = BTS_DAEMON (object);

  g_clear_pointer (&self->configuration, bts_configuration_free);
  g_clear_pointer (&self->config_path, g_free);
  g_clear_pointer (&self->state_folder, g_free);
  bts_state_clear (&self->state);
  G_OBJECT_CLASS (bts_daemon_parent_class)->finalize (object);
}

static void
bts_daemon_class_init (BtsDaemonClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_daemon_dispose;
  G_OBJECT_CLASS (klass)->finalize = bts_daemon_finalize;
  stopped_signal = g_signal_new ("stopped", BTS_TYPE_DAEMON, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
bts_daemon_init (BtsDaemon *self)
{
}

BtsDaemon *
bts_daemon_new (const BtsDaemonOptions *options, GDBusConnection *connection, GError **error)
{
  g_autoptr (BtsDaemon) self = g_object_new (BTS_TYPE_DAEMON, NULL);
  BtsConfiguration *configuration;

  self->options = *options;
  self->config_path = g_strdup (options->config_path);
  self->state_folder = g_strdup (options->state_folder);
  self->connection = g_object_ref (connection);
  self->clock = bts_clock_system_new ();

  configuration = load_configuration (self, error);
  if (configuration == NULL)
    return NULL;
  take_configuration (self, configuration);
  if (!bts_state_load (&self->state, self->state_folder, error))
    return NULL;
  build_monitors (self);
  build_workers (self);
  build_service (self);
  bts_conditions_source_start (self->conditions);
  return g_steal_pointer (&self);
}
