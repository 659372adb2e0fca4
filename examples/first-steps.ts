import { open } from "holdfast";

const db = await open("file:./data");

// A write is on disk before its promise resolves.
const { revision } = await db.put("/config/timeout", "30s");
console.log((await db.get("/config/timeout"))?.text()); // 30s

// Change it only if nobody was faster.
const { succeeded } = await db.update("/config/timeout", "45s", revision);
console.log(succeeded); // true

// Several keys under one condition, at one revision, all or nothing.
await db.txn({
  conditions: [{ key: "/jobs/42", target: "version", is: "=", to: 0 }], // not there yet
  success: [
    { type: "put", key: "/jobs/42", value: "running" },
    { type: "put", key: "/workers/7", value: "job 42" },
  ],
});

// Read what was; follow what happened since, and go on following.
console.log((await db.get("/config/timeout", { revision }))?.text()); // still 30s, at that revision
for await (const event of await db.watch({ prefix: "/config/", fromRevision: revision })) {
  console.log(event.type, event.kv.key, event.kv.text());
  if (event.kv.text() === "45s") break;
}

// A key that goes away with its owner, even if the owner is killed.
const lease = await db.lease({ ttlMs: 30_000 });
await db.put("/services/api/1", "10.0.0.7:8080", { leaseId: lease.id });

await lease.close();
await db.close();
