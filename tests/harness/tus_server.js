// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference implementation of tus, in the folder of the first argument; prints its port.
const { Server } = require("@tus/server");
const { FileStore } = require("@tus/file-store");

const server = new Server({ path: "/files", datastore: new FileStore({ directory: process.argv[2] }) });
const listener = server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(listener.address().port));
