/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/service.h"
#include "clock-fake.h"
#include "engine-fake.h"
#include "test-folder.h"

/* A service with a fake engine and clock on a private bus, and a client of it. */

typedef struct
{
  TestFolder *folder;          /* (owned) */
  GSubprocess *daemon;         /* (owned): the bus */
  GDBusConnection *connection; /* (owned): the service's */
  GDBusConnection *client;     /* (owned) */
  char *address;               /* (owned) */
  BtsRegistry *registry;       /* (owned) */
  BtsGroups *groups;           /* (owned) */
  BtsStore *store;             /* (owned) */
  BtsStateFiles *files;        /* (owned) */
  BtsDataPlans *plans;         /* (owned) */
  BtsClockFake *clock;         /* (owned) */
  BtsEngineFake *engine;       /* (owned) */
  BtsLimits limits;
  BtsConditions conditions;
  BtsService *service; /* (owned) */
  GPtrArray *signals; /* (owned) (element-type utf8): what the client got, as "Member parameters" */
} BusFixture;

/* NULL where there is no dbus-daemon. */
BusFixture *bus_fixture_new (gboolean is_session);
void bus_fixture_free (BusFixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusFixture, bus_fixture_free)

/* One more connection to the bus. */
GDBusConnection *bus_fixture_connect (BusFixture *self);

/* Calls and waits; NULL and @error as the service answers. @parameters may float. */
GVariant *bus_fixture_call_from (BusFixture *self,
                                 GDBusConnection *client,
                                 const char *path,
                                 const char *interface,
                                 const char *method,
                                 GVariant *parameters,
                                 GError **error);
GVariant *bus_fixture_call (BusFixture *self,
                            const char *path,
                            const char *interface,
                            const char *method,
                            GVariant *parameters,
                            GError **error);

/* Sends a call, whose @arguments (nullable) are a GVariant as text; *@answer is set when it is
 * answered: to what it returns, or a string with the error's name. */
void bus_fixture_send (BusFixture *self,
                       const char *path,
                       const char *interface,
                       const char *method,
                       const char *arguments,
                       GVariant **answer);
GVariant *bus_fixture_wait_for (GVariant **answer);

/* Until the service has got what has been sent, and @n_turns of the main loop more. */
void bus_fixture_turn (BusFixture *self, guint n_turns);

/* Creates a download into @destination and lends it; its path through @path (owned). */
BtsOperation *bus_fixture_create (BusFixture *self, const char *destination, char **path);

/* A property of …BackgroundTransfer.Operation, read over the bus. */
GVariant *bus_fixture_get (BusFixture *self, const char *path, const char *property);

/* Waits until everything sent so far has come to the client. */
void bus_fixture_sync (BusFixture *self);

/* Waits until the client has got a signal @text is part of. */
void bus_fixture_wait_for_signal (BusFixture *self, const char *text);
guint bus_fixture_count_signals (BusFixture *self, const char *text);
