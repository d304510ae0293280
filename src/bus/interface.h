/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "bus/audience.h"
#include "bus/call-pace.h"
#include "bus/caller-cache.h"
#include "bus/change-queue.h"
#include "bus/operation-view.h"
#include "bus/service.h"
#include "bus/unread.h"

typedef struct _BtsObjectTree BtsObjectTree;
typedef struct _BtsPropertyNotifier BtsPropertyNotifier;
typedef struct _BtsGroupNotifier BtsGroupNotifier;
typedef struct _BtsRootNotifier BtsRootNotifier;

/* What every handler works on; the service's. */
typedef struct
{
  BtsServiceContext service;
  BtsCallerCache *callers;          /* (owned) */
  BtsUnread *unread;                /* (owned) */
  BtsCallPace *pace;                /* (owned) */
  BtsAudience *audience;            /* (owned) */
  GHashTable *authority_checks;     /* (owned) (element-type uid_t int): under way, by user */
  BtsChangeQueue *changes;          /* (owned): of groups and of settings */
  BtsPropertyNotifier *notifier;    /* (owned) */
  BtsGroupNotifier *group_notifier; /* (owned) */
  BtsRootNotifier *root_notifier;   /* (owned) */
  BtsObjectTree *tree;              /* (owned) (nullable): NULL once the service has stopped */
} BtsBus;

/* One method call, from its arrival to its answer. A handler owns it and ends it with one of the
 * _return functions below, at once or later. */
typedef struct
{
  BtsBus *bus;                       /* (unowned): lives as long as @keeper */
  GObject *keeper;                   /* (owned) */
  BtsCaller *caller;                 /* (owned) */
  BtsOperation *operation;           /* (owned) (nullable): that it is called on */
  BtsGroup *group;                   /* (owned) (nullable): likewise; both NULL on the root */
  GDBusMethodInvocation *invocation; /* (owned) */
  guint n_descriptors;               /* that its handler has taken */
  BtsCallTurn *turn;                 /* (owned) (nullable): its user's, once it is served */
  GDestroyNotify ended;              /* called with @keeper at the end */
} BtsInvocation;

void bts_invocation_return (BtsInvocation *call, GVariant *value);
void bts_invocation_return_fd (BtsInvocation *call, int fd); /* takes @fd; the answer is (h) */
void bts_invocation_return_error (BtsInvocation *call, GError *error); /* takes @error */
void bts_invocation_return_new_error (
    BtsInvocation *call, GQuark domain, int code, const char *format, ...) G_GNUC_PRINTF (4, 5);
/* Ends the call without an answer: something else has sent it. */
void bts_invocation_free (BtsInvocation *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsInvocation, bts_invocation_free)

/* Whether its caller may have bytes moved there, or say which: not in a sandbox without network
 * permission, which may see what another instance of the application has created with it, and not
 * where the application has created it outside of the sandbox. ACCESS_DENIED. */
gboolean bts_invocation_check_change (BtsInvocation *call, GError **error);

/* The unique name of the connection that called. */
const char *bts_invocation_get_sender (BtsInvocation *call);

/* The descriptor number @handle of the call's message; the caller closes it. INVALID_ARGUMENT;
 * LIMIT_EXCEEDED, for the same number may stand in the call again and again. */
int bts_invocation_dup_fd (BtsInvocation *call, gint32 handle, GError **error);

typedef struct
{
  const char *name;
  void (*handle) (BtsInvocation *call, GVariant *parameters);
  gboolean is_change; /* bts_invocation_check_change() is asked first */
} BtsMethodRow;

/* Hands @call to its handler, or ends it where its caller may not call that. */
void bts_method_call (const BtsMethodRow *self, BtsInvocation *call, GVariant *parameters);

typedef struct
{
  const char *name;
  GVariant *(*read) (const BtsBus *bus, const BtsOperationView *view); /* g_variant_take_ref */
  const char *option; /* (nullable): writing the property sets this option */
  /* (nullable): instead of @read, of a group */
  GVariant *(*read_group) (const BtsBus *bus, BtsGroup *group);
  /* (nullable): writes it otherwise; @value has the property's type */
  void (*write) (BtsInvocation *call, GVariant *value);
} BtsPropertyRow;

/* One interface: its description, generated from the XML, and a row for each of its members, in
 * any order. */
typedef struct
{
  const GDBusInterfaceInfo *info;
  const BtsMethodRow *methods;
  gsize n_methods;
  const BtsPropertyRow *properties;
  gsize n_properties;
} BtsInterface;

/* Whether every member of the description has its row and every row its member; names the first
 * that has not. */
gboolean bts_interface_is_complete (const BtsInterface *self, const char **missing);

const BtsMethodRow *bts_interface_find_method (const BtsInterface *self, const char *name);
const BtsPropertyRow *bts_interface_find_property (const BtsInterface *self, const char *name);

/* All properties, a{sv}; floating. */
GVariant *
bts_interface_read_all (const BtsInterface *self, const BtsBus *bus, const BtsOperationView *view);

GVariant *
bts_interface_read_all_of_group (const BtsInterface *self, const BtsBus *bus, BtsGroup *group);

/* The properties in which @after differs from @before, a{sv}; NULL where there is none. */
GVariant *bts_interface_read_changes (const BtsInterface *self,
                                      const BtsBus *bus,
                                      const BtsOperationView *before,
                                      const BtsOperationView *after);
