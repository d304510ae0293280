/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-launcher.h"

/* Launches workers that live in the test itself: they talk over a real socket, transfer nothing,
 * and do what the test says. The newest one is meant wherever a worker is. */

#define BTS_TYPE_LAUNCHER_FAKE (bts_launcher_fake_get_type ())
G_DECLARE_FINAL_TYPE (BtsLauncherFake, bts_launcher_fake, BTS, LAUNCHER_FAKE, GObject)

BtsLauncherFake *bts_launcher_fake_new (void);

/* From now on no worker can be launched, or again. */
void bts_launcher_fake_set_refuses (BtsLauncherFake *self, gboolean refuses);

/* From now on no worker exits when it is stopped, or again. */
void bts_launcher_fake_set_undying (BtsLauncherFake *self, gboolean is_undying);

/* From now on calls of @method get no answer; NULL: all do. */
void bts_launcher_fake_set_mute (BtsLauncherFake *self, const char *method);

guint bts_launcher_fake_get_n_launches (BtsLauncherFake *self);
gboolean bts_launcher_fake_is_alive (BtsLauncherFake *self);

/* How often @method was called on any worker, and the arguments of the last time. */
guint bts_launcher_fake_get_n_calls (BtsLauncherFake *self, const char *method);
GVariant *bts_launcher_fake_get_last_call (BtsLauncherFake *self, const char *method);

/* Whether the job has been started and neither stopped nor ended. */
gboolean bts_launcher_fake_has_job (BtsLauncherFake *self, const char *guid);
guint bts_launcher_fake_get_n_jobs (BtsLauncherFake *self);

/* The worker dies. */
void bts_launcher_fake_crash (BtsLauncherFake *self);

/* Runs the loop until all that was under way between the daemon and the worker has arrived. FALSE:
 * nothing was. */
gboolean bts_launcher_fake_exchange (BtsLauncherFake *self);

/* The worker reports; @update's floating reference is taken. Returns once the daemon has
 * answered: TRUE where it took the report. */
gboolean bts_launcher_fake_report (BtsLauncherFake *self,
                                   const char *method, /* Checkpoint, Finished */
                                   const char *guid,
                                   GVariant *update);
void bts_launcher_fake_progress (BtsLauncherFake *self, const char *guid, guint64 bytes_received);

/* The worker sends ServerKnown with @parameters, whose floating reference is taken. */
void bts_launcher_fake_know_server (BtsLauncherFake *self, GVariant *parameters);

/* A Finished with nothing but this word in it; "" for success. */
gboolean bts_launcher_fake_end_job (BtsLauncherFake *self, const char *guid, const char *web_error);
