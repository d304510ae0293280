/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

/* Every name that stands on the bus, once. */

#define BGT_BUS_NAME "org.example.BackgroundTransfer"

#define BGT_OBJECT_PATH "/org/example/BackgroundTransfer"
#define BGT_OPERATIONS_PATH BGT_OBJECT_PATH "/operations"
#define BGT_GROUPS_PATH BGT_OBJECT_PATH "/groups"

#define BGT_INTERFACE_MANAGER BGT_BUS_NAME ".Manager"
#define BGT_INTERFACE_OPERATION BGT_BUS_NAME ".Operation"
#define BGT_INTERFACE_DOWNLOAD BGT_BUS_NAME ".Download"
#define BGT_INTERFACE_UPLOAD BGT_BUS_NAME ".Upload"
#define BGT_INTERFACE_GROUP BGT_BUS_NAME ".Group"
#define BGT_INTERFACE_NETWORK BGT_BUS_NAME ".Network"
#define BGT_INTERFACE_POWER BGT_BUS_NAME ".Power"

#define BGT_ERROR_NAME_PREFIX BGT_BUS_NAME ".Error."

/* Between daemon and worker only, on their private socket. */
#define BTS_INTERFACE_WORKER BGT_BUS_NAME ".Worker"
#define BTS_INTERFACE_WORKER_HOST BGT_BUS_NAME ".WorkerHost"
#define BTS_WORKER_PATH BGT_OBJECT_PATH "/Worker"
#define BTS_WORKER_HOST_PATH BGT_OBJECT_PATH "/WorkerHost"

#define BGT_ACTION_MANAGE_ALL BGT_BUS_NAME ".manage-all"
#define BGT_ACTION_CONFIGURE BGT_BUS_NAME ".configure"
